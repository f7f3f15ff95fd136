"""The models and events of the reference of October 2024, as people wrote against it. Generated from its facts."""

from realtime_sdk.protocol._generated.seed import CLIENT_EVENTS, SERVER_EVENTS

__all__ = ["CLIENT_EVENTS", "SERVER_EVENTS"]
