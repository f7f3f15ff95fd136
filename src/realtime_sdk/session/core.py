"""The session as a mind without a body: frames in, frames out, one state. No loop, no clock, no chance, no socket.

Whatever happens is recorded before anything comes of it, and understood by the same `Reader` that a replay uses. So a
replay of the log gives the state of the session at any moment.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import pybase64

from realtime_sdk.dialects import Dialect
from realtime_sdk.errors import LocalProtocolError
from realtime_sdk.fold import Reader, Update
from realtime_sdk.log import EventLog
from realtime_sdk.protocol.audio_delta import AudioDelta
from realtime_sdk.protocol.codec import Event, encode
from realtime_sdk.protocol.sound_apart import LONG_BYTES
from realtime_sdk.protocol.unknown import UnknownEvent
from realtime_sdk.protocol.wire import LocalEventBase
from realtime_sdk.state import RealtimeState

__all__ = ["APPENDS", "SessionCore", "Tell", "sound_of"]

Tell = Callable[[Update], object]

_SOUND: Final = "here+stands+the+sound=="
APPENDS: Final = ("input_audio_buffer.append", "session.input_audio_buffer.append")
"""The types of the events that append the user's audio."""


def _nobody(_: Update) -> None:
    pass


class SessionCore:
    """What a session knows. Whoever moves the frames calls it, in wire order, with the time in ns since the start.

    `tell` is called with each update, after the state has changed and before the call returns; it must not raise.
    """

    def __init__(
        self, dialect: Dialect, log: EventLog, *, state: RealtimeState | None = None, tell: Tell = _nobody
    ) -> None:
        self.log: Final = log
        self._reader = Reader(dialect, state=state)
        self._tell = tell
        self._words: Final = dialect.understood().client
        self._before_sound, self._behind_sound = _around_sound(dialect)

    @property
    def state(self) -> RealtimeState:
        """What is true now: equal to a replay of the log."""
        return self._reader.state

    @property
    def dialect(self) -> Dialect:
        """What is spoken on the wire."""
        return self._reader.dialect

    def receive(self, frame: bytes, *, at_ns: int) -> Update:
        """Take in a frame of the server. Never raises for what the server sent.

        It is read first, since then it is known where its sound is; it is recorded before anything comes of it.
        """
        reader, log = self._reader, self.log
        try:
            events = reader.read(frame, "server")
        except Exception:
            log.append("server", frame, at_ns=at_ns)
            raise
        sound_at = None
        if len(frame) >= LONG_BYTES and events:
            first: Any = events[0]  # others are not asked: a frame may hold a field of any name
            sound_at = first.sound_at if _is_sound(first.__class__) else None
        record = log.append("server", frame, at_ns=at_ns, plain_from=sound_at)
        update = reader.take(record, events) if record.frame is frame else reader.step(record)
        self._tell(update)
        return update

    def write(self, event: Event) -> tuple[bytes, ...]:
        """The frames that say a GA event; nothing is recorded yet.

        Raises LocalProtocolError, with the reason, for an event that the dialect cannot say. One that is unknown on
        purpose (`UnknownEvent`) is said as it is.
        """
        kind = getattr(event, "type", None)
        if kind not in self._words and not isinstance(event, UnknownEvent):
            there_is = ", ".join(self._words)
            raise LocalProtocolError(f"{self.dialect.name} has no words for {kind}; there are: {there_is}")
        frames = self.dialect.write(event)
        if not frames:
            reason = self.dialect.cannot_say(event) or "it has no words for this event"
            raise LocalProtocolError(f"{self.dialect.name} cannot say this: {reason}")
        return frames

    def say(self, frames: tuple[bytes, ...], *, at_ns: int) -> None:
        """Take note that these frames go out now."""
        for frame in frames:
            self._tell(self._reader.step(self.log.append("client", frame, at_ns=at_ns)))

    def send(self, event: Event, *, at_ns: int) -> tuple[bytes, ...]:
        """The frames that say a GA event, recorded as sent. Raises LocalProtocolError as `write` does."""
        frames = self.write(event)
        self.say(frames, at_ns=at_ns)
        return frames

    def append(self, sound: bytes, frame: bytes | None = None, *, at_ns: int) -> bytes:
        """The frame that appends audio to the server's input buffer, recorded as sent; `sound` in the input format.

        `frame` is one that was made for it already.
        """
        plain_from = None
        if frame is None:
            frame, plain_from = b"".join((self._before_sound, pybase64.b64encode(sound), self._behind_sound)), 0
        record = self.log.append("client", frame, at_ns=at_ns, plain_from=plain_from)
        is_whole = record.frame is frame  # else a secret was found in it, and state is what the log says
        self._tell(self._reader.step_append(record, len(sound)) if is_whole else self._reader.step(record))
        return frame

    def note(self, event: LocalEventBase, *, at_ns: int) -> Update:
        """Record what the wire does not say: a connection opened or closed, playback heard, an epoch."""
        update = self._reader.step(self.log.append("local", encode(event), at_ns=at_ns))
        self._tell(update)
        return update


@cache
def _is_sound(kind: type[Any]) -> bool:
    return issubclass(kind, AudioDelta)


def sound_of(event: Any) -> bytes | None:
    """The audio that an event appends; None of any other event, and of what is no base64."""
    if getattr(event, "type", None) not in APPENDS:
        return None
    try:
        return pybase64.b64decode(event.audio, validate=True)
    except (AttributeError, TypeError, ValueError):
        return None


def _around_sound(dialect: Dialect) -> tuple[bytes, bytes]:
    """What stands before and behind the base64 in the frame of an append."""
    appends: list[Any] = [cls for name, cls in dialect.understood().client.items() if name in APPENDS]
    if not appends:
        raise LocalProtocolError(f"{dialect.name} has no event that appends audio")
    (frame,) = dialect.write(appends[0](audio=_SOUND))
    before, _, behind = frame.partition(_SOUND.encode())
    return before, behind
