"""The events that a client sends to a GA server, by name: `client_events.ResponseCreate`."""

from realtime_sdk.protocol._generated.ga.client_events import *  # noqa: F403 - the generated list is the list
from realtime_sdk.protocol._generated.ga.client_events import __all__ as __all__
