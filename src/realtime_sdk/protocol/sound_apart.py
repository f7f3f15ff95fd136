"""The way from a long frame to an event: sound is cut out before anything is parsed, and decoded by itself.

Most bytes of a session are base64 inside of a few hundred bytes of JSON. A parser goes through all of them and makes
a string that is decoded afterwards. Here the decoder goes first: what it takes is base64 from quote to quote, which
is a JSON string that needs no parser. The frame without it is a short one, and is read as every other.

The rule: the event is the one that the whole frame gives, because the two differ in what stands in one string alone,
the last member of the frame. Where the shape is another, or that is not valid base64, the whole frame is read.
"""

from collections.abc import Mapping
from typing import Any, Final

import pybase64

from realtime_sdk.protocol.audio_delta import AudioDelta, with_sound
from realtime_sdk.protocol.one_pass import Pass
from realtime_sdk.protocol.wire import WireModel

__all__ = ["LONG_BYTES", "sound_apart"]

LONG_BYTES: Final = 512
"""Bytes of the shortest frame for which a look at its shape pays."""
_NAME: Final = b'"delta":"'
_HEAD_BYTES: Final = 1_024
"""Where the sound must have begun; real heads have 150 to 250 bytes."""


def sound_apart(read: Pass, classes: Mapping[str, type[WireModel]]) -> Pass:
    """The same way from a frame to one of `classes`, and short for their audio delta. It raises where `read` does."""
    deltas = [(wire_type, cls) for wire_type, cls in classes.items() if issubclass(cls, AudioDelta)]
    if len(deltas) != 1:
        return read
    head = b'{"type":"%b"' % deltas[0][0].encode()
    read_delta: Any = deltas[0][1].__pydantic_validator__.validate_json

    def read_apart(frame: bytes | str) -> WireModel:
        if isinstance(frame, str) or not frame.startswith(head):
            return read(frame)
        start = frame.find(_NAME, len(head), _HEAD_BYTES) + len(_NAME)
        if start < len(head) or not frame.endswith(b'"}'):
            return read(frame)
        try:
            pcm = pybase64.b64decode(memoryview(frame)[start:-2], validate=True)
        except ValueError:
            return read(frame)
        return with_sound(read_delta(frame[:start] + b'"}'), frame, start, pcm)

    return read_apart
