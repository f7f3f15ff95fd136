"""The 2024 events that a client sends, by name: `client_events.ResponseCreate`."""

from realtime_sdk.protocol._generated.seed.client_events import *  # noqa: F403 - the generated list is the list
from realtime_sdk.protocol._generated.seed.client_events import __all__ as __all__
