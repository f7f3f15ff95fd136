"""The server that the rows over a socket talk to, in an interpreter of its own: `python -m tests.benchmarks.far_side`.

It prints its port and ends with its input. The path of a connection says what it does: `/small/20` greets, waits for
one frame and then writes a workload's frames as fast as the socket takes them, ready made; `/sink` reads and forgets.
"""

import atexit
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.sync.server import ServerConnection, serve

from tests.benchmarks.workload import Script, frames_of

__all__ = ["url"]

ROOT = Path(__file__).resolve().parents[2]


@lru_cache(maxsize=2)
def url(module: str = "far_side") -> str:
    """The URL of the far side, or of another one: started at the first call, it ends with this process."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(started(module))


@contextmanager
def started(module: str) -> Iterator[str]:
    """The URL of a far side that runs while the block does."""
    command = [sys.executable, "-m", f"tests.benchmarks.{module}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as far:
        assert far.stdin is not None
        assert far.stdout is not None
        try:
            yield f"ws://127.0.0.1:{int(far.stdout.readline())}"
        finally:
            far.stdin.close()


def main() -> None:
    with serve(answer, "127.0.0.1", 0, compression=None, max_size=None, ping_interval=None, close_timeout=1) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.socket.getsockname()[1], flush=True)
        sys.stdin.read()


def answer(connection: ServerConnection) -> None:
    assert connection.request is not None
    _, kind, *size = connection.request.path.split("/")
    with suppress(ConnectionClosed, OSError):
        connection.send(greeting())
        if kind != "sink":
            connection.recv()
            connection.socket.sendall(on_the_wire(kind, int(size[0])))
        while True:
            connection.recv()


@lru_cache
def greeting() -> str:
    return next(Script(sound=False).greeting()).frame.decode()


@lru_cache
def on_the_wire(kind: str, size: int) -> bytes:
    """The frames of a workload as websocket frames, one after the other."""
    return b"".join(Frame(Opcode.TEXT, frame).serialize(mask=False) for frame in frames_of(kind, size))


if __name__ == "__main__":
    main()
