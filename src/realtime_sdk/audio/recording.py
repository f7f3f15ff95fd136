"""How events become sound on two lanes: the table of what is heard where. Pure but for the tapes.

The user's sound lies where it was sent, the assistant's where it came, as if it was played at once.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import pybase64

from realtime_sdk.audio.formats import PCM, WireFormat
from realtime_sdk.audio.lanes import Lane, PartKey
from realtime_sdk.audio.wires import Wires
from realtime_sdk.fold import Update
from realtime_sdk.protocol.wire import WireModel

__all__ = ["Recording", "record", "stop"]

_JITTER_MS = 200


class Recording:
    """Two lanes, and what must be known to lay sound on them. With `as_heard` the assistant is cut where it was."""

    def __init__(self, *, as_heard: bool) -> None:
        self.user = Lane(slack_ms=_JITTER_MS)
        self.assistant = Lane()
        self.as_heard = as_heard
        self.wires = Wires()
        self.left_out = 0
        """Records whose sound the log does not have."""

    def at(self, update: Update) -> int:
        """The sample at which the record was made; behind all sound where that is not known."""
        at_ns = update.record.at_ns
        if at_ns is None:
            return max(self.user.end, self.assistant.end)
        return at_ns * PCM.rate_hz // 1_000_000_000


def record(recording: Recording, update: Update) -> Recording:
    """The recording with what this update sounds like."""
    recording.wires.follow(update)
    recording.left_out += update.record.audio_left_out > 0
    for event in update.events:
        note = _NOTES.get(getattr(event, "type", None) or "")
        if note is not None and isinstance(event, WireModel):
            note(recording, update, event)
    return recording


def stop(recording: Recording) -> Recording:
    """The recording with all that was still on its way."""
    recording.user.finish()
    recording.assistant.finish()
    return recording


# Any: an event of the class that stands for its wire type; the table below is where the two meet.
Note = Callable[[Recording, Update, Any], None]


def _user_spoke(recording: Recording, update: Update, event: Any) -> None:
    _lay_user(recording, update, ("", 0), event.audio)


def _user_item(recording: Recording, update: Update, event: Any) -> None:
    for index, part in enumerate(_parts(event.item)):
        if getattr(part, "type", None) == "input_audio" and isinstance(part.audio, str):
            _lay_user(recording, update, (f"record {update.record.seq}", index), part.audio)


def _parts(item: Any) -> Iterable[Any]:
    content: Iterable[Any] | None = getattr(item, "content", None)
    return content or ()


def _lay_user(recording: Recording, update: Update, key: PartKey, base64: str) -> None:
    wire = recording.wires.user(update)
    sound = _sound(update, base64, wire)
    length = wire.layout.samples_in_bytes(len(sound)) * PCM.rate_hz // wire.rate_hz
    at = recording.at(update)
    # A microphone's piece is sent when it ends.
    recording.user.place(key, sound, wire, at if update.record.at_ns is None else max(at - length, 0))


def _assistant_spoke(recording: Recording, update: Update, event: Any) -> None:
    wire = recording.wires.assistant(update, event)
    recording.assistant.place(_key(event), _sound(update, event.delta, wire), wire, recording.at(update))


def _truncated(recording: Recording, update: Update, event: Any) -> None:
    if recording.as_heard:
        recording.assistant.cut(_key(event), event.audio_end_ms)


def _deleted(recording: Recording, update: Update, event: Any) -> None:
    """What was still sounding of a deleted item stops now; one that was heard long before stays."""
    lane = recording.assistant
    if not recording.as_heard or update.record.at_ns is None:
        return
    for key in lane.keys_of(event.item_id):
        if not lane.is_reported(key):
            lane.heard(key, lane.elapsed_ms(key, recording.at(update)))
        lane.settle(key)


def _heard(recording: Recording, update: Update, event: Any) -> None:
    if recording.as_heard:
        recording.assistant.heard(_key(event), event.heard_ms)


_NOTES: Final[Mapping[str, Note]] = {
    "input_audio_buffer.append": _user_spoke,
    "session.input_audio_buffer.append": _user_spoke,
    "conversation.item.create": _user_item,
    "response.output_audio.delta": _assistant_spoke,
    "session.output_audio.delta": _assistant_spoke,
    "conversation.item.truncate": _truncated,
    "conversation.item.truncated": _truncated,
    "conversation.item.deleted": _deleted,
    "local.playback_heard": _heard,
}


def _key(event: Any) -> PartKey:
    return getattr(event, "item_id", None) or "", getattr(event, "content_index", None) or 0


def _sound(update: Update, base64: str, wire: WireFormat) -> bytes:
    """The bytes of a payload; as much silence where the log left it out; nothing where it is no base64."""
    try:
        sound = pybase64.b64decode(base64, validate=True)
    except ValueError:
        return b""
    return bytes([wire.silent_byte]) * len(sound) if update.record.audio_left_out else sound
