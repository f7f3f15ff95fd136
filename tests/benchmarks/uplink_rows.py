"""The user's sound on its way out: 20 ms at a time, as frames, and through log and state."""

from collections.abc import Iterator
from contextlib import ExitStack
from random import Random

import orjson
import pybase64

from realtime_sdk.dialects import OPENAI
from realtime_sdk.log import EventLog
from realtime_sdk.protocol.client_events import InputAudioBufferAppend
from realtime_sdk.protocol.codec import encode, encode_append
from realtime_sdk.session.core import SessionCore
from tests.benchmarks.limit import bare_append
from tests.benchmarks.row import US_PER_FRAME, Row, Scale, TimedRow, Works, at_most
from tests.benchmarks.workload import PCM_BYTES_PER_MS, SEED

__all__ = ["pieces", "rows"]

GOAL = at_most(1.5)
PIECE_MS = 20
PIECES = 200


def rows(_scale: Scale) -> Iterator[Row]:
    goals = {"template + pybase64": GOAL}
    yield TimedRow(name="uplink, append frame", prepare=framing, unit=US_PER_FRAME, goals=goals)
    yield TimedRow(name="uplink, append → log → state", prepare=recording, unit=US_PER_FRAME)


def pieces(count: int = PIECES) -> tuple[bytes, ...]:
    """So many stretches of 20 ms of noise."""
    random = Random(SEED)
    return tuple(random.randbytes(PIECE_MS * PCM_BYTES_PER_MS) for _ in range(count))


def framing(_stack: ExitStack) -> Works:
    sound = pieces()

    def ours() -> int:
        for pcm in sound:
            encode_append(pcm)
        return len(sound)

    def template() -> int:
        for pcm in sound:
            bare_append(pcm)
        return len(sound)

    def bare() -> int:
        for pcm in sound:
            orjson.dumps({"type": "input_audio_buffer.append", "audio": pybase64.b64encode_as_string(pcm)})
        return len(sound)

    def event() -> int:
        for pcm in sound:
            encode(InputAudioBufferAppend(audio=pybase64.b64encode_as_string(pcm)))
        return len(sound)

    return {"encode_append": ours, "template + pybase64": template, "orjson.dumps + pybase64": bare, "encode": event}


def recording(_stack: ExitStack) -> Works:
    sound = pieces()

    def ours() -> int:
        append = SessionCore(OPENAI, EventLog()).append
        for pcm in sound:
            append(pcm, at_ns=0)
        return len(sound)

    def bare() -> int:
        log: list[tuple[int, str, bytes]] = []
        sent_bytes = 0
        for pcm in sound:
            log.append((0, "client", bare_append(pcm)))
            sent_bytes += len(pcm)
        return len(sound)

    return {"SessionCore.append": ours, "template + list": bare}
