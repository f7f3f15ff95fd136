"""A row of the table: what is compared, in which unit, with which goal. `TimedRow` is measured, `CountedRow` counted.

The first contender is the one that the row is about; each other one gives a line with the ratio to it.
"""

import importlib.util
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TypeAlias

from tests.benchmarks.measure import Budget, Clock, Samples, Work, cpu_ns, interleaved

__all__ = [
    "EVENTS_PER_S",
    "MB_PER_S",
    "MS",
    "MS_PER_FILE",
    "US_PER_EVENT",
    "US_PER_FRAME",
    "CountedRow",
    "GivenRow",
    "Goal",
    "Line",
    "Prepare",
    "Row",
    "Rows",
    "Scale",
    "TimedRow",
    "Unit",
    "Works",
    "at_least",
    "at_most",
    "missing",
]


@dataclass(frozen=True)
class Scale:
    """How large the workloads are."""

    turns: tuple[int, ...] = (10, 100, 1_000)
    """Lengths of conversations."""
    decode_turns: int = 12
    deltas: int = 120
    answer_ms: int = 600_000
    late_turn: int = 10_000
    late_minute: int = 60
    log_turns: int = 300
    frames: int = 3_000
    """Frames over a socket at a time; audio frames are a tenth."""
    files: int = 24
    """Files for `replay_many`."""
    sound: bool = True
    """Whether the conversions of sound are measured too, which takes half a minute."""
    sessions: int = 80
    """Sessions that live at once, each for `session_s`."""
    session_s: float = 4.0
    crowds: tuple[int, ...] = (25, 50, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000)
    """How many sessions a core is tried with, until it is too many."""
    minutes: float = 60.0
    """How long a session is whose memory is counted."""


@dataclass(frozen=True)
class Unit:
    """How a figure is written: `of` takes nanoseconds per unit."""

    name: str
    of: Callable[[float], float]
    rising: bool = False
    """More is better."""


US_PER_EVENT = Unit("µs/event", lambda ns: ns / 1e3)
US_PER_FRAME = Unit("µs/frame", lambda ns: ns / 1e3)
MS = Unit("ms", lambda ns: ns / 1e6)
MS_PER_FILE = Unit("ms/file", lambda ns: ns / 1e6)
EVENTS_PER_S = Unit("events/s", lambda ns: 1e9 / ns, rising=True)
MB_PER_S = Unit("MB/s", lambda ns: 1e3 / ns, rising=True)


@dataclass(frozen=True)
class Goal:
    """A bound on a ratio of costs: `ours / theirs` at most, or `theirs / ours` at least (so many times faster)."""

    bound: float
    faster: bool = False

    def shown(self) -> str:
        return f"≥ {self.bound:g} × faster" if self.faster else f"≤ {self.bound:g} ×"

    def is_met(self, ratio: float) -> bool:
        return 1 / ratio >= self.bound if self.faster else ratio <= self.bound


def at_most(bound: float) -> Goal:
    """Ours costs at most so many times theirs."""
    return Goal(bound)


def at_least(bound: float) -> Goal:
    """Ours is at least so many times faster than theirs."""
    return Goal(bound, faster=True)


@dataclass(frozen=True)
class Line:
    """One line of the table: a figure, what it is compared with, and whether the goal is met (None: there is none)."""

    row: str
    unit: str
    value: float
    best: float
    against: str | None = None
    other: float | None = None
    other_best: float | None = None
    ratio: float | None = None
    """Ours to theirs, in cost: below 1 is better than they are."""
    best_ratio: float | None = None
    goal: str | None = None
    is_met: bool | None = None
    rounds: int = 1


Works: TypeAlias = Mapping[str, Work]
Prepare: TypeAlias = Callable[[ExitStack], Works]
"""Makes the contenders, the row's own one first; what must be closed in the end goes on the stack."""


@dataclass(frozen=True, kw_only=True)
class TimedRow:
    """Contenders that take turns against a clock."""

    name: str
    prepare: Prepare
    unit: Unit = US_PER_EVENT
    goals: Mapping[str, Goal] = field(default_factory=dict)
    """Contender → the goal against it."""
    floor: float | None = None
    """The least that the row's own figure should be, where the unit is a rate."""
    clock: Clock = cpu_ns
    collector: bool = False
    net_of: str | None = None
    """A contender that stands for what all pay (the interpreter's start): it is taken off the others."""
    needs: tuple[str, ...] = ()
    """Modules that must be importable."""

    def lines(self, budget: Budget) -> Iterator[Line]:
        with ExitStack() as stack:
            works = self.prepare(stack)
            samples = interleaved(works, budget=budget, clock=self.clock, collector=self.collector)
        own, *others = net(samples, self.net_of).items()
        if self.floor is not None or not others:
            yield self._alone(own[1])
        for name, other in others:
            yield self._against(own[1], name, other)

    def _alone(self, own: Samples) -> Line:
        value, best = self.unit.of(own.median), self.unit.of(own.best)
        rounds = len(own.ns)
        if self.floor is None:
            return Line(self.name, self.unit.name, value, best, rounds=rounds)
        goal = f"≥ {self.floor:,.0f} {self.unit.name}"
        return Line(self.name, self.unit.name, value, best, goal=goal, is_met=value >= self.floor, rounds=rounds)

    def _against(self, own: Samples, name: str, other: Samples) -> Line:
        goal, ratio, of = self.goals.get(name), own.ratio_to(other), self.unit.of
        return Line(
            self.name,
            self.unit.name,
            of(own.median),
            of(own.best),
            name,
            of(other.median),
            of(other.best),
            ratio,
            own.best / other.best,
            None if goal is None else goal.shown(),
            None if goal is None else goal.is_met(ratio),
            len(own.ns),
        )


def net(samples: Mapping[str, Samples], floor: str | None) -> dict[str, Samples]:
    """The samples without what the contender `floor` took in the same round, and without that contender."""
    if floor is None:
        return dict(samples)
    base = samples[floor].ns
    return {
        name: Samples(tuple(max(ns - paid, 1.0) for ns, paid in zip(found.ns, base, strict=True)))
        for name, found in samples.items()
        if name != floor
    }


@dataclass(frozen=True, kw_only=True)
class CountedRow:
    """Figures that are the same each time, such as bytes: counted once."""

    name: str
    unit: str
    count: Callable[[], Mapping[str, float]]
    """Contender → figure, the row's own one first."""
    goals: Mapping[str, Goal] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    rising: bool = False
    """More is better."""

    def lines(self, _budget: Budget) -> Iterator[Line]:
        (_, own), *others = self.count().items()
        if not others:
            yield Line(self.name, self.unit, own, own)
        for name, other in others:
            goal, ratio = self.goals.get(name), other / own if self.rising else own / other
            shown, met = (None, None) if goal is None else (goal.shown(), goal.is_met(ratio))
            yield Line(self.name, self.unit, own, own, name, other, other, ratio, ratio, shown, met)


@dataclass(frozen=True, kw_only=True)
class GivenRow:
    """Lines that somebody else measures."""

    name: str
    give: Callable[[], Iterator[Line]]
    needs: tuple[str, ...] = ()

    def lines(self, _budget: Budget) -> Iterator[Line]:
        return self.give()


Row: TypeAlias = TimedRow | CountedRow | GivenRow
Rows: TypeAlias = Callable[[Scale], Iterator[Row]]


def missing(row: Row) -> tuple[str, ...]:
    """The modules that a row needs and that are not installed."""
    return tuple(name for name in row.needs if not _is_importable(name))


def _is_importable(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # of the package that it is in
        return False
