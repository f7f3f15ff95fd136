"""The events that a GA server sends, by name: `server_events.ResponseDone`."""

from realtime_sdk.protocol._generated.ga.server_events import *  # noqa: F403 - the generated list is the list
from realtime_sdk.protocol._generated.ga.server_events import __all__ as __all__
