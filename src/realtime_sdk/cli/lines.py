"""Lines of a report, and how they are printed: in colour and wrapped on a terminal, as plain text elsewhere.

Words of the wire are printed, never obeyed: control characters are shown as escapes.
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["Line", "grid", "plain", "print_lines", "terminal", "visible"]


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of a report: whose or what it is, the words, and a remark about them. `text` may have line breaks."""

    label: str
    text: str
    note: str = ""


LABEL_WIDTH: Final = 10
STYLES: Final[Mapping[str, str]] = {
    "user": "bold cyan",
    "assistant": "bold green",
    "system": "bold magenta",
    "call": "yellow",
    "output": "yellow",
    "heard": "green",
    "response": "red",
    "error": "bold red",
    "anomaly": "magenta",
    "torn": "red",
}

_HIDDEN: Final = (*range(0x20), *range(0x7F, 0xA0), 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_ESCAPES: Final = {code: repr(chr(code))[1:-1] for code in _HIDDEN if chr(code) not in "\n\t"}


def visible(text: str) -> str:
    """The text with what would steer a terminal, or turn the reading direction, as escapes (`\\x1b`)."""
    return text.replace("\r\n", "\n").translate(_ESCAPES)


def plain(line: Line) -> str:
    """A line as text: the words start in one column, further lines of theirs too, the note stands in brackets."""
    text = visible(line.text).replace("\n", "\n" + " " * (LABEL_WIDTH + 1))
    note = f"[{visible(line.note)}]" if line.note else ""
    return f"{visible(line.label):{LABEL_WIDTH}} {'  '.join(filter(None, (text, note)))}".rstrip()


def grid(lines: Iterable[Line]) -> "Table":
    """Lines for a terminal: labels in their colours, words wrapped in a column of their own, notes dim."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1))
    table.add_column(min_width=LABEL_WIDTH, no_wrap=True)
    table.add_column(overflow="fold")
    for line in lines:
        words = Text(visible(line.text), style="" if line.label in STYLES else "dim")
        if line.note:
            words.append(f"{'  ' if line.text else ''}[{visible(line.note)}]", style="dim")
        table.add_row(Text(visible(line.label), style=STYLES.get(line.label, "dim")), words)
    return table


def terminal() -> "Console | None":
    """The terminal that stdout is, None where it is a file or a pipe."""
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else None


def print_lines(lines: Iterable[Line]) -> None:
    """Print lines to stdout, as it can take them."""
    console = terminal()
    if console is not None:
        console.print(grid(lines))
        return
    for line in lines:
        sys.stdout.write(plain(line) + "\n")
