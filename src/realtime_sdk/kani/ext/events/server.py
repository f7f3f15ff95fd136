"""The events of the 2024 reference that a server sends."""

from realtime_sdk.protocol.seed.server_events import *  # noqa: F403
from realtime_sdk.protocol.seed.server_events import __all__ as __all__
