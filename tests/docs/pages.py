"""Pages of Markdown as lists of snippets: the code blocks that are run, what they print, and what is left out.

A comment on the line before a block says what is special about it:
`<!-- snippet: no-run: why -->` leaves a block out, `<!-- snippet: asyncio -->` keeps it from trio, and
`<!-- snippet: output -->` before a block of text says that it is what the snippets above it print.
"""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Snippet", "pages", "snippets"]

ROOT = Path(__file__).resolve().parents[2]
NOTE = re.compile(r"^\s*<!-- snippet: (?P<word>no-run|asyncio|output)(?:: (?P<why>.+?))? -->\s*$")
FENCE = re.compile(r"^(?P<indent>\s*)(?P<ticks>```+)(?P<language>\w*)")


@dataclass(frozen=True)
class Snippet:
    """One block of a page. `line` is where its first line stands, from 1."""

    language: str
    source: str
    line: int
    note: str | None = None
    why: str | None = None


def pages() -> list[Path]:
    """Return every page of the project that may hold snippets."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def snippets(page: str) -> Iterator[Snippet]:
    """Give the blocks of a page in order."""
    lines = page.splitlines()
    at = 0
    while at < len(lines):
        if not (fence := FENCE.match(lines[at])):
            at += 1
            continue
        end = _end(lines, at, fence["ticks"])
        source = textwrap.dedent("\n".join(lines[at + 1 : end])) + "\n"
        note = NOTE.match(lines[at - 1]) if at else None
        yield Snippet(fence["language"], source, at + 2, note and note["word"], note and note["why"])
        at = end + 1


def _end(lines: list[str], start: int, ticks: str) -> int:
    closing = (at for at in range(start + 1, len(lines)) if lines[at].strip() == ticks)
    return next(closing, len(lines))
