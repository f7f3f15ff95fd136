"""An open websocket: how it ends, what cancellation leaves, what is refused. The other end is a real server."""

from contextlib import suppress
from typing import Any

import anyio
import pytest
from websockets.exceptions import ConnectionClosed as WebsocketClosed

from realtime_sdk.errors import ConnectionClosed, ConnectionExpired, ConnectionLost, LocalProtocolError
from realtime_sdk.transport import Transport, WebsocketOptions
from tests.transport.loopback import close, connected, cut, echo, shape, until_closed


@pytest.mark.parametrize(
    ("code", "reason", "error"),
    [
        (1000, "done", ConnectionClosed),
        (1001, "Your session hit the maximum duration of 60 minutes.", ConnectionExpired),
        (1001, "", ConnectionExpired),
        (1002, "", ConnectionLost),
        (1003, "", ConnectionLost),
        (1007, "", ConnectionLost),
        (1008, "policy", ConnectionClosed),
        (1008, "session_expired", ConnectionExpired),
        (1009, "", ConnectionLost),
        (1011, "internal", ConnectionLost),
        (1012, "restart", ConnectionLost),
        (1013, "later", ConnectionLost),
        (1014, "", ConnectionLost),
        (3000, "invalid_request_error.invalid_api_key", ConnectionClosed),
        (4000, "invalid_request_error.beta_api_shape_disabled", ConnectionClosed),
        (4999, "", ConnectionClosed),
    ],
)
async def test_each_close_code_of_the_server_becomes_its_error(
    code: int, reason: str, error: type[ConnectionClosed]
) -> None:
    async def handle(websocket: Any) -> None:
        await websocket.send("last words")
        await close(websocket, code, reason)

    async with connected(handle) as transport:
        assert await transport.receive() == b"last words"
        for use in (transport.receive(), transport.receive(), transport.send(b"{}")):
            with pytest.raises(ConnectionClosed) as caught:
                await use
            assert shape(caught.value) == (error, code, reason)


async def test_an_empty_close_frame_is_a_lost_connection_with_1005() -> None:
    async def handle(websocket: Any) -> None:
        await close(websocket, None)

    async with connected(handle) as transport:
        with pytest.raises(ConnectionLost) as caught:
            await transport.receive()
    assert shape(caught.value) == (ConnectionLost, 1005, "")


async def test_a_dropped_tcp_connection_is_a_lost_connection_with_1006() -> None:
    async with connected(cut) as transport:
        with pytest.raises(ConnectionLost, match="without a close frame") as caught:
            await transport.receive()
        with pytest.raises(ConnectionLost) as sending:
            await transport.send(b"{}")
    assert shape(caught.value) == shape(sending.value) == (ConnectionLost, 1006, "")


async def test_frames_before_a_drop_are_received_before_it_is_raised() -> None:
    async def handle(websocket: Any) -> None:
        for number in range(5):
            await websocket.send(str(number))
        assert await websocket.recv() == "all sent?"
        await cut(websocket)

    async with connected(handle) as transport:
        await transport.send(b"all sent?")
        assert [await transport.receive() for _ in range(5)] == [b"0", b"1", b"2", b"3", b"4"]
        with pytest.raises(ConnectionLost):
            await transport.receive()


async def test_an_own_close_tells_the_server_and_ends_both_directions() -> None:
    told: list[tuple[int | None, str | None]] = []
    ended = anyio.Event()

    async def handle(websocket: Any) -> None:
        await until_closed(websocket)
        told.append((websocket.close_code, websocket.close_reason))
        ended.set()

    async with connected(handle) as transport:
        await transport.aclose(4321, "enough")
        await transport.aclose()
        for use in (transport.send(b"{}"), transport.receive()):
            with pytest.raises(ConnectionClosed) as caught:
                await use
            assert shape(caught.value) == (ConnectionClosed, 4321, "enough")
        await ended.wait()
    assert told == [(4321, "enough")]


async def test_an_own_close_ends_a_waiting_receive() -> None:
    caught: list[ConnectionClosed] = []

    async def wait_for_frame(transport: Transport) -> None:
        with pytest.raises(ConnectionClosed) as info:
            await transport.receive()
        caught.append(info.value)

    async with connected(until_closed) as transport, anyio.create_task_group() as group:
        group.start_soon(wait_for_frame, transport)
        await anyio.wait_all_tasks_blocked()
        await transport.aclose(1000, "bye")
    assert [shape(error) for error in caught] == [(ConnectionClosed, 1000, "bye")]


