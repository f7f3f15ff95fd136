"""How a command ends: the exit codes, and the exceptions that stand for them. One sentence for people, no traceback."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from realtime_sdk.errors import RealtimeError

__all__ = ["FAILED", "INTERRUPTED", "MISUSED", "PIPE_CLOSED", "Ending", "as_endings"]

FAILED: Final = 1
"""It could not be done: a file is unreadable or no log, a connection broke, a comparison failed."""
MISUSED: Final = 2
"""It cannot have been meant: an unknown option, dialect or file, a number out of range."""
INTERRUPTED: Final = 130
"""Ctrl-C: 128 and the number of the signal, as shells count."""
PIPE_CLOSED: Final = 141
"""Nobody reads the output any more (`| head`): 128 and the number of the signal."""


class Ending(Exception):  # noqa: N818 - an end, not always an error
    """The command ends here, with this exit code and this one line on stderr (none if it is empty)."""

    def __init__(self, line: str, code: int = FAILED) -> None:
        super().__init__(line)
        self.code = code


@contextmanager
def as_endings() -> Generator[None]:
    """Turn what a user can meet and mend into Endings; what is left is a mistake of ours, and keeps its traceback."""
    try:
        yield
    except Exception as error:
        ending = _ending_of(_first(error))
        if ending is None:
            raise
        raise ending from None


def _first(error: Exception) -> Exception:
    """The error itself, or the first one in a group of those that tasks raised together."""
    inner: tuple[Exception, ...] = getattr(error, "exceptions", ())
    return _first(inner[0]) if inner else error


def _ending_of(error: Exception) -> Ending | None:
    match error:
        case Ending():
            return error
        case BrokenPipeError():
            return Ending("", PIPE_CLOSED)
        case FileNotFoundError() | FileExistsError():
            return Ending(_sentence(error), MISUSED)
        case OSError():
            return Ending(_sentence(error))
        case RealtimeError():
            return Ending(" ".join(str(error).split()))
        case _:
            return None


def _sentence(error: OSError) -> str:
    if error.strerror is None:
        return str(error) or type(error).__name__
    return f"{error.filename}: {error.strerror}" if error.filename is not None else error.strerror
