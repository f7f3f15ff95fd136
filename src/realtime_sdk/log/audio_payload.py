"""Where the base64 audio of a frame stands, and a frame without it. Pure; looks at shapes, decodes nothing.

Audio stands as the string `delta` of an event whose type ends in `audio.delta`, or as a string `audio` at any depth
but that of metadata and tools. Its padding (`=`, `==`) is never left out, so that its bytes can still be counted.
"""

from collections.abc import Iterator
from typing import Final

from pydantic_core import SchemaValidator, core_schema

from realtime_sdk.log.json_text import StringSpan, strings, unquote

__all__ = ["SMALLEST_PAYLOAD", "leave_out_audio", "payload_start", "payloads", "with_silence"]

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
_NO_AUDIO: Final = frozenset({"metadata", "parameters"})
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


def payloads(frame: bytes) -> Iterator[StringSpan]:
    """The strings of a frame that hold audio, in order; those that stand empty too."""
    quote = payload_start(frame)
    if quote >= 0:
        yield StringSpan((), quote, len(frame) - 1, is_key=False)
        return
    if not _may_hold_audio(frame):
        return
    values = [span for span in strings(frame) if not span.is_key]
    types = [unquote(frame[span.start : span.end]) for span in values if span.path == ("type",)]
    has_delta = bool(types) and types[-1].endswith("audio.delta")
    for span in values:
        names_audio = span.path[-1:] == ("audio",) and _NO_AUDIO.isdisjoint(span.path)
        if names_audio or (has_delta and span.path == ("delta",)):
            yield span


def leave_out_audio(frame: bytes) -> tuple[bytes, int]:
    """The frame with nothing but the padding of its audio, and how many base64 characters were left out (0: none)."""
    pieces: list[bytes] = []
    done = count = 0
    for span in payloads(frame):
        left_out, padding = _without_padding(frame[span.start : span.end])
        pieces += (frame[done : span.start + 1], padding)
        done = span.end - 1
        count += left_out
    return (b"".join((*pieces, frame[done:])), count) if count else (frame, 0)


def with_silence(frame: bytes, left_out: int) -> bytes:
    """The frame with so many base64 characters of zero bytes where its audio was left out (its first, of several)."""
    for span in payloads(frame):
        if not frame[span.start + 1 : span.end - 1].strip(b"="):
            return b"".join((frame[: span.start + 1], b"A" * left_out, frame[span.start + 1 :]))
    return frame


def _without_padding(token: bytes) -> tuple[int, bytes]:
    """How many characters a JSON string of base64 has but for its padding, and the padding."""
    text = unquote(token)
    padding = text[-2:].count("=")
    return len(text) - padding, b"=" * padding