async def test_everything_sent_before_the_close_arrives() -> None:
    got: list[int] = []
    ended = anyio.Event()

    async def handle(websocket: Any) -> None:
        try:
            while True:
                got.append(len(await websocket.recv()))
        except Exception:
            ended.set()

    async with connected(handle) as transport:
        for size in (1, 200_000, 3, 1_000_000):
            await transport.send(b"x" * size)
        await transport.aclose()
        await ended.wait()
    assert got == [1, 200_000, 3, 1_000_000]


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2000, 5000])
async def test_a_code_that_no_frame_may_carry_is_refused(code: int) -> None:
    async with connected(echo) as transport:
        with pytest.raises(LocalProtocolError, match=f"{code} is no close code"):
            await transport.aclose(code)
        await transport.send(b"still open")
        assert await transport.receive() == b"still open"


async def test_a_long_reason_is_cut_to_what_a_frame_holds() -> None:
    told: list[str | None] = []
    ended = anyio.Event()

    async def handle(websocket: Any) -> None:
        await until_closed(websocket)
        told.append(websocket.close_reason)
        ended.set()

    async with connected(handle) as transport:
        await transport.aclose(1000, "é" * 100)
        await ended.wait()
    assert told == ["é" * 61]


@pytest.mark.parametrize("pieces", [1, 3], ids=["whole", "fragmented"])
async def test_a_frame_over_max_size_names_the_option(pieces: int) -> None:
    async def handle(websocket: Any) -> None:
        await websocket.send("small")
        await websocket.send("x" * 2_000 if pieces == 1 else ["x" * 700] * pieces)
        await until_closed(websocket)

    options = WebsocketOptions(proxy=False, max_size=1_500)
    async with connected(handle, options) as transport:
        assert await transport.receive() == b"small"
        with pytest.raises(ConnectionLost, match=r"larger than 1500 bytes; raise options\.max_size") as caught:
            await transport.receive()
    assert caught.value.code == 1009


async def test_a_server_that_answers_no_ping_is_a_lost_connection() -> None:
    release = anyio.Event()

    async def read_late(websocket: Any) -> None:
        await release.wait()
        await until_closed(websocket)

    options = WebsocketOptions(proxy=False, ping_interval=0.05, ping_timeout=0.05, close_timeout=0.1)
    # With room for no frame the server stops reading after the first one, so that it sees no ping.
    async with connected(read_late, options, max_queue=0) as transport:
        with pytest.raises(ConnectionLost, match="keepalive ping timeout") as caught:
            await transport.send(b"1")  # on a busy machine it may be too late for that already
            await transport.receive()
        release.set()
    assert caught.value.code == 1011


async def test_closing_does_not_wait_longer_than_close_timeout_for_a_server_that_reads_nothing() -> None:
    release = anyio.Event()

    async def read_late(websocket: Any) -> None:
        await release.wait()
        await until_closed(websocket)

    options = WebsocketOptions(proxy=False, close_timeout=0.1)
    async with connected(read_late, options, max_queue=0) as transport:
        await transport.send(b"1")
        async with anyio.create_task_group() as group:
            group.start_soon(send_until_closed, transport, b"x" * 32_000_000)
            await anyio.wait_all_tasks_blocked()
            await transport.aclose()
        release.set()


async def send_until_closed(transport: Transport, frame: bytes) -> None:
    with pytest.raises(ConnectionClosed):
        while True:
            await transport.send(frame)


@pytest.mark.parametrize("frames", [3, 400])
async def test_frames_that_nobody_received_do_not_hold_up_a_close(frames: int) -> None:
    told: list[int | None] = []
    ended = anyio.Event()

    async def handle(websocket: Any) -> None:
        with suppress(WebsocketClosed):
            for _ in range(frames):
                await websocket.send("x" * 10_000)
        await until_closed(websocket)
        told.append(websocket.close_code)
        ended.set()

    options = WebsocketOptions(proxy=False, close_timeout=None)
    async with connected(handle, options) as transport:
        await transport.receive()
        await anyio.wait_all_tasks_blocked()
        await transport.aclose()
        with pytest.raises(ConnectionClosed) as caught:
            await transport.receive()
        await ended.wait()
    assert shape(caught.value) == (ConnectionClosed, 1000, "")
    assert told == [1000]


async def test_frames_that_nobody_received_do_not_hold_up_a_drop() -> None:
    async def handle(websocket: Any) -> None:
        with suppress(WebsocketClosed):
            for _ in range(400):
                await websocket.send("x" * 10_000)
        await until_closed(websocket)

    options = WebsocketOptions(proxy=False, close_timeout=0)
    async with connected(handle, options) as transport:
        await transport.receive()
        await anyio.wait_all_tasks_blocked()
