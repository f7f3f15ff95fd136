"""Between Kani and the 2024 models."""

from realtime_sdk.kani.interop import *  # noqa: F403
from realtime_sdk.kani.interop import __all__ as __all__
