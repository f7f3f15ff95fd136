"""Servers that break on real websockets: TCP cut between frames and in the middle of one, upgrades refused, stalls."""

import json
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any

import anyio
from websockets.exceptions import ConnectionClosed as PeerGone
from websockets.frames import Frame, Opcode

from realtime_sdk.errors import ConnectionClosed
from realtime_sdk.session import RealtimeSession, connect
from realtime_sdk.session.lines import over_websocket
from realtime_sdk.transport import Endpoint, WebsocketOptions
from realtime_sdk.transport.websocket import running_loop
from tests.session.faulty import Break, Faulty, Prepare, closes
from tests.transport.loopback import close, cut, serving

OPTIONS = WebsocketOptions(proxy=False, ping_interval=None, close_timeout=0.2)
LONGEST_STALL_S = 0.02
REFUSED_EVERY = 3
"""So many new connections of sessions that had one before, and one more is refused."""


class FarEnd:
    """The server's end of a websocket, as the scripted server wants it."""

    def __init__(self, websocket: Any) -> None:
        self.websocket = websocket

    async def send(self, frame: bytes) -> None:
        try:
            await self.websocket.send(frame, text=True)
        except PeerGone:
            raise ConnectionClosed from None

    async def receive(self) -> bytes:
        try:
            frame: bytes = await self.websocket.recv(decode=False)
        except PeerGone:
            raise ConnectionClosed from None
        return frame

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        await close(self.websocket, code, reason)

    async def cut(self) -> None:
        """End the TCP connection without a word."""
        await cut(self.websocket)

    async def write(self, raw: bytes) -> None:
        """Put bytes on the wire beside the protocol."""
        if running_loop() == "trio":
            await self.websocket.stream.send_all(raw)
        else:
            self.websocket.transport.write(raw)


class TornFaulty(Faulty):
    """A server whose connection breaks as TCP connections do. It counts what went wrong."""

    transport: FarEnd
    count: Counter[str]

    @property
    def breaks(self) -> tuple[Break, ...]:
        return SOCKET_BREAKS

    async def break_somehow(self) -> None:
        self.count["breaks"] += 1
        await super().break_somehow()

    async def is_cut(self) -> None:
        await self.transport.cut()

    async def is_cut_in_a_frame(self) -> None:
        event: dict[str, Any] = {"type": "rate_limits.updated", "event_id": "event_torn", "rate_limits": []}
        whole = Frame(Opcode.TEXT, json.dumps(event).encode()).serialize(mask=False)
        await self.transport.write(whole[: self.faults.randrange(1, len(whole))])
        self.count["torn frames"] += 1
        await self.transport.cut()

    async def stalls(self) -> None:
        await anyio.sleep(self.faults.random() * LONGEST_STALL_S)


SOCKET_BREAKS: tuple[Break, ...] = (
    closes(1000),
    closes(1011),
    Faulty.expires,
    Faulty.tears_a_frame,
    Faulty.blames_somebody,
    Faulty.floods,
    lambda server: server.is_cut(),
    lambda server: server.is_cut_in_a_frame(),
    lambda server: server.stalls(),
)


class Port:
    """One port for many sessions, one session at a time; it counts what went wrong."""

    def __init__(self) -> None:
        self.url = ""
        self.count: Counter[str] = Counter()
        self.servers: SocketServers | None = None

    async def handle(self, websocket: Any) -> None:
        """Be the server of one connection."""
        assert self.servers is not None
        server = TornFaulty(FarEnd(websocket))
        server.count = self.count
        self.servers.add(server)
        with suppress(PeerGone, OSError, anyio.BrokenResourceError):
            await server.run()

    def admit(self, websocket: Any, _request: Any) -> Any:
        """Refuse some upgrades as an overloaded server does."""
        if self.servers is None or not self.servers.refuses():
            return None
        self.count["refused upgrades"] += 1
        return websocket.respond(HTTPStatus.SERVICE_UNAVAILABLE, "come back later\n")


@asynccontextmanager
async def faulty_port() -> AsyncGenerator[Port, None]:
    """A websocket server whose connections break."""
    port = Port()
    async with serving(port.handle, process_request=port.admit, close_timeout=0.2) as port.url:
        yield port


class SocketServers:
    """The servers of one session: like `Servers`, reached over a port."""

    def __init__(self, port: Port, prepare: Prepare) -> None:
        self.all: list[TornFaulty] = []
        self._prepare = prepare
        self._port = port
        port.servers = self

    def add(self, server: TornFaulty) -> None:
        """A connection was made."""
        server.session["id"] = f"sess_{len(self.all) + 1}"
        self._prepare(server, len(self.all))
        self.all.append(server)

    def refuses(self) -> bool:
        """Whether the next connection is refused: never the first one, and of the others every so many."""
        self._port.count["reconnects"] += bool(self.all)
        return bool(self.all) and self._port.count["reconnects"] % REFUSED_EVERY == 0

    @asynccontextmanager
    async def talking(self, **how: Any) -> AsyncGenerator[tuple[RealtimeSession, "SocketServers"], None]:
        """A session with them."""
        async with connect(Endpoint(self._port.url), transport=over_websocket(OPTIONS), **how) as session:
            yield session, self
