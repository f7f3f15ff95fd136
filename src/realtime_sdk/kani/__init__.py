"""The adapter for Kani: a realtime model as a Kani engine, and a Kani that talks while it listens. Asyncio only.

Here things are translated and mirrored; routing, interruption and sound belong to session and audio. The names under
which Kani's users know this are `kani.ext.realtime`, one re-export each (folder `ext`, placed by the build).
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from realtime_sdk.kani.engine import RealtimeEngine
    from realtime_sdk.kani.realtime_kani import OpenAIRealtimeKani
    from realtime_sdk.kani.recording import Recording
    from realtime_sdk.kani.replying import reply_with

__all__ = ["OpenAIRealtimeKani", "RealtimeEngine", "Recording", "reply_with"]

if find_spec("kani") is None or find_spec("kani.kani") is None:  # our own kani/ext is a `kani` without Kani
    raise ModuleNotFoundError('Kani is not installed: pip install "realtime-sdk[kani]"', name="kani")

_HOMES: Final = {
    "OpenAIRealtimeKani": "realtime_kani",
    "RealtimeEngine": "engine",
    "Recording": "recording",
    "reply_with": "replying",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        return value
