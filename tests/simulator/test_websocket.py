"""The server's end of a websocket, spoken to by a protocol without manners: pieces, pings, size, sudden ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.abc
import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from realtime_sdk.errors import ConnectionClosed, ConnectionLost
from realtime_sdk.simulator.sockets import Visit, listening
from realtime_sdk.transport import Transport


class Client:
    """A websocket client that writes what it is told, and reads frame by frame."""

    def __init__(self, stream: anyio.abc.SocketStream, protocol: ClientProtocol) -> None:
        self.stream = stream
        self.protocol = protocol
        self.frames: list[Frame] = []

    async def flush(self, *, piece: int = 1_000_000) -> None:
        written = b"".join(self.protocol.data_to_send())
        for start in range(0, len(written), piece):
            await self.stream.send(written[start : start + piece])

    async def frame(self) -> tuple[Opcode, bytes]:
        """Return the next frame."""
        while not self.frames:
            self.protocol.receive_data(await self.stream.receive())
            self.frames += [event for event in self.protocol.events_received() if isinstance(event, Frame)]
        frame = self.frames.pop(0)
        return frame.opcode, bytes(frame.data)


@asynccontextmanager
async def client(port: int) -> AsyncIterator[Client]:
    """A client that has shaken hands."""
    protocol = ClientProtocol(parse_uri(f"ws://127.0.0.1:{port}/v1/realtime"), max_size=None)
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        protocol.send_request(protocol.connect())
        made = Client(stream, protocol)
        await made.flush(piece=7)
        while not protocol.events_received():
            protocol.receive_data(await stream.receive())
        yield made


async def echo(visit: Visit) -> None:
    """Say what is said."""
    transport = await visit.accept()
    while True:
        await transport.send(await transport.receive())


async def test_pings_are_answered_and_pieces_are_put_together() -> None:
    async with listening(echo, host="127.0.0.1", port=0) as port, client(port) as other:
        other.protocol.send_text(b"one, ", fin=False)
        other.protocol.send_ping(b"there?")
        other.protocol.send_continuation(b"two", fin=True)
        await other.flush(piece=3)
        assert [await other.frame(), await other.frame()] == [(Opcode.PONG, b"there?"), (Opcode.TEXT, b"one, two")]


async def test_frames_of_megabytes_pass_whole() -> None:
    large = b"x" * 3_500_000
    async with listening(echo, host="127.0.0.1", port=0) as port, client(port) as other:
        other.protocol.send_text(large)
        await other.flush()
        assert await other.frame() == (Opcode.TEXT, large)


@pytest.mark.parametrize("code", [1000, 4000, None])
async def test_a_close_is_told_with_its_code_and_answered(code: int | None) -> None:
    ends: list[ConnectionClosed] = []

    async def hear(visit: Visit) -> None:
        try:
            await (await visit.accept()).receive()
        except ConnectionClosed as end:
            ends.append(end)

    async with listening(hear, host="127.0.0.1", port=0) as port, client(port) as other:
        other.protocol.send_close(code, "" if code is None else "bye")
        await other.flush()
        opcode, _ = await other.frame()
        assert opcode is Opcode.CLOSE
    assert [(end.code, end.reason) for end in ends] == [(1005, "") if code is None else (code, "bye")]


async def test_a_cut_cable_is_a_lost_connection_for_who_receives_and_who_sends() -> None:
    ended = anyio.Event()

    async def hear(visit: Visit) -> None:
        transport: Transport = await visit.accept()
        for use in (transport.receive, lambda: transport.send(b"late")):
            with pytest.raises(ConnectionLost) as caught:
                await use()
            assert caught.value.code == 1006
        ended.set()

    async with listening(hear, host="127.0.0.1", port=0) as port:
        async with client(port):
            pass
        await ended.wait()


async def test_what_is_no_websocket_frame_ends_the_connection_and_nothing_else() -> None:
    async with listening(echo, host="127.0.0.1", port=0) as port:
        async with client(port) as other:
            await other.stream.send(b"\xff\xff\xff\xff")
            assert (await other.frame())[0] is Opcode.CLOSE
        async with client(port) as other:
            other.protocol.send_text(b"still here")
            await other.flush()
            assert await other.frame() == (Opcode.TEXT, b"still here")


async def test_a_handshake_that_cannot_be_is_refused() -> None:
    async with listening(echo, host="127.0.0.1", port=0) as port:
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await stream.send(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            assert (await stream.receive()).startswith(b"HTTP/1.1 400 ")


async def test_one_receives_at_a_time_and_closing_waits_for_the_one_who_does() -> None:
    async def busy(visit: Visit) -> None:
        transport = await visit.accept()
        async with anyio.create_task_group() as group:
            group.start_soon(drained, transport)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(anyio.BusyResourceError):
                await transport.receive()
            await transport.aclose(4001, "enough")

    async def drained(transport: Transport) -> None:
        with pytest.raises(ConnectionClosed) as caught:
            await transport.receive()
        assert caught.value.code == 4001

    async with listening(busy, host="127.0.0.1", port=0) as port, client(port) as other:
        assert await other.frame() == (Opcode.CLOSE, b"\x0f\xa1enough")
        await other.flush()
        with pytest.raises(anyio.EndOfStream):
            await other.frame()
