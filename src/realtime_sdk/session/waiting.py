"""Waiting with a limit: one place where a time that has run out becomes our error."""

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final

import anyio

from realtime_sdk.errors import RequestTimeout

__all__ = ["limited"]

_UNLIMITED: Final = nullcontext()
"""One for all, and no scope of cancellation: audio goes out fifty times a second."""


def limited(seconds: float | None, waiting_for: str) -> AbstractContextManager[None]:
    """A block that may take `seconds`, None any time. Raises RequestTimeout, which says what was waited for."""
    return _UNLIMITED if seconds is None else _limited(seconds, waiting_for)


@contextmanager
def _limited(seconds: float, waiting_for: str) -> Generator[None, None, None]:
    with anyio.move_on_after(seconds) as scope:
        yield
    if scope.cancelled_caught:
        said = f"waited {seconds} s for {waiting_for}"
        raise RequestTimeout(said, seconds=seconds, waiting_for=waiting_for)
