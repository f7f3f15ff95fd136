"""The way from a long frame to an event: sound is cut out before anything is parsed, and decoded by itself.

Most bytes of a session are base64 inside of a few hundred bytes of JSON. A parser goes through all of them and makes
a string that is decoded afterwards. Here the decoder goes first: what it takes is base64 from quote to quote, which
is a JSON string that needs no parser. Of what stands before it, only the event's id differs from delta to delta of
one part: so it is parsed once, and known again by its bytes.

The rule: the event is the one that the whole frame gives, because a frame with the same bytes was read whole that
differs in what stands in two strings alone. Where the shape is another, the whole frame is read.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from string import ascii_letters, digits
from typing import Any, Final, TypeAlias

import pybase64

from realtime_sdk.protocol.audio_delta import AudioDelta, sounding
from realtime_sdk.protocol.one_pass import Pass
from realtime_sdk.protocol.wire import WireModel

__all__ = ["LONG_BYTES", "sound_apart"]

LONG_BYTES: Final = 512
"""Bytes of the shortest frame for which a look at its shape pays."""
_NAME: Final = b'"delta":"'
_CLOSING: Final = b'"}'
_HEAD_BYTES: Final = 1_024
"""Where the sound must have begun; real heads have 150 to 250 bytes."""
_PLAIN: Final = f"{ascii_letters}{digits}_-".encode()
_KNOWN_PARTS: Final = 512
"""How many parts are known at once: those that are being spoken in all sessions of a program."""

_Part: TypeAlias = tuple[int, int, bytes, dict[str, Any]]
"""(end, start, rest, fields): where the id ends and the sound begins, what stands between, and what it says."""


def sound_apart(read: Pass, classes: Mapping[str, type[WireModel]]) -> Pass:
    """The same way from a frame to one of `classes`, and short for their audio delta. It raises where `read` does.

    For frames that are bytes; text goes the whole way.
    """
    deltas = [(wire_type, cls) for wire_type, cls in classes.items() if issubclass(cls, AudioDelta)]
    if len(deltas) != 1:
        return read
    ((wire_type, cls),) = deltas
    read_delta: Any = cls.__pydantic_validator__.validate_json
    opening = b'{"type":"%b","event_id":"' % wire_type.encode()
    at = len(opening)
    part_of = _parts(read_delta, opening)
    last: _Part = (0, 0, b"?", {})  # whoever speaks goes on to speak, mostly; one value, for threads

    def read_apart(frame: Any) -> WireModel:
        nonlocal last
        if frame[:at] != opening or frame[-2:] != _CLOSING:
            return read(frame)
        end, start, rest, fields = last
        if frame[end:start] != rest:
            part = part_of(frame)
            if part is None:
                return read(frame)
            end, start, rest, fields = last = part
        if frame[at:end].translate(None, _PLAIN):
            return read(frame)
        try:
            pcm = pybase64.b64decode(memoryview(frame)[start:-2], None, True)
        except ValueError:
            return read(frame)
        if not pcm:  # there may be one quote where there should be two
            return read(frame)
        return sounding(cls, fields, pcm, (read_delta, frame, start))

    return read_apart


def _parts(read_delta: Callable[[bytes], AudioDelta], opening: bytes) -> Callable[[bytes], _Part | None]:
    """A function from a delta to its part; None where the frame is unusual."""

    @lru_cache(_KNOWN_PARTS)
    def fields_of(rest: bytes) -> dict[str, Any] | None:
        """The fields of deltas with `rest` between id and sound, but for these two; None if it is unusual."""
        try:
            event = read_delta(opening + b"id" + rest + _CLOSING)
        except ValueError:
            return None
        fields = {**vars(event)}
        return fields if (fields.pop("event_id"), fields.pop("delta")) == ("id", "") else None

    def part_of(frame: bytes) -> _Part | None:
        end = frame.find(b'"', len(opening), _HEAD_BYTES)
        start = frame.find(_NAME, end, _HEAD_BYTES) + len(_NAME)
        if start < len(opening) or (fields := fields_of(rest := frame[end:start])) is None:
            return None
        return end, start, rest, fields

    return part_of
