"""Waiting with a limit: one place where a time that has run out becomes our error."""

from collections.abc import Generator
from contextlib import contextmanager

import anyio

from realtime_sdk.errors import RequestTimeout

__all__ = ["limited"]


@contextmanager
def limited(seconds: float | None, waiting_for: str) -> Generator[None, None, None]:
    """A block that may take `seconds`, None any time. Raises RequestTimeout, which says what was waited for."""
    with anyio.move_on_after(seconds) as scope:
        yield
    if scope.cancelled_caught:
        said = f"waited {seconds} s for {waiting_for}"
        raise RequestTimeout(said, seconds=seconds, waiting_for=waiting_for)
