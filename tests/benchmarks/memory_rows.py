"""What is kept, in bytes, as tracemalloc counts them: logs against their frames, states, policies, streams."""

import gc
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from realtime_sdk.log import EventLog
from realtime_sdk.log.event_log import Keep
from tests.benchmarks.limit import BareSession
from tests.benchmarks.log_rows import write_log
from tests.benchmarks.path_rows import after
from tests.benchmarks.row import CountedRow, Row, Scale, at_most
from tests.benchmarks.workload import Said, conversation

__all__ = ["rows"]

LOG_GOAL, FLAT_GOAL = at_most(1.05), at_most(1.1)
TIMES = 8
"""How much longer the session is against which something is to be flat."""


def rows(scale: Scale) -> Iterator[Row]:
    small, mix = partial(conversation, scale.log_turns, sound=False), partial(conversation, scale.turns[0], sound=True)
    frames = "their frames"
    yield CountedRow(name="kept log, mix", unit="kB", count=partial(kept_log, mix), goals={frames: LOG_GOAL})
    yield CountedRow(name="kept log, small", unit="kB", count=partial(kept_log, small))
    for keep in (100, "none"):
        name, flat = f"log that keeps {keep}, {TIMES} × the session", partial(policy, mix, keep)
        yield CountedRow(name=name, unit="kB", count=flat, goals={"one session": FLAT_GOAL})
    yield CountedRow(name="log that keeps no audio, mix", unit="kB", count=partial(without_audio, mix))
    yield CountedRow(
        name=f"streamed file, peak, {TIMES} × the file",
        unit="kB",
        count=partial(streaming, mix),
        goals={"the file": FLAT_GOAL},
    )
    yield CountedRow(name=f"state of {scale.turns[-1]:,} turns", unit="kB", count=partial(state, scale.turns[-1]))


def kept(make: Callable[[], object]) -> float:
    """How many kB live on in what is made."""
    make()  # what is made once in a life, such as tables, is not counted
    gc.collect()
    tracemalloc.start()
    try:
        made = make()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] / 1e3 if made is not None else 0.0
    finally:
        tracemalloc.stop()


def received(frame: bytes) -> bytes:
    """The frame as it comes off a socket: bytes of its own."""
    return bytes(memoryview(frame))


def kept_log(said: Callable[[], tuple[Said, ...]]) -> Mapping[str, float]:
    frames = said()

    def bare() -> list[tuple[int, str, bytes]]:
        return [(at_ns, one.sender, received(one.frame)) for at_ns, one in enumerate(frames, 1_000_000)]

    size = sum(len(one.frame) for one in frames) / 1e3
    return {"EventLog": kept(lambda: log_of(frames)), "their frames": size, "list of tuples": kept(bare)}


def log_of(said: Iterable[Said], keep: Keep = "all") -> EventLog:
    log = EventLog(keep=keep)
    for at_ns, one in enumerate(said, 1_000_000):
        log.append(one.sender, received(one.frame), at_ns=at_ns)
    return log


def policy(said: Callable[[], tuple[Said, ...]], keep: Keep) -> Mapping[str, float]:
    """A log with a policy after a long session, against one after a short session."""
    frames = said()
    return {
        "long session": kept(lambda: log_of(frames * TIMES, keep)),
        "one session": kept(lambda: log_of(frames, keep)),
    }


def without_audio(said: Callable[[], tuple[Said, ...]]) -> Mapping[str, float]:
    frames = said()
    return {"without_audio": kept(lambda: log_of(frames, "without_audio")), "all": kept(lambda: log_of(frames))}


def streaming(said: Callable[[], tuple[Said, ...]]) -> Mapping[str, float]:
    with TemporaryDirectory() as folder:
        short, long = Path(folder, "short.jsonl"), Path(folder, "long.jsonl")
        write_log(short, said())
        write_log(long, said() * TIMES)
        return {"a long file": peak(long), "the file": peak(short)}


def peak(path: Path) -> float:
    """How many kB are in use at most while a file is read record by record."""
    gc.collect()
    tracemalloc.start()
    try:
        for _ in EventLog.stream(path):
            pass
        return tracemalloc.get_traced_memory()[1] / 1e3
    finally:
        tracemalloc.stop()


def state(turns: int) -> Mapping[str, float]:
    said = conversation(turns, sound=False)
    return {"RealtimeState": kept(lambda: after(said)), "dicts": kept(lambda: bare_state(said))}


def bare_state(said: Iterable[Said]) -> BareSession:
    session = BareSession()
    for one in said:
        if one.sender == "server":
            session.receive(one.frame, 0)
    session.log.clear()
    return session
