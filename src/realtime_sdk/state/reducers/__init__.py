"""The reducers by subject, one module each; `realtime_sdk.state.reduce` joins their tables."""
