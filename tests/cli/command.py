"""The command as its users run it: in a subprocess of its own, with what it printed and how it ended."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["COMMAND", "HERE", "all_of", "environment", "last_line", "run_command", "started"]

COMMAND = (sys.executable, "-m", "realtime_sdk")
HERE = Path(__file__).parent


def environment(**changes: str) -> Mapping[str, str]:
    """The environment of a plain pipe: no colours asked for, no key."""
    unwanted = {"FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "OPENAI_API_KEY", "COLUMNS"}
    return {**{name: value for name, value in os.environ.items() if name not in unwanted}, **changes}


def run_command(*arguments: str | Path, cwd: Path | None = None, **changes: str) -> subprocess.CompletedProcess[bytes]:
    """Run `realtime-sdk` with some arguments."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        cwd=cwd,
        env=environment(**changes),
        check=False,
    )


@contextmanager
def started(*arguments: str | Path, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A command that runs for as long as the block lasts; what it says comes through pipes, unless told otherwise."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": environment()}
    with subprocess.Popen([*COMMAND, *map(str, arguments)], **{**pipes, **options}) as process:
        try:
            yield process
        except BaseException:
            process.kill()  # or leaving the block would wait for it
            raise


def last_line(text: bytes) -> str:
    """The only line of an error message, or the last one of a report."""
    return text.decode().rstrip("\n").rpartition("\n")[2]


def all_of(descriptor: int) -> str:
    """What is written to a terminal until its other end is closed. Closes it."""
    chunks: list[bytes] = []
    try:
        while chunk := os.read(descriptor, 65_536):
            chunks.append(chunk)
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(descriptor)
    return b"".join(chunks).decode()
