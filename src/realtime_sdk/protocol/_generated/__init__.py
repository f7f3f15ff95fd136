"""Generated from spec/: read, never edited, and opened by `realtime_sdk.protocol` alone."""
