"""The session."""

from realtime_sdk.kani.session import *  # noqa: F403
from realtime_sdk.kani.session import __all__ as __all__
