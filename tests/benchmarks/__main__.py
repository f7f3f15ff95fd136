"""`python -m tests.benchmarks`: measure all rows, or some, and print the table as it comes."""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmarks import peers
from tests.benchmarks.measure import Budget
from tests.benchmarks.row import Line, Row, missing
from tests.benchmarks.subjects import FULL, QUICK, all_rows
from tests.benchmarks.table import HEADING, cells, surroundings, write_json, written

TO_RUN = "to run"
QUICK_BUDGET = Budget(total_ns=400_000_000, turn_ns=1_000_000, rounds=(3, 31))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 if a row could not be run, whatever the figures are."""
    asked = parser().parse_args(arguments)
    scale, budget = (QUICK, QUICK_BUDGET) if asked.quick else (FULL, Budget())
    print(*(f"{name}: {value}" for name, value in surroundings().items()), sep="\n", end="\n\n")
    rows = peers.with_peers(all_rows(scale), scale, tell=print) if asked.peers else all_rows(scale)
    wanted = [row for subject, row in rows if re.search(asked.rows, f"{subject}: {row.name}")]
    print(written(HEADING))
    lines = [line for row in wanted for line in shown(row, budget)]
    print(f"\n{verdict(lines)}")
    if asked.json is not None:
        write_json(asked.json, lines, scale="quick" if asked.quick else "full")
    return int(any(line.goal == TO_RUN for line in lines))


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser("python -m tests.benchmarks", description="Measure against the limit, interleaved.")
    made.add_argument("--quick", action="store_true", help="small workloads and few rounds: two minutes, rough figures")
    made.add_argument("--rows", default="", metavar="PATTERN", help="only rows whose `subject: name` holds this regex")
    made.add_argument("--json", type=Path, metavar="FILE", help="write the lines to a file too")
    made.add_argument("--peers", action="store_true", help="measure openai and openai-agents too, where installed")
    return made


def shown(row: Row, budget: Budget) -> Iterator[Line]:
    """The lines of a row, printed as they come; a row that cannot be measured says why and holds nobody up."""
    if absent := missing(row):
        print(f"{row.name}: skipped, there is no {', '.join(absent)}")
        return
    try:
        for line in row.lines(budget):
            print(written(cells(line)), flush=True)
            yield line
    except Exception as error:
        print(f"{row.name}: failed, {type(error).__name__}: {error}", flush=True)
        yield Line(f"{row.name} (failed)", "", 0.0, 0.0, goal=TO_RUN, is_met=False)


def verdict(lines: Sequence[Line]) -> str:
    """How many goals are met, and which are not."""
    judged = [line for line in lines if line.is_met is not None]
    open_ones = [f"  {line.row} against {line.against or 'its goal'}" for line in judged if not line.is_met]
    met = f"{len(judged) - len(open_ones)} of {len(judged)} goals are met"
    return "\n".join((f"{met}; not these:", *open_ones) if open_ones else (met,))


if __name__ == "__main__":
    sys.exit(main())
