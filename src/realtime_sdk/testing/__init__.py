"""For the tests of people who build with this SDK: assertions on what became true, virtual time, and a pytest plugin.

The plugin comes by itself where pytest runs (entry point `pytest11`); it alone imports pytest. Loading this loads
nothing else before it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from realtime_sdk.testing.assertions import called, interrupted_at, said
    from realtime_sdk.testing.clock import SteppedClock
    from realtime_sdk.testing.recordings import Recording, RecordMode

__all__ = ["RecordMode", "Recording", "SteppedClock", "called", "interrupted_at", "said"]

_LATER: Final = {
    "RecordMode": "realtime_sdk.testing.recordings",
    "Recording": "realtime_sdk.testing.recordings",
    "SteppedClock": "realtime_sdk.testing.clock",
    "called": "realtime_sdk.testing.assertions",
    "interrupted_at": "realtime_sdk.testing.assertions",
    "said": "realtime_sdk.testing.assertions",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_LATER[name]), name)
        return value
