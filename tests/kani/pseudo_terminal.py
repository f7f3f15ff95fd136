"""A program in a terminal of its own: what it shows, and keys for it."""

import asyncio
import fcntl
import os
import re
import signal
import struct
import sys
import termios
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

COLUMNS, ROWS = 60, 24
CTRL_C, CTRL_D = b"\x03", b"\x04"
_KNOWN = re.compile(r"\x1b\[(\d*)([A-Z])|\x1b\[\?25[lh]|\r|\n|[^\x1b\r\n]+")


class Terminal:
    """A pseudo-terminal with a Python program in it."""

    def __init__(self, keyboard: int, screen: int, program: asyncio.subprocess.Process) -> None:
        self.out = ""
        self._keyboard = keyboard
        self._program = program
        self._settings = termios.tcgetattr(screen)
        self._screen = screen
        self._seen = 0
        self._more = asyncio.Event()
        asyncio.get_running_loop().add_reader(keyboard, self._read)

    def press(self, keys: bytes) -> None:
        os.write(self._keyboard, keys)

    async def until(self, text: str) -> None:
        """Wait until this is shown, after what was waited for before."""
        while (found := self.out.find(text, self._seen)) < 0:
            await self._next()
        self._seen = found + len(text)

    async def ever(self, text: str) -> None:
        """Wait until this is shown, if it was not."""
        while text not in self.out:
            await self._next()

    async def ended(self) -> int:
        """Wait for the end; the program's exit code."""
        code = await self._program.wait()
        self._read()
        return code

    @property
    def is_as_before(self) -> bool:
        """Whether the terminal's settings are what they were, and its cursor is there."""
        shown, hidden = self.out.rfind("\x1b[?25h"), self.out.rfind("\x1b[?25l")
        return termios.tcgetattr(self._screen) == self._settings and shown >= hidden

    @property
    def lines(self) -> list[str]:
        """What stands on the screen, as a terminal of endless height shows it."""
        lines, row, column = [""], 0, 0
        for match in _KNOWN.finditer(self.out):
            number, command = int(match[1] or 1), match[2]
            if match[0] == "\n":
                row += 1
                lines += [""] * (row + 1 - len(lines))
            elif match[0] == "\r":
                column = 0
            elif command == "A":
                row -= number
            elif command == "K":
                lines[row] = ""
            elif not match[0].startswith("\x1b"):
                line = lines[row].ljust(column)
                lines[row] = line[:column] + match[0] + line[column + len(match[0]) :]
                column += len(match[0])
        return [line.rstrip() for line in lines]

    async def _next(self) -> None:
        self._more.clear()
        await self._more.wait()

    def _read(self) -> None:
        os.set_blocking(self._keyboard, False)
        try:
            while piece := os.read(self._keyboard, 65_536):
                self.out += piece.decode()
                self._more.set()
        except OSError:  # nothing more now, or ever
            return


@asynccontextmanager
async def terminal(*arguments: str, env: Mapping[str, str]) -> AsyncGenerator[Terminal, None]:
    """Python with these arguments in a terminal; it is killed if it has not ended by the end of the block."""
    keyboard, screen = os.openpty()
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    how = {"stdin": screen, "stdout": screen, "stderr": screen, "start_new_session": True}
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        **how,  # type: ignore[arg-type]
        env={**os.environ, "TERM": "xterm", "PYTHONUTF8": "1", **env},
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    try:
        yield Terminal(keyboard, screen, program)
    finally:
        asyncio.get_running_loop().remove_reader(keyboard)
        if program.returncode is None:
            program.send_signal(signal.SIGKILL)
            await program.wait()
        os.close(keyboard)
        os.close(screen)
