"""Where the base64 audio of a frame stands, and a frame without it. Pure; looks at shapes, decodes nothing.

Audio stands as the string `delta` of an event whose type ends in `audio.delta`, or as a string `audio` at any depth.
"""

from typing import Final

from pydantic_core import SchemaValidator, core_schema

from realtime_sdk.log.json_text import strings, unquote

__all__ = ["SMALLEST_PAYLOAD", "leave_out_audio", "payload_start"]

# The frames that make up almost all of the bytes of a session, as servers and clients write them.
_TYPES: Final = (
    b"input_audio_buffer.append",
    b"response.output_audio.delta",
    b"response.audio.delta",
    b"session.input_audio_buffer.append",
    b"session.output_audio.delta",
)
_HEADS: Final = tuple(head + kind + b'"' for kind in _TYPES for head in (b'{"type":"', b'{"type": "'))
_NAMES: Final = (b'"delta":', b'"audio":', b'"delta": ', b'"audio": ')
# One scan for what every other frame with audio must have in it.
_may_hold_audio = SchemaValidator(
    core_schema.str_schema(pattern=r'"audio"|audio\.delta"', regex_engine="rust-regex")
).isinstance_python
SMALLEST_PAYLOAD: Final = 512
"""Bytes of the smallest frame that is worth a look at its shape."""


def payload_start(frame: bytes) -> int:
    """Where the payload's opening quote stands, if this is an audio frame whose last member is the payload; else -1.

    The payload then ends two bytes before the frame does and has no quote in it. -1 means: look closer.
    """
    if len(frame) < SMALLEST_PAYLOAD or not frame.startswith(_HEADS) or not frame.endswith(b'"}'):
        return -1
    quote = frame.rfind(b'"', 0, -2)
    return quote if frame.endswith(_NAMES, 0, quote) else -1


def leave_out_audio(frame: bytes) -> tuple[bytes, int]:
    """The frame with every audio payload emptied, and how many base64 characters were left out (0: none)."""
    quote = payload_start(frame)
    if quote >= 0:
        return frame[: quote + 1] + frame[-2:], len(frame) - quote - 3
    if not _may_hold_audio(frame):
        return frame, 0
    return _leave_out_everywhere(frame)


def _leave_out_everywhere(frame: bytes) -> tuple[bytes, int]:
    values = [span for span in strings(frame) if not span.is_key]
    types = [unquote(frame[span.start : span.end]) for span in values if span.path == ("type",)]
    has_delta = bool(types) and types[-1].endswith("audio.delta")
    pieces: list[bytes] = []
    done = count = 0
    for span in values:
        if span.path[-1:] == ("audio",) or (has_delta and span.path == ("delta",)):
            pieces.append(frame[done : span.start + 1])
            done = span.end - 1
            count += done - span.start - 1
    return b"".join((*pieces, frame[done:])), count
