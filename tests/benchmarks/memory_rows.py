"""What is kept, in bytes, as tracemalloc counts them: logs against their frames, states, policies, streams."""

import gc
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from realtime_sdk.dialects import OPENAI
from realtime_sdk.log import EventLog
from realtime_sdk.log.event_log import Keep
from realtime_sdk.session.core import SessionCore
from tests.benchmarks.limit import BareSession, bare_append
from tests.benchmarks.log_rows import write_log
from tests.benchmarks.path_rows import after
from tests.benchmarks.row import CountedRow, Row, Scale, at_most
from tests.benchmarks.uplink_rows import pieces
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
    for keep in ("all", "without_audio", 100, "none"):
        goals = {"frames": LOG_GOAL} if keep == "all" else {}
        name, count = f"{scale.minutes:g} minutes, log keeps {keep}", partial(long_session, scale.minutes, keep)
        yield CountedRow(name=name, unit="MB", count=count, goals=goals)
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


TURNS_A_MINUTE, APPENDS_A_MINUTE = 6, 3_000


def long_session(minutes: float, keep: Keep) -> Mapping[str, float]:
    """Log and state of a spoken session, against its frames alone, and against dictionaries and a list of frames.

    No event loop is in it: what a log keeps is the same on each.
    """
    said = conversation(max(round(minutes * TURNS_A_MINUTE), 1), sound=True)
    appends = max(round(minutes * APPENDS_A_MINUTE), 1)
    size = sum(len(one.frame) for one in said) + appends * len(bare_append(pieces(1)[0]))
    ours = kept(lambda: ours_for(said, appends, keep)) / 1e3
    if keep != "all":
        return {"session": ours}
    return {"session": ours, "frames": size / 1e6, "dicts + list": kept(lambda: bare_for(said, appends)) / 1e3}


def ours_for(said: Iterable[Said], appends: int, keep: Keep) -> SessionCore:
    core, (pcm,) = SessionCore(OPENAI, EventLog(keep=keep)), pieces(1)
    for _ in range(appends):
        core.append(pcm, at_ns=0)
    for sender, frame in said:
        if sender == "client":
            core.say((received(frame),), at_ns=0)
        else:
            core.receive(received(frame), at_ns=0)
    return core


def bare_for(said: Iterable[Said], appends: int) -> BareSession:
    session, (pcm,) = BareSession(), pieces(1)
    for _ in range(appends):
        session.log.append((0, "client", bare_append(pcm)))
    for sender, frame in said:
        (session.send if sender == "client" else session.receive)(received(frame), 0)
    return session


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
