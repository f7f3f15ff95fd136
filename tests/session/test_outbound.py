"""One sender at a time, in the order of coming; those who wait can give up, and too much waiting is refused."""

import anyio
import pytest
from anyio.lowlevel import checkpoint

from realtime_sdk.errors import ConnectionLost, OutboundFull
from realtime_sdk.session.outbound import Outbound
from realtime_sdk.transport import pair


async def idle() -> None:
    for _ in range(10):
        await checkpoint()


class Senders:
    """Tasks that enter one after the other and say so."""

    def __init__(self, gate: Outbound) -> None:
        self.gate = gate
        self.entered: list[str] = []
        self.failed: list[str] = []
        self.leave = anyio.Event()

    async def send(self, name: str, size: int = 10) -> None:
        try:
            await self.gate.enter(size)
        except (ConnectionLost, OutboundFull) as error:
            self.failed.append(f"{name}: {type(error).__name__}")
            return
        try:
            await checkpoint()
            self.entered.append(name)
            await self.leave.wait()
        finally:
            self.gate.leave()


async def test_senders_pass_one_by_one_in_the_order_of_coming() -> None:
    gate = Outbound()
    gate.open(pair()[0])
    senders = Senders(gate)
    async with anyio.create_task_group() as group:
        for name in "abc":
            group.start_soon(senders.send, name)
            await idle()
        assert senders.entered == ["a"]
        assert gate.waiting_bytes == 20
        assert gate.is_busy
        senders.leave.set()
    assert senders.entered == ["a", "b", "c"]
    assert (gate.waiting_bytes, gate.is_busy) == (0, False)


async def test_between_connections_senders_wait_and_then_go_out() -> None:
    gate = Outbound()
    senders = Senders(gate)
    senders.leave.set()
    async with anyio.create_task_group() as group:
        group.start_soon(senders.send, "a")
        await idle()
        assert gate.is_shut
        gate.open(pair()[0])
        gate.shut()  # before anybody could run
        await idle()
        assert senders.entered == []
        group.start_soon(senders.send, "b")
        await idle()
        gate.open(pair()[0])
    assert senders.entered == ["a", "b"]


async def test_when_no_connection_comes_any_more_everybody_is_told() -> None:
    gate = Outbound()
    senders = Senders(gate)
    async with anyio.create_task_group() as group:
        group.start_soon(senders.send, "a")
        group.start_soon(senders.send, "b")
        await idle()
        gate.close(ConnectionLost("gone"))
        await idle()
        await senders.send("c")
    assert sorted(senders.failed) == [f"{name}: ConnectionLost" for name in "abc"]


async def test_more_waiting_bytes_than_the_limit_are_refused() -> None:
    gate = Outbound(limit_bytes=25)
    senders = Senders(gate)
    async with anyio.create_task_group() as group:
        for name in "abc":
            group.start_soon(senders.send, name)
            await idle()
        assert senders.failed == ["c: OutboundFull"]
        with pytest.raises(OutboundFull) as caught:
            await gate.enter(10)
        assert (caught.value.queued, caught.value.limit) == (20, 25)
        senders.leave.set()
        gate.open(pair()[0])
    assert sorted(senders.entered) == ["a", "b"]


@pytest.mark.parametrize("let_in_first", [False, True])
async def test_who_gives_up_waiting_lets_the_others_pass(let_in_first: bool) -> None:
    gate = Outbound()
    gate.open(pair()[0])
    await gate.enter(1)
    senders = Senders(gate)
    senders.leave.set()
    async with anyio.create_task_group() as group:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as inner:
                inner.start_soon(senders.send, "gives up")
                await idle()
                group.start_soon(senders.send, "stays")
                await idle()
                if let_in_first:
                    gate.leave()
                scope.cancel()
        if not let_in_first:
            gate.leave()
    assert senders.entered == ["stays"]
    assert (gate.waiting_bytes, gate.is_busy) == (0, False)


async def test_a_gate_that_was_closed_is_not_opened_by_who_came_late() -> None:
    gate = Outbound()
    gate.close(ConnectionLost("gone"))
    gate.open(pair()[0])
    with pytest.raises(ConnectionLost, match="gone"):
        await gate.enter(1)
    assert (gate.is_closed, gate.is_busy) == (True, False)
