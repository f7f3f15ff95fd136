"""Measuring on a machine that others use too: contenders take turns in short rounds, and are compared round by round.

A round is one contender after the other, each for a few milliseconds, in an order that rotates, with the garbage
collector off (unless it is what is asked about). What disturbs one round disturbs all of them, so a ratio is the
median of the rounds' ratios. The clock is the CPU time of this process, which stands still while others run.
"""

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from statistics import median
from typing import NamedTuple, TypeAlias

__all__ = ["Budget", "Clock", "Samples", "Spent", "Work", "children_cpu_ns", "cpu_ns", "interleaved", "wall_ns"]

Clock: TypeAlias = Callable[[], int]


class Spent(NamedTuple):
    """What a work says that it took, where it knows better than a clock around it: without its own preparation."""

    units: int
    ns: int


Work: TypeAlias = Callable[[], "int | Spent"]
"""Goes once through a stretch of work and says how many units (events, bytes, …) it was."""

cpu_ns: Clock = time.process_time_ns
wall_ns: Clock = time.perf_counter_ns


def children_cpu_ns() -> int:
    """The CPU time of the child processes that have ended."""
    from resource import RUSAGE_CHILDREN, getrusage

    used = getrusage(RUSAGE_CHILDREN)
    return round((used.ru_utime + used.ru_stime) * 1e9)


@dataclass(frozen=True)
class Budget:
    """How long to measure. A round's turn lasts at least `turn_ns`; rounds go on for `total_ns`, within bounds."""

    total_ns: int = 3_000_000_000
    turn_ns: int = 4_000_000
    rounds: tuple[int, int] = (5, 61)


@dataclass(frozen=True)
class Samples:
    """Nanoseconds per unit, one figure a round."""

    ns: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.ns)

    @property
    def best(self) -> float:
        return min(self.ns)

    def ratio_to(self, other: "Samples") -> float:
        """The median of the ratios, round by round."""
        return median(mine / theirs for mine, theirs in zip(self.ns, other.ns, strict=True))


def interleaved(
    works: Mapping[str, Work], *, budget: Budget, clock: Clock = cpu_ns, collector: bool = False
) -> dict[str, Samples]:
    """Measure contenders against each other: name → samples, as many for each."""
    with _settled_heap():
        passes = {name: _passes(work, budget, clock) for name, work in works.items()}
        rounds = _rounds(sum(turn_ns for _, turn_ns in passes.values()), budget)
        found: dict[str, list[float]] = {name: [] for name in works}
        for number in range(rounds):
            gc.collect()
            for name in _rotated(list(works), number):
                found[name].append(_turn(works[name], passes[name][0], clock, collector=collector))
    return {name: Samples(tuple(samples)) for name, samples in found.items()}


def _turn(work: Work, passes: int, clock: Clock, *, collector: bool) -> float:
    """Nanoseconds per unit over so many passes."""
    units = spent_ns = 0
    with _collector(on=collector):
        for _ in range(passes):
            began_ns = clock()
            done = work()
            ended_ns = clock()
            spent = done if isinstance(done, Spent) else Spent(done, ended_ns - began_ns)
            units += spent.units
            spent_ns += spent.ns
    return max(spent_ns, 1) / units


def _passes(work: Work, budget: Budget, clock: Clock) -> tuple[int, int]:
    """How many passes make a turn, and how long that lasts by the wall; the first run warms up and does not count."""
    work()
    began_ns, began_wall_ns = clock(), wall_ns()
    work()
    once_ns, once_wall_ns = max(clock() - began_ns, 1), max(wall_ns() - began_wall_ns, 1)
    passes = max(1, -(-budget.turn_ns // once_ns))
    return passes, passes * once_wall_ns


def _rounds(round_ns: int, budget: Budget) -> int:
    fewest, most = budget.rounds
    return min(max(budget.total_ns // round_ns, fewest), most)


def _rotated(names: list[str], by: int) -> Iterator[str]:
    start = by % len(names)
    return islice(cycle(names), start, start + len(names))


@contextmanager
def _collector(*, on: bool) -> Iterator[None]:
    (gc.enable if on else gc.disable)()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _settled_heap() -> Iterator[None]:
    """Take what exists already out of the collector's sight, so that collecting between rounds costs little."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
