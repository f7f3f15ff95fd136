"""The one event whose payload is sound: base64 on the wire, PCM bytes for whoever asks.

A delta that `sound_apart` read has its sound as PCM already, and holds its base64 as a place in the frame: `delta`
becomes a string when somebody asks for it. The rule: nobody can tell. Whatever looks at all fields at once (comparing,
hashing, copying, pickling, encoding, `repr`) looks at `__dict__`, and there the string is put first.
"""

from typing import TYPE_CHECKING, Any, Final

import pybase64
from pydantic import BaseModel

from realtime_sdk.errors import RemoteProtocolError
from realtime_sdk.protocol.wire import ServerEventBase

__all__ = ["AudioDelta", "with_sound"]

_FIELDS: Final[Any] = vars(BaseModel)["__dict__"]
"""The fields of an event as they are, `delta` not among them while it is still to be made."""


class AudioDelta(ServerEventBase):
    """A piece of audio in the session's output format, `delta` being its base64."""

    if TYPE_CHECKING:
        delta: str  # each event declares its own, so that its fields keep the order of the wire
        _sound: tuple[bytes, int, bytes] | None
    else:
        __slots__ = ("_sound",)
        __dict__ = property(lambda self: _whole(self), _FIELDS.__set__)

        def __getattr__(self, name: str) -> Any:
            if name == "_sound":
                return None
            fields = self.__dict__ if name == "delta" else {}
            return fields[name] if name in fields else super().__getattr__(name)

    @property
    def pcm(self) -> bytes:
        """The audio as bytes; `RemoteProtocolError` if the base64 is not valid."""
        if self._sound is not None:
            return self._sound[2]
        try:
            return pybase64.b64decode(self.delta, validate=True)
        except ValueError as broken:
            raise RemoteProtocolError(
                f"the audio of a delta is not base64: {broken}", frame=self.delta.encode()
            ) from None

    @property
    def pcm_size(self) -> int:
        """How many bytes `pcm` has, reckoned from the length of the base64 alone."""
        if self._sound is not None:
            return len(self._sound[2])
        return len(self.delta) * 3 // 4 - self.delta.count("=", -2)


_set_sound: Final[Any] = vars(AudioDelta)["_sound"].__set__


def with_sound(event: AudioDelta, frame: bytes, start: int, pcm: bytes) -> AudioDelta:
    """A new event that was read without its sound, now with it: `pcm`, whose base64 is `frame[start:-2]`."""
    del _FIELDS.__get__(event)["delta"]
    _set_sound(event, (frame, start, pcm))
    return event


def _whole(event: AudioDelta) -> dict[str, Any]:
    """The fields with `delta` among them, in its place."""
    fields: dict[str, Any] = _FIELDS.__get__(event)
    if "delta" in fields or event._sound is None:
        return fields
    frame, start, _ = event._sound
    said = {**fields, "delta": str(memoryview(frame)[start:-2], "ascii")}
    whole = {name: said[name] for name in type(event).model_fields if name in said}
    _FIELDS.__set__(event, whole)
    return whole
