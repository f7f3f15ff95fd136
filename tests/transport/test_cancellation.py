"""What cancelling leaves of an open websocket: whole frames, no socket. And what many users of one may do."""

from collections.abc import AsyncGenerator
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from realtime_sdk.transport import Transport, WebsocketOptions
from tests.transport.loopback import connected, echo, until_closed


async def test_a_cancelled_receive_loses_nothing() -> None:
    count = 300

    async def handle(websocket: Any) -> None:
        for number in range(count):
            await websocket.send(str(number))
        await until_closed(websocket)

    got: list[bytes] = []
    async with connected(handle) as transport:
        while len(got) < count:
            with anyio.move_on_after(0):
                got.append(await transport.receive())
            async with anyio.create_task_group() as group:
                group.start_soon(receive_into, transport, got)
                await anyio.lowlevel.checkpoint()
                group.cancel_scope.cancel()
            if len(got) < count:
                got.append(await transport.receive())
    assert got == [str(number).encode() for number in range(count)]


async def receive_into(transport: Transport, got: list[bytes]) -> None:
    got.append(await transport.receive())


async def test_a_receive_cancelled_amid_a_fragmented_message_loses_nothing() -> None:
    more = anyio.Event()

    async def pieces() -> AsyncGenerator[str, None]:
        yield "a"
        yield "b"
        await more.wait()
        yield "c"

    async def handle(websocket: Any) -> None:
        await websocket.send(pieces())
        await until_closed(websocket)

    got: list[bytes] = []
    async with connected(handle) as transport:
        async with anyio.create_task_group() as group:
            group.start_soon(receive_into, transport, got)
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
        more.set()
        got.append(await transport.receive())
    assert got == [b"abc"]


async def test_a_second_receive_at_the_same_time_is_refused() -> None:
    async with connected(until_closed) as transport, anyio.create_task_group() as group:
        group.start_soon(receive_into, transport, [])
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(anyio.BusyResourceError, match="already receiving from this resource"):
            await transport.receive()
        group.cancel_scope.cancel()


async def test_a_cancelled_send_tears_no_frame() -> None:
    release, got = anyio.Event(), list[int]()
    last = anyio.Event()

    async def read_when_released(websocket: Any) -> None:
        await release.wait()
        while len(got) < 3:
            got.append(len(await websocket.recv()))
        last.set()
        await until_closed(websocket)

    # The server stops reading after the first frame, so that the second cannot leave as a whole.
    async with connected(read_when_released, max_queue=0) as transport:
        await transport.send(b"1")
        async with anyio.create_task_group() as group:
            group.start_soon(transport.send, b"x" * 32_000_000)
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
        release.set()
        await transport.send(b"333")
        await last.wait()
    assert got == [1, 32_000_000, 3]


async def test_a_send_in_a_cancelled_scope_tears_no_frame() -> None:
    async with connected(echo) as transport:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await transport.send(b"first")
        await transport.send(b"second")
        got = [await transport.receive()]
        if got == [b"first"]:  # asyncio's write needs no wait, so it was not cancelled
            got.append(await transport.receive())
    assert got[-1] == b"second"


async def test_frames_of_many_senders_arrive_whole_and_each_in_its_order() -> None:
    got: list[tuple[int, int]] = []
    done = anyio.Event()

    async def handle(websocket: Any) -> None:
        while len(got) < 60:
            sender, number, filling = (await websocket.recv()).split(":")
            assert len(filling) == 20_000
            got.append((int(sender), int(number)))
        done.set()
        await until_closed(websocket)

    async def send_all(transport: Transport, sender: int) -> None:
        for number in range(20):
            await transport.send(b"%d:%d:" % (sender, number) + b"x" * 20_000)

    async with connected(handle) as transport:
        async with anyio.create_task_group() as group:
            for sender in range(3):
                group.start_soon(send_all, transport, sender)
        await done.wait()
    assert sorted(got) == [(sender, number) for sender in range(3) for number in range(20)]
    assert [[n for s, n in got if s == sender] for sender in range(3)] == [list(range(20))] * 3


async def test_a_cancelled_close_leaves_no_socket() -> None:
    release, gone = anyio.Event(), anyio.Event()

    async def read_late(websocket: Any) -> None:
        await release.wait()
        await until_closed(websocket)
        gone.set()

    options = WebsocketOptions(proxy=False, close_timeout=None)
    async with connected(read_late, options, max_queue=0) as transport:
        await transport.send(b"1")
        async with anyio.create_task_group() as group:
            group.start_soon(transport.aclose)
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
        release.set()
        await gone.wait()
