"""Every error that can be raised."""

from realtime_sdk.errors import *  # noqa: F403
from realtime_sdk.errors import __all__ as __all__
