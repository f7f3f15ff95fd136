"""A server that does not read holds up its senders alone: they wait, or are told, or give up; listening goes on."""

import anyio
import pytest

from realtime_sdk.errors import OutboundFull
from realtime_sdk.fold import replay
from realtime_sdk.session import connect
from realtime_sdk.session.lines import task_home
from realtime_sdk.transport import Transport, pair

GREETING = b'{"type":"session.created","event_id":"e","session":{"type":"realtime","id":"sess_1"}}'
CLEARED = b'{"type":"input_audio_buffer.cleared","event_id":"e"}'


class Queue:
    """A transport of somebody's that has a length, and is empty."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def __len__(self) -> int:
        return 0

    async def send(self, frame: bytes) -> None:
        await self._transport.send(frame)

    async def receive(self) -> bytes:
        return await self._transport.receive()

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        await self._transport.aclose(code, reason)


async def test_sound_goes_out_on_a_transport_that_is_false_where_it_is_asked_for_its_truth() -> None:
    near, far = pair()
    transport = Queue(near)
    await far.send(GREETING)
    async with connect(transport=transport) as session:
        with anyio.fail_after(5):
            await session.append_audio(b"\0" * 300)
            await session.append_audio(b"\1" * 300)
        assert [await far.receive() for _ in range(2)] == [r.frame for r in session.log if r.sender == "client"]


async def test_senders_wait_for_a_server_that_does_not_read_and_can_give_up() -> None:
    near, far = pair(limit=2)
    async with task_home() as group:
        await far.send(GREETING)
        async with connect(transport=near) as session:
            for _ in range(2):
                await session.append_audio(b"\0" * 300)
            group.start_soon(session.append_audio, b"\1" * 300)
            await anyio.wait_all_tasks_blocked()
            with anyio.move_on_after(0.01) as scope:
                await session.append_audio(b"\2" * 300)
            assert scope.cancelled_caught
            events = session.events()
            await far.send(CLEARED)
            assert (await anext(events)).type == "input_audio_buffer.cleared"
            sent = [await far.receive() for _ in range(3)]
            await anyio.wait_all_tasks_blocked()
            assert [record.frame for record in session.log if record.sender == "client"] == sent
    assert session.state == replay(session.log)


async def test_with_a_limit_too_much_waiting_is_refused_and_nothing_of_it_is_recorded() -> None:
    near, far = pair(limit=1)
    async with task_home() as group:
        await far.send(GREETING)
        async with connect(transport=near, outbound_limit=1_000) as session:
            await session.append_audio(b"\0" * 300)
            for _ in range(3):
                group.start_soon(session.append_audio, b"\1" * 300)
            await anyio.wait_all_tasks_blocked()
            before = len(session.log)
            with pytest.raises(OutboundFull) as caught:
                await session.append_audio(b"\2" * 300)
            assert (caught.value.queued, caught.value.limit) == (800, 1_000)
            assert len(session.log) == before
            for _ in range(4):
                await far.receive()
            await anyio.wait_all_tasks_blocked()
            await session.append_audio(b"\2" * 300)
            await far.receive()
