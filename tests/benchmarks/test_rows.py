"""Every row still runs, on the smallest workloads: what is counted is right, how long it took is nobody's business."""

import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.benchmarks import __main__ as command, peers, sound_rows
from tests.benchmarks.measure import Budget, Samples, Spent, interleaved
from tests.benchmarks.row import CountedRow, Line, Row, TimedRow, at_least, at_most, missing, net
from tests.benchmarks.subjects import TINY, all_rows
from tests.benchmarks.table import HEADING, cells, written

ROWS = {row.name: row for _, row in all_rows(TINY)}
ONCE = Budget(total_ns=0, turn_ns=1, rounds=(1, 1))


def run(row: Row) -> dict[str, float]:
    """Contender → units of work, or the figure that was counted."""
    if isinstance(row, CountedRow):
        return dict(row.count())
    assert isinstance(row, TimedRow)
    with ExitStack() as stack:
        done = {name: work() for name, work in row.prepare(stack).items()}
    return {name: units.units if isinstance(units, Spent) else units for name, units in done.items()}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_runs_and_its_goals_are_against_its_contenders(name: str) -> None:
    row = ROWS[name]
    if absent := missing(row):
        pytest.skip(f"needs {', '.join(absent)}")
    figures = run(row)
    assert all(figure > 0 for figure in figures.values())
    assert isinstance(row, TimedRow | CountedRow)
    assert set(row.goals) <= set(figures)


def test_contenders_of_a_timed_row_do_the_same_number_of_things() -> None:
    for name in ("decode, mix", "whole path, mix, 1 turns", "uplink, append frame", "log write, with a file, small"):
        assert len(set(run(ROWS[name]).values())) == 1


def test_names_of_rows_are_told_apart() -> None:
    assert len(ROWS) == len([*all_rows(TINY)])


# ------------------------------------------------------------------------------------------------------------------
# How it is measured


def test_contenders_take_turns_and_are_compared_round_by_round() -> None:
    turns: list[str] = []
    now_ns = 0

    def work(name: str, ns: int) -> int:
        nonlocal now_ns
        now_ns += ns
        turns.append(name)
        return 2

    works = {"fast": lambda: work("fast", 10), "slow": lambda: work("slow", 40)}
    samples = interleaved(works, budget=Budget(total_ns=0, turn_ns=1, rounds=(3, 3)), clock=lambda: now_ns)
    assert samples == {"fast": Samples((5.0,) * 3), "slow": Samples((20.0,) * 3)}
    assert turns[4:] == ["fast", "slow", "slow", "fast", "fast", "slow"]
    assert samples["slow"].ratio_to(samples["fast"]) == 4.0


def test_a_disturbed_round_moves_no_ratio() -> None:
    ours, theirs = Samples((10.0, 1_000.0, 10.0)), Samples((20.0, 2_000.0, 21.0))
    assert ours.ratio_to(theirs) == 0.5


def test_what_all_pay_is_taken_off() -> None:
    samples = {"ours": Samples((30.0, 31.0)), "nothing": Samples((10.0, 11.0))}
    assert net(samples, "nothing") == {"ours": Samples((20.0, 20.0))}


def test_goals_are_bounds_on_the_ratio_of_costs() -> None:
    assert [at_most(2.0).is_met(ratio) for ratio in (1.9, 2.0, 2.1)] == [True, True, False]
    assert [at_least(10).is_met(ratio) for ratio in (0.09, 0.1, 0.11)] == [True, True, False]


# ------------------------------------------------------------------------------------------------------------------
# How it is told


def test_the_table_marks_the_goals_that_are_met() -> None:
    line = Line("decode, small", "µs/event", 1.234, 1.2, "orjson.loads", 0.5, 0.49, 2.47, 2.45, "≤ 2.6 ×", is_met=True)
    assert cells(line) == (
        "decode, small",
        "1.23 (1.20) µs/event",
        "orjson.loads",
        "0.500 (0.490)",
        "2.47 (2.45)",
        "≤ 2.6 ×",
        "✓",
    )
    assert written(HEADING).split() == " ".join(HEADING).split()


def test_the_command_measures_the_rows_that_are_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "QUICK", TINY)
    monkeypatch.setattr(command, "QUICK_BUDGET", ONCE)
    command.main(["--quick", "--rows", "uplink: .*frame$"])
    printed = capsys.readouterr().out
    assert [line.split("  ")[0] for line in printed.splitlines() if "µs/frame" in line] == ["uplink, append frame"] * 3
    assert "of 1 goals are met" in printed


def test_a_row_that_fails_is_told_and_holds_nobody_up(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = CountedRow(name="broken", unit="kB", count=lambda: {"ours": 1.0, "theirs": 0.0})
    sound = CountedRow(name="sound", unit="kB", count=lambda: {"ours": 1.0})
    monkeypatch.setattr(command, "all_rows", lambda _scale: [("memory", broken), ("memory", sound)])
    assert command.main(["--quick"]) == 1
    printed = capsys.readouterr().out
    assert "broken: failed, ZeroDivisionError" in printed
    assert "1.00 (1.00) kB" in printed


def test_lines_are_written_for_machines_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = CountedRow(name="kept", unit="kB", count=lambda: {"ours": 3.0, "theirs": 2.0}, goals={"theirs": at_most(2)})
    monkeypatch.setattr(command, "all_rows", lambda _scale: [("memory", row)])
    assert command.main(["--json", str(tmp_path / "figures.json")]) == 0
    written = json.loads((tmp_path / "figures.json").read_text("utf-8"))
    (line,) = written["lines"]
    assert (line["value"], line["ratio"], line["is_met"], written["scale"]) == (3.0, 1.5, True, "full")


def test_peers_join_the_rows_of_ours_where_they_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    peer = peers.Peer("import realtime_sdk", "json", "json", lambda _scale: lambda: 1, at_most(0.5))
    monkeypatch.setattr(peers, "PEERS", (peer,))
    monkeypatch.setattr(peers, "find_spec", lambda module: module == "json" or None)
    monkeypatch.setattr(peers, "MODULES", ("json", "openai"))
    rows = {row.name: row for _, row in peers.with_peers(all_rows(TINY), TINY, tell=told.append)}
    assert told == ["openai is not installed: its figures are left out"]
    assert rows["import realtime_sdk"].goals == {"json": at_most(0.5)}
    assert rows.keys() == ROWS.keys()


def test_figures_of_the_audio_room_become_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    bench_audio = pytest.importorskip("tests.benchmarks.bench_audio", exc_type=ImportError)
    monkeypatch.setattr(bench_audio, "rows", lambda: [bench_audio.Row("kept", 1.01, "of its PCM", 1.02)])
    (line,) = sound_rows.lines()
    assert (line.row, line.goal, line.is_met) == ("sound: kept", "≤ 1.02", True)
