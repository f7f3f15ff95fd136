"""Ways to watch a conversation grow: redrawn in place on a terminal, line by line elsewhere, or not at all."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, Self

from realtime_sdk.cli.conversation import conversation, lines_of
from realtime_sdk.cli.lines import Line, grid, plain, terminal
from realtime_sdk.state import Item, RealtimeState

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Drawn", "Printed", "Unseen", "View", "view_of"]

_REDRAW_S: Final = 1 / 15


class View(Protocol):
    """What is told how a conversation goes: what there is to say before it, its states, and what comes after it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def begin(self, *lines: Line) -> None:
        """It begins; these lines stand above it."""
        ...

    def see(self, state: RealtimeState) -> None:
        """The conversation stands like this now."""
        ...

    def finish(self, state: RealtimeState, *lines: Line) -> None:
        """It ended like this; these lines come after it."""
        ...


def view_of(*, quiet: bool) -> "Drawn | Printed | Unseen":
    """The view that fits stdout."""
    if quiet:
        return Unseen()
    console = terminal()
    return Printed() if console is None else Drawn(console)


class _Plainly:
    """A view that needs no opening and no closing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class Unseen(_Plainly):
    """Shows nothing."""

    def begin(self, *lines: Line) -> None:
        """Nothing."""

    def see(self, state: RealtimeState) -> None:
        """Nothing."""

    def finish(self, state: RealtimeState, *lines: Line) -> None:
        """Nothing."""


class Printed(_Plainly):
    """Prints the lines of an item once they are final, in the order of the conversation; then what was heard."""

    def __init__(self) -> None:
        self._told: dict[str, int] = {}

    def begin(self, *lines: Line) -> None:
        """Print the lines."""
        self._print(*lines)
        sys.stdout.flush()

    def see(self, state: RealtimeState) -> None:
        """Print what has become final, up to the first item that has not."""
        for item in state.conversation.items.values():
            if item.id not in self._told and not _is_settled(item):
                break
            self._tell(item)
        sys.stdout.flush()

    def finish(self, state: RealtimeState, *lines: Line) -> None:
        """Print what never became final, and the lines."""
        for item in state.conversation.items.values():
            self._tell(item)
        self._print(*lines)

    def _tell(self, item: Item) -> None:
        """Print the lines of an item that were not printed yet."""
        told, lines = self._told.get(item.id, 0), tuple(lines_of(item))
        self._told[item.id] = max(told, len(lines))
        self._print(*lines[told:])

    def _print(self, *lines: Line) -> None:
        for line in lines:
            sys.stdout.write(plain(line) + "\n")


def _is_settled(item: Item) -> bool:
    """Whether nothing about the item is to be awaited: its end, and the words of what was spoken."""
    return item.is_final and all(
        part.final or part.transcript_error is not None for part in item.parts if part.type == "input_audio"
    )


class Drawn:
    """Redraws the whole conversation in place, at most fifteen times a second."""

    def __init__(self, console: "Console") -> None:
        from rich.live import Live

        self._live = Live(console=console, auto_refresh=False, vertical_overflow="visible")
        self._heading: tuple[Line, ...] = ()
        self._drawn_s = 0.0

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def begin(self, *lines: Line) -> None:
        """Draw the lines, and keep them above what follows."""
        self._heading = lines
        self._live.update(grid(lines), refresh=True)

    def see(self, state: RealtimeState) -> None:
        """Redraw, unless that was done just now: more comes, or the end."""
        now_s = time.monotonic()
        if now_s - self._drawn_s >= _REDRAW_S:
            self._drawn_s = now_s
            self._draw(state)

    def finish(self, state: RealtimeState, *lines: Line) -> None:
        """Draw the conversation a last time, with the lines under it."""
        self._draw(state, *lines)

    def _draw(self, state: RealtimeState, *lines: Line) -> None:
        shown = [line for line in conversation(state) if not (line.label == "response" and line.text == "in progress")]
        self._live.update(grid((*self._heading, *shown, *lines)), refresh=True)
