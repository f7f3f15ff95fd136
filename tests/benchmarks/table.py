"""Lines as a table for people, and as JSON for machines."""

import json
import os
import platform
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tests.benchmarks.row import Line

__all__ = ["HEADING", "cells", "surroundings", "write_json", "written"]

MARKS = {True: "✓", False: "✗", None: " "}
WIDTHS = (48, 32, 25, 20, 14, 20, 1)
ALIGN = "<><>><<"
HEADING = ("row", "ours, median (best)", "against", "theirs", "ratio (of bests)", "goal", "")
PACKAGES = ("orjson", "pydantic", "pydantic_core", "pybase64", "websockets", "anyio", "trio", "openai", "openai-agents")


def written(cells: Sequence[str]) -> str:
    """One line of the table."""
    aligned = [f"{cell:{align}{width}}" for cell, align, width in zip(cells, ALIGN, WIDTHS, strict=True)]
    return "  ".join(aligned).rstrip()


def cells(line: Line) -> tuple[str, ...]:
    """What stands in the columns of `HEADING`."""
    return (
        line.row,
        f"{figure(line.value)} ({figure(line.best)}) {line.unit}",
        line.against or "",
        "" if line.other is None or line.other_best is None else f"{figure(line.other)} ({figure(line.other_best)})",
        "" if line.ratio is None or line.best_ratio is None else f"{times(line.ratio)} ({times(line.best_ratio)})",
        line.goal or "",
        MARKS[line.is_met],
    )


def times(ratio: float) -> str:
    """A ratio of costs; one that is small as a fraction, for `so many times faster`."""
    return f"{ratio:.2f}" if ratio >= 0.2 else f"1/{1 / ratio:.1f}"


def figure(value: float) -> str:
    """Three digits that mean something."""
    if value >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 100 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def write_json(path: Path, lines: Iterable[Line], *, scale: str) -> None:
    """The lines, and where they were measured."""
    told = {"scale": scale, **surroundings(), "lines": [asdict(line) for line in lines]}
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")


def surroundings() -> dict[str, Any]:
    """The machine and the versions of what was measured."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "python": sys.version.split()[0],
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "load": load,
        "versions": {name: found for name in PACKAGES if (found := _version(name)) is not None},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
