"""What GA events are made of, by name: items, parts, sessions, tools, and the Unknown… members of their unions."""

from realtime_sdk.protocol._generated.ga.types import *  # noqa: F403 - the generated list is the list
from realtime_sdk.protocol._generated.ga.types import __all__ as __all__
