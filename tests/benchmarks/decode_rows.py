"""From a frame to an event, and to the sound in it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import orjson
import pybase64
from pydantic_core import from_json

from realtime_sdk.dialects import OPENAI
from realtime_sdk.protocol.codec import decode
from realtime_sdk.protocol.server_events import ResponseOutputAudioDelta
from tests.benchmarks.row import Row, Scale, TimedRow, Works, at_most
from tests.benchmarks.workload import deltas, frames_of

__all__ = ["rows"]

DECODE_GOAL = at_most(2.6)
SOUND_GOAL = at_most(0.5)


def rows(scale: Scale) -> Iterator[Row]:
    for kind, size in (("small", scale.decode_turns), ("mix", scale.decode_turns), ("delta", scale.deltas)):
        goals = {"orjson.loads": DECODE_GOAL} if kind == "small" else {}
        yield TimedRow(name=f"decode, {kind}", prepare=partial(decoding, kind, size), goals=goals)
    yield TimedRow(name="delta → PCM", prepare=partial(sounding, scale.deltas), goals={"orjson.loads": SOUND_GOAL})


def decoding(kind: str, size: int, _stack: ExitStack) -> Works:
    frames = deltas(size) if kind == "delta" else frames_of(kind, size)
    return {
        "decode": each(decode, frames),
        "orjson.loads": each(orjson.loads, frames),
        "pydantic_core.from_json": each(from_json, frames),
        "Dialect.read": each(partial(OPENAI.read, sender="server"), frames),
    }


def sounding(count: int, _stack: ExitStack) -> Works:
    frames = deltas(count)
    return {
        "decode + .pcm": each(our_pcm, frames),
        "orjson.loads": each(orjson.loads, frames),
        "orjson.loads + pybase64": each(bare_pcm, frames),
    }


def our_pcm(frame: bytes) -> bytes:
    event = decode(frame)
    assert type(event) is ResponseOutputAudioDelta
    return event.pcm


def bare_pcm(frame: bytes) -> bytes:
    return pybase64.b64decode(orjson.loads(frame)["delta"], validate=True)


def each(function: Callable[[bytes], Any], frames: tuple[bytes, ...]) -> Callable[[], int]:
    """A work that calls a function with each frame."""

    def work() -> int:
        for frame in frames:
            function(frame)
        return len(frames)

    return work
