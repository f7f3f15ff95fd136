"""The pair in memory: what a websocket does, without one."""

from typing import Any

import anyio
import pytest

from realtime_sdk.errors import ConnectionClosed, ConnectionExpired, ConnectionLost
from realtime_sdk.transport import Transport, pair


def shape(error: ConnectionClosed) -> tuple[type[ConnectionClosed], int | None, str]:
    return type(error), error.code, error.reason


async def test_frames_cross_in_order_both_ways() -> None:
    client, server = pair()
    assert isinstance(client, Transport)
    for frame in (b"1", b"2", b"3"):
        await client.send(frame)
        await server.send(frame * 2)
    assert [await server.receive() for _ in range(3)] == [b"1", b"2", b"3"]
    assert [await client.receive() for _ in range(3)] == [b"11", b"22", b"33"]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (1000, ConnectionClosed),
        (1001, ConnectionExpired),
        (1006, ConnectionLost),
        (1011, ConnectionLost),
        (4000, ConnectionClosed),
    ],
)
async def test_a_close_carries_its_code_over_after_the_frames_before_it(
    code: int, error: type[ConnectionClosed]
) -> None:
    client, server = pair()
    await server.send(b"last")
    await server.aclose(code, "why")
    await server.aclose(4999, "again")
    assert await client.receive() == b"last"
    for use in (client.receive(), client.send(b"x")):
        with pytest.raises(ConnectionClosed) as caught:
            await use
        assert shape(caught.value) == (error, code, "why")
    for use in (server.receive(), server.send(b"x")):
        with pytest.raises(ConnectionClosed) as caught:
            await use
        assert shape(caught.value) == (ConnectionClosed, code, "why")


async def test_closing_after_the_other_end_closed_changes_nothing() -> None:
    client, server = pair()
    await server.aclose(1011, "first")
    await client.aclose(1000, "second")
    with pytest.raises(ConnectionLost) as caught:
        await client.receive()
    assert shape(caught.value) == (ConnectionLost, 1011, "first")


async def test_waiting_ends_are_woken_by_a_close() -> None:
    ends: list[tuple[str, Any]] = []

    async def waits(name: str, call: Any, *arguments: bytes) -> None:
        with pytest.raises(ConnectionClosed) as caught:
            await call(*arguments)
        ends.append((name, caught.value.code))

    with anyio.fail_after(5):
        client, server = pair(limit=1)
        await client.send(b"fills the server's inbox")
        async with anyio.create_task_group() as group:
            group.start_soon(waits, "receive", client.receive)
            group.start_soon(waits, "send", client.send, b"no room")
            await anyio.wait_all_tasks_blocked()
            await server.aclose(1013)
    assert sorted(ends) == [("receive", 1013), ("send", 1013)]


async def test_a_full_inbox_holds_the_sender_until_a_frame_is_received() -> None:
    client, server = pair(limit=2)
    sent: list[int] = []

    async def send_all() -> None:
        for number in range(5):
            await client.send(b"%d" % number)
            sent.append(number)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(send_all)
            await anyio.wait_all_tasks_blocked()
            assert sent == [0, 1]
            assert await server.receive() == b"0"
            await anyio.wait_all_tasks_blocked()
            assert sent == [0, 1, 2]
            assert [await server.receive() for _ in range(4)] == [b"1", b"2", b"3", b"4"]


async def test_cancellation_loses_and_doubles_nothing() -> None:
    client, server = pair(limit=1)
    got: list[bytes] = []

    async def receive_one() -> None:
        got.append(await server.receive())

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(receive_one)
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
        await client.send(b"1")
        async with anyio.create_task_group() as group:
            group.start_soon(client.send, b"never")
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
        await receive_one()
        await client.send(b"2")
        await receive_one()
    assert got == [b"1", b"2"]


async def test_a_second_receive_at_the_same_time_is_refused() -> None:
    client, _ = pair()
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(client.receive)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(anyio.BusyResourceError):
                await client.receive()
            group.cancel_scope.cancel()


def test_a_pair_made_outside_of_a_loop_works_inside() -> None:
    client, server = pair()

    async def cross() -> bytes:
        await client.send(b"x")
        return await server.receive()

    assert anyio.run(cross) == b"x"
    assert repr(client) == "<memory transport open, 0 to receive>"


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="limit must be at least 1"):
        pair(limit=0)
