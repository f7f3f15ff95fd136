"""The events of the 2024 reference: those of the client by name, and both sides as modules."""

from realtime_sdk.kani.events import *  # noqa: F403
from realtime_sdk.kani.events import __all__ as __all__
