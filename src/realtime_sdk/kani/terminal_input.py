"""Lines typed into a terminal, awaited. Kani's own way leaves a thread behind, which takes the next line from others.

Where there is no terminal (a pipe, a notebook, Windows) Kani's way is taken.
"""

import asyncio
import os
import sys

from kani.utils.cli import ainput

__all__ = ["typed_line"]

_MOST_AT_ONCE = 65_536


async def typed_line(prompt: str) -> str:
    """The line that is typed next, without its end. EOFError at Ctrl-D. Who is cancelled leaves nothing that reads."""
    if not sys.stdin.isatty():
        return await ainput(prompt)
    loop, fd, ready = asyncio.get_running_loop(), sys.stdin.fileno(), asyncio.Event()
    try:
        loop.add_reader(fd, ready.set)
    except (NotImplementedError, OSError):
        return await ainput(prompt)
    try:
        print(prompt, end="", flush=True)
        return await _line(fd, ready)
    finally:
        loop.remove_reader(fd)


async def _line(fd: int, ready: asyncio.Event) -> str:
    """A terminal gives whole lines, or what stands there at Ctrl-D: nothing means the end."""
    line = b""
    while not line.endswith(b"\n"):
        await ready.wait()
        ready.clear()
        piece = os.read(fd, _MOST_AT_ONCE)
        if not piece:
            raise EOFError
        line += piece
    return line.decode(sys.stdin.encoding, "replace").rstrip("\r\n")
