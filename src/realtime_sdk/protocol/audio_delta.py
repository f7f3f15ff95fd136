"""The one event whose payload is sound: base64 on the wire, PCM bytes for whoever asks.

A delta that `sound_apart` read has its sound as PCM, and those fields that every delta of its part has; the others,
the base64 among them, are read from the frame when somebody asks for one. The rule: nobody can tell. What looks at
all fields at once (comparing, hashing, copying, pickling, encoding, `repr`) looks at `__dict__` or at pydantic's own
attributes, and whatever is looked for and missing makes the event whole first.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pybase64
from pydantic import BaseModel

from realtime_sdk.errors import RemoteProtocolError
from realtime_sdk.protocol.wire import ServerEventBase

__all__ = ["AudioDelta", "sounding"]

_Late: TypeAlias = tuple[Callable[[bytes], Any], bytes, int]
"""(read, frame, start): how the fields are read that are not there yet, and where the base64 begins."""
_FIELDS: Final[Any] = vars(BaseModel)["__dict__"]
_SLOTS: Final = ("__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")


class AudioDelta(ServerEventBase):
    """A piece of audio in the session's output format, `delta` being its base64."""

    if TYPE_CHECKING:
        delta: str  # each event declares its own, so that its fields keep the order of the wire
        _late: Final[_Late | None] = None

        @property
        def pcm(self) -> bytes:
            """The audio as bytes; `RemoteProtocolError` if the base64 is not valid."""
            ...

        @property
        def pcm_size(self) -> int:
            """How many bytes `pcm` has, reckoned from the length of the base64 alone."""
            ...

        @property
        def sound_at(self) -> int | None:
            """Where in the frame the base64 begins: all from there but two bytes; None if read whole."""
            ...
    else:
        __slots__ = {
            "_late": "",
            "pcm": "The audio as bytes; `RemoteProtocolError` if the base64 is not valid.",
            "pcm_size": "How many bytes `pcm` has, reckoned from the length of the base64 alone.",
            "sound_at": "Where in the frame the base64 begins: all from there but two bytes; None if read whole.",
        }
        __dict__ = property(lambda self: _whole(self), _FIELDS.__set__)

        def __getattr__(self, name: str) -> Any:
            if name == "pcm":
                return _decoded(self.delta)
            if name == "pcm_size":
                return len(self.delta) * 3 // 4 - self.delta.count("=", -2)
            if name in ("_late", "sound_at"):
                return None
            if self._late is None:
                return super().__getattr__(name)
            _whole(self)
            return getattr(self, name)


_new: Final = object.__new__
_set_fields: Final[Any] = _FIELDS.__set__
_set_pcm: Final[Any] = vars(AudioDelta)["pcm"].__set__
_set_size: Final[Any] = vars(AudioDelta)["pcm_size"].__set__
_set_place: Final[Any] = vars(AudioDelta)["sound_at"].__set__
_set_late: Final[Any] = vars(AudioDelta)["_late"].__set__


def sounding(cls: type[AudioDelta], fields: dict[str, Any], pcm: bytes, late: _Late) -> AudioDelta:
    """An event of `cls` with these fields and this sound; what else it has is read when it is asked for.

    The fields are those of all deltas of a part, and not copied: nobody can write them, and who looks gets a copy.
    """
    event = _new(cls)
    _set_fields(event, fields)
    _set_pcm(event, pcm)
    _set_size(event, len(pcm))
    _set_place(event, late[2])
    _set_late(event, late)
    return event


def _decoded(delta: str) -> bytes:
    try:
        return pybase64.b64decode(delta, validate=True)
    except ValueError as broken:
        raise RemoteProtocolError(f"the audio of a delta is not base64: {broken}", frame=delta.encode()) from None


def _whole(event: AudioDelta) -> dict[str, Any]:
    """All fields of the event, which has them and what pydantic keeps beside them from now on."""
    late = event._late
    if late is not None:
        read, frame, start = late
        bare = read(frame[:start] + b'"}')
        _set_fields(event, {**_FIELDS.__get__(bare), "delta": str(memoryview(frame)[start:-2], "ascii")})
        for slot in _SLOTS:
            object.__setattr__(event, slot, getattr(bare, slot))
        _set_late(event, None)
    fields: dict[str, Any] = _FIELDS.__get__(event)
    return fields
