"""All rows, by subject, in the order of the table."""

from collections.abc import Iterator, Mapping

from tests.benchmarks import (
    decode_rows,
    import_rows,
    log_rows,
    memory_rows,
    path_rows,
    proxy_rows,
    session_rows,
    socket_rows,
    sound_rows,
    uplink_rows,
)
from tests.benchmarks.row import Row, Rows, Scale

__all__ = ["FULL", "QUICK", "SUBJECTS", "TINY", "all_rows"]

FULL = Scale()
QUICK = Scale(
    turns=(10, 100),
    answer_ms=120_000,
    late_turn=1_000,
    late_minute=10,
    files=8,
    sound=False,
    sessions=10,
    session_s=0.5,
    crowds=(10, 20),
    minutes=3.0,
)
TINY = Scale(
    turns=(1, 2),
    decode_turns=1,
    deltas=2,
    answer_ms=3_000,
    late_turn=12,
    late_minute=2,
    log_turns=2,
    frames=12,
    files=2,
    sound=False,
    sessions=2,
    session_s=0.1,
    crowds=(),
    minutes=0.05,
)

SUBJECTS: Mapping[str, Rows] = {
    "decode": decode_rows.rows,
    "whole path": path_rows.rows,
    "growth": path_rows.growth_rows,
    "uplink": uplink_rows.rows,
    "socket": socket_rows.rows,
    "sessions": session_rows.rows,
    "proxy": proxy_rows.rows,
    "import": import_rows.rows,
    "log": log_rows.rows,
    "memory": memory_rows.rows,
    "sound": sound_rows.rows,
}


def all_rows(scale: Scale) -> Iterator[tuple[str, Row]]:
    """(subject, row), made one after the other."""
    for subject, rows in SUBJECTS.items():
        for row in rows(scale):
            yield subject, row
