"""What whoever opens a session chooses beside its settings, as one value. No behaviour."""

from dataclasses import dataclass

from realtime_sdk.session.interrupting import Playing, StopPlayback
from realtime_sdk.session.tools import Approve

__all__ = ["Choices"]


@dataclass(frozen=True)
class Choices:
    """How a session behaves; see `connect` for each."""

    tool_context: object = None
    approve: Approve | None = None
    player: Playing | None = None
    stop_playback: StopPlayback | None = None
    interrupt_on_speech: bool = True
    outbound_limit: int | None = None
