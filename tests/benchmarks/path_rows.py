"""A frame's whole way: frame → log → event → state → PCM, as the session's core goes it; and what it costs late."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial

from realtime_sdk.dialects import OPENAI
from realtime_sdk.log import EventLog
from realtime_sdk.protocol.server_events import ResponseOutputAudioDelta
from realtime_sdk.session.core import SessionCore
from realtime_sdk.state import RealtimeState, reduce
from tests.benchmarks.limit import BareSession
from tests.benchmarks.measure import Spent, cpu_ns
from tests.benchmarks.row import Row, Scale, TimedRow, Works, at_most
from tests.benchmarks.workload import DELTA_MS, Said, Script, answer, conversation, sound_alone

__all__ = ["after", "bare_way", "growth_rows", "our_way", "rows", "take_in"]

LIMIT = "orjson + dicts"
SMALL_GOAL, SOUND_GOAL, GROWTH_GOAL = at_most(2.2), at_most(1.0), at_most(1.1)
EARLY_TURN = 10
TURNS_AT_ONCE = 8
MINUTE_MS = 60_000
MEAN_DELTA_MS = sum(DELTA_MS) // len(DELTA_MS)


def rows(scale: Scale) -> Iterator[Row]:
    for turns in scale.turns:
        small = partial(both_ways, partial(conversation, turns, sound=False))
        yield TimedRow(name=f"whole path, small, {turns:,} turns", prepare=small, goals={LIMIT: SMALL_GOAL})
    yield TimedRow(name=f"stages, small, {scale.turns[1]:,} turns", prepare=partial(stages, scale.turns[1]))
    with_collector = partial(both_ways, partial(conversation, scale.turns[1], sound=False))
    yield TimedRow(
        name=f"whole path, small, {scale.turns[1]:,} turns, collector on", prepare=with_collector, collector=True
    )
    mix = partial(both_ways, partial(conversation, scale.turns[0], sound=True))
    yield TimedRow(name=f"whole path, mix, {scale.turns[0]:,} turns", prepare=mix)
    minutes = scale.answer_ms / MINUTE_MS
    heard = partial(both_ways, partial(sound_of_answer, scale.answer_ms))
    yield TimedRow(name=f"whole path, sound, {minutes:g} min", prepare=heard, goals={LIMIT: SOUND_GOAL})
    long = partial(both_ways, partial(answer, scale.answer_ms))
    name = f"whole path, one response of {minutes:g} min"
    yield TimedRow(name=name, prepare=long, goals={LIMIT: SOUND_GOAL})


def both_ways(said: Callable[[], tuple[Said, ...]], _stack: ExitStack) -> Works:
    frames = said()
    return {"whole path": partial(our_way, frames), LIMIT: partial(bare_way, frames)}


def sound_of_answer(answer_ms: int) -> tuple[Said, ...]:
    """The audio deltas of an answer and what opens it: what of a session is most of its bytes."""
    return tuple(Said("server", frame) for frame in sound_alone(answer_ms // MEAN_DELTA_MS))


def our_way(said: Sequence[Said]) -> int:
    core = SessionCore(OPENAI, EventLog())
    take_in(core, said)
    return len(said)


def take_in(core: SessionCore, said: Iterable[Said]) -> None:
    receive, say, delta = core.receive, core.say, ResponseOutputAudioDelta
    for sender, frame in said:
        if sender == "client":
            say((frame,), at_ns=0)
            continue
        event = receive(frame, at_ns=0).event
        if event.__class__ is delta:
            event.pcm  # noqa: B018 - decoded here


def bare_way(said: Sequence[Said]) -> int:
    session = BareSession()
    receive, send = session.receive, session.send
    for sender, frame in said:
        if sender == "client":
            send(frame, 0)
        else:
            receive(frame, 0)
    return len(said)


def stages(turns: int, _stack: ExitStack) -> Works:
    """The path and its parts, each alone: remember, read, reduce. What is left is what joins them."""
    said = conversation(turns, sound=False)
    records = [*filled(said)]
    events = [event for record in records for event in OPENAI.read(record.frame, record.sender)]

    def reading() -> int:
        for record in records:
            OPENAI.read(record.frame, record.sender)
        return len(said)

    def reducing() -> int:
        state = RealtimeState.empty()
        for event in events:
            state = reduce(state, event)
        return len(said)

    def remembering() -> int:
        return len(filled(said))

    whole = partial(our_way, said)
    return {"whole path": whole, "log.append": remembering, "dialect.read": reading, "reduce": reducing}


def filled(said: Iterable[Said]) -> EventLog:
    log = EventLog()
    for sender, frame in said:
        log.append(sender, frame, at_ns=0)
    return log


# ------------------------------------------------------------------------------------------------------------------
# Growth


def growth_rows(scale: Scale) -> Iterator[Row]:
    late, early = f"turn {scale.late_turn:,}", f"turn {EARLY_TURN}"
    turns = partial(growing_conversation, scale.late_turn, late, early)
    yield TimedRow(name=f"growth, {late}", prepare=turns, goals={early: GROWTH_GOAL})
    late, early = f"minute {scale.late_minute}", "minute 1"
    minutes = partial(growing_answer, scale.late_minute, late, early)
    yield TimedRow(name=f"growth, {late} of a response", prepare=minutes, goals={early: GROWTH_GOAL})


def growing_conversation(late_turn: int, late: str, early: str, _stack: ExitStack) -> Works:
    """The next turns of an old session, and of one that is young each time. No state is gone on from twice.

    What a live session never does, branching off from an old state, may cost a copy; so each pass has turns of its own.
    """
    old = Conversation(late_turn)
    return {late: old.more, early: lambda: Conversation(EARLY_TURN).more()}


class Conversation:
    """A session that has gone on for so many turns. What it heard is not kept in memory."""

    def __init__(self, turns: int) -> None:
        self._script = Script(sound=False)
        self._core = SessionCore(OPENAI, EventLog(keep="none"))
        take_in(self._core, self._script.greeting())
        for _ in range(turns):
            take_in(self._core, self._script.turn())

    def more(self) -> Spent:
        """Some turns more; writing their frames is not counted."""
        said = [said for _ in range(TURNS_AT_ONCE) for said in self._script.turn()]
        return timed(self._core, said)


def growing_answer(late_minute: int, late: str, early: str, _stack: ExitStack) -> Works:
    """The same minute of a response again and again: the late core has heard it before and hears it once more."""
    opening, minute = split(answer(MINUTE_MS))
    core = opened(opening)
    for _ in range(late_minute - 1):
        take_in(core, minute)
    return {late: lambda: timed(core, minute), early: lambda: timed(opened(opening), minute)}


def split(said: Sequence[Said]) -> tuple[Sequence[Said], Sequence[Said]]:
    """What comes before the deltas of a response, and the deltas."""
    places = [place for place, one in enumerate(said) if b".delta" in one.frame[:48] and b"response." in one.frame[:20]]
    return said[: places[0]], said[places[0] : places[-1] + 1]


def opened(said: Iterable[Said]) -> SessionCore:
    core = SessionCore(OPENAI, EventLog())
    take_in(core, said)
    return core


def timed(core: SessionCore, said: Sequence[Said]) -> Spent:
    began_ns = cpu_ns()
    take_in(core, said)
    return Spent(len(said), cpu_ns() - began_ns)


def after(said: Iterable[Said]) -> RealtimeState:
    """The state after what was said, without a log in memory."""
    core = SessionCore(OPENAI, EventLog(keep="none"))
    take_in(core, said)
    return core.state
