"""The server of many sessions at once, in an interpreter of its own: `python -m tests.benchmarks.paced_side`.

It speaks in real time to whoever comes, and is as light as a server can be, so that a core of its own carries more than
any client can take: ready frames, no reading of what comes. Each piece of sound carries the time when it went out (ns,
monotonic) as its `event_id`. `/quiet` greets and says no more.
"""

import asyncio
import sys
import time
from functools import lru_cache

import orjson
import pybase64
from websockets.frames import Frame, Opcode
from websockets.utils import accept_key

from tests.benchmarks.workload import PCM_BYTES_PER_MS, Script, deltas, sound_alone

__all__ = ["said_ns"]

STAMPED = b'{"type":"response.output_audio.delta","event_id":"event_'
STAMP_SIZE = 21
PIECES = 40
CLOSE = b"\x88\x82"
CLOSED = b"\x88\x02\x03\xe8"


def said_ns(event_id: str) -> int:
    """When a piece of sound went out."""
    return int(event_id[6:])


def main() -> None:
    asyncio.run(serve())


async def serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Speaker, "127.0.0.1", 0, backlog=1_024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


class Speaker(asyncio.Protocol):
    """One client's server."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.head = b""
        self.is_open = False
        self.next_piece = 0
        self.due_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Read the handshake; after it, only look whether the client says goodbye."""
        if not self.is_open:
            self.head += data
            if self.head.endswith(b"\r\n\r\n"):
                self.open()
        elif says_goodbye(data):
            self.transport.write(CLOSED)
            self.transport.close()
        elif self.due_s:
            self.transport.pause_reading()  # until it is time to speak: then all that came is read at once

    def open(self) -> None:
        self.is_open = True
        lines = dict(line.split(b": ", 1) for line in self.head.split(b"\r\n")[1:] if line)
        key = next(value for name, value in lines.items() if name.lower() == b"sec-websocket-key")
        answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        self.transport.write(f"{answer}Sec-WebSocket-Accept: {accept_key(key.decode())}\r\n\r\n".encode())
        self.transport.write(on_the_wire(next(Script(sound=False).greeting()).frame))
        if b"/quiet" not in self.head.split(b"\r\n", 1)[0]:
            self.transport.write(b"".join(on_the_wire(frame) for frame in opening()))
            self.due_s = self.loop.time()
            self.speak()

    def speak(self) -> None:
        if self.transport.is_closing():
            return
        before, after, lasts_s = pieces()[self.next_piece % PIECES]
        self.next_piece += 1
        self.transport.writelines((before, b"%021d" % time.monotonic_ns(), after))
        self.transport.resume_reading()
        self.due_s += lasts_s
        self.loop.call_at(self.due_s, self.speak)


def says_goodbye(data: bytes) -> bool:
    """Whether the last that came is a close frame with code 1000; masked sound looks like one once in a lifetime."""
    code = bytes(masked ^ key for masked, key in zip(data[-2:], data[-6:-4], strict=False))
    return data[-8:-6] == CLOSE and code == CLOSED[2:]


def on_the_wire(frame: bytes) -> bytes:
    return Frame(Opcode.TEXT, frame).serialize(mask=False)


@lru_cache
def opening() -> tuple[bytes, ...]:
    """How the response begins that sounds ever after."""
    return sound_alone(0)


@lru_cache
def pieces() -> tuple[tuple[bytes, bytes, float], ...]:
    """Frames with sound: what stands before and behind the time, and how many seconds each lasts."""
    return tuple(_piece(frame) for frame in deltas(PIECES))


def _piece(frame: bytes) -> tuple[bytes, bytes, float]:
    lasts_s = len(pybase64.b64decode(orjson.loads(frame)["delta"])) / PCM_BYTES_PER_MS / 1_000
    frame = on_the_wire(frame)
    at = frame.index(STAMPED) + len(STAMPED)
    return frame[:at], frame[at + STAMP_SIZE :], lasts_s


if __name__ == "__main__":
    main()
