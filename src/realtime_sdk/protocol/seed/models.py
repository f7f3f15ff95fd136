"""The 2024 models, by name: `models.SessionConfig`."""

from realtime_sdk.protocol._generated.seed.types import *  # noqa: F403 - the generated list is the list
from realtime_sdk.protocol._generated.seed.types import __all__ as __all__
