"""The 2024 events that a server sends, by name: `server_events.ResponseDone`."""

from realtime_sdk.protocol._generated.seed.server_events import *  # noqa: F403 - the generated list is the list
from realtime_sdk.protocol._generated.seed.server_events import __all__ as __all__
