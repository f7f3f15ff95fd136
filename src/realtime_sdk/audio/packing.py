"""The sound of a frame taken out of it and put back, byte for byte. Pure.

A payload is taken out only if it is base64 as everyone writes it, so that its bytes give back its characters. G.711 is
spread over PCM16 one to one, so that FLAC can be told that it is sound.
"""

from dataclasses import dataclass
from functools import cache

import pybase64

from realtime_sdk.audio.formats import PCMU, WireFormat
from realtime_sdk.audio.g711 import low_and_high, widened
from realtime_sdk.audio.pcm import pcm16
from realtime_sdk.log.audio_payload import payloads as payloads_of

__all__ = ["Payload", "Placed", "put_back", "samples_of", "take_out", "wire_bytes"]

_SMALLEST = 64
_MINUS_ZERO = 0x7F


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a payload belongs in the frame without its sound, and how long it is: whole samples, and a torn byte."""

    offset: int
    samples: int
    torn: bytes = b""


@dataclass(frozen=True, slots=True)
class Payload:
    """A payload that was taken out: its place, and its bytes without the torn one."""

    placed: Placed
    sound: bytes


def take_out(frame: bytes, wire: WireFormat) -> tuple[bytes, list[Payload]]:
    """The frame with nothing but the padding of its payloads, and the payloads in order.

    What cannot be put back exactly stays in.
    """
    payloads: list[Payload] = []
    pieces: list[bytes] = []
    done = 0
    for span in payloads_of(frame):
        base64 = frame[span.start + 1 : span.end - 1]
        sound = _exact(base64)
        if sound is None:
            continue
        pieces.append(frame[done : span.start + 1])
        done = span.start + 1 + len(base64.rstrip(b"="))
        whole = len(sound) - len(sound) % wire.sample_size
        placed = Placed(sum(map(len, pieces)), whole // wire.sample_size, sound[whole:])
        payloads.append(Payload(placed, sound[:whole]))
    return b"".join([*pieces, frame[done:]]), payloads


def put_back(frame: bytes, payloads: list[Payload]) -> bytes:
    """The frame as it was before `take_out`."""
    pieces: list[bytes] = []
    done = 0
    for payload in payloads:
        base64 = pybase64.b64encode(payload.sound + payload.placed.torn)
        pieces += [frame[done : payload.placed.offset], base64.rstrip(b"=")]
        done = payload.placed.offset
    return b"".join([*pieces, frame[done:]])


def samples_of(sound: bytes, wire: WireFormat) -> bytes:
    """Whole samples of a wire format as PCM16, each G.711 code another value."""
    if wire.sample_size != 1:
        return sound
    low, high, _ = _tables(wire)
    return widened(sound, low, high)


def wire_bytes(pcm: bytes, wire: WireFormat) -> bytes:
    """What `samples_of` was made from."""
    if wire.sample_size != 1:
        return pcm
    codes = _tables(wire)[2]
    return bytes([codes[sample] for sample in pcm16(pcm)])


@cache
def _tables(wire: WireFormat) -> tuple[bytes, bytes, dict[int, int]]:
    """Code → low byte, code → high byte, value → code."""
    values = list(pcm16(wire.to_pcm16(bytes(range(256)))))
    if wire == PCMU:
        values[_MINUS_ZERO] = -1  # µ-law has two zeros; this is the value of no other code
    return *low_and_high(values), {value: code for code, value in enumerate(values)}


def _exact(base64: bytes) -> bytes | None:
    """The bytes, if they give back these very characters; None for less than is worth it."""
    if len(base64) < _SMALLEST:
        return None
    try:
        sound = pybase64.b64decode(base64, validate=True)
    except ValueError:
        return None
    return sound if pybase64.b64encode(sound) == base64 else None
