"""The models of the 2024 reference."""

from realtime_sdk.protocol.seed.models import *  # noqa: F403
from realtime_sdk.protocol.seed.models import __all__ as __all__
