"""The events of the 2024 reference that a client sends."""

from realtime_sdk.protocol.seed.client_events import *  # noqa: F403
from realtime_sdk.protocol.seed.client_events import __all__ as __all__
