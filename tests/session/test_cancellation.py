"""Whoever gives up, wherever: the connection is closed, the log is whole and true, and no task is left."""

from collections.abc import Awaitable, Callable

import anyio
import pytest
from anyio.lowlevel import checkpoint

from realtime_sdk.errors import RealtimeError
from realtime_sdk.fold import replay
from realtime_sdk.log import EventLog
from realtime_sdk.session import RealtimeSession, connect
from realtime_sdk.session.lines import task_home
from realtime_sdk.transport import Transport, pair
from tests.session.scripted import Server, Servers

Body = Callable[[RealtimeSession], Awaitable[object]]


class Counting:
    """A transport that cancels a scope at the nth call of its methods, before or after doing what was asked."""

    def __init__(self, inner: Transport, scope: anyio.CancelScope, at: int, *, after: bool) -> None:
        self._inner = inner
        self._scope = scope
        self._left = at
        self._after = after
        self.was_closed = False
        self.fired = False

    def _count(self, *, after: bool) -> None:
        if after == self._after:
            self._left -= 1
            if self._left == 0:
                self.fired = True
                self._scope.cancel()

    async def send(self, frame: bytes) -> None:
        self._count(after=False)
        await self._inner.send(frame)
        self._count(after=True)

    async def receive(self) -> bytes:
        self._count(after=False)
        frame = await self._inner.receive()
        self._count(after=True)
        return frame

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        self._count(after=False)
        self.was_closed = True
        await self._inner.aclose(code, reason)
        self._count(after=True)


def hello() -> str:
    """Say hello."""
    return "hello"


async def everything(session: RealtimeSession) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(session.append_audio, b"\0" * 960)
        group.start_soon(session.ask)
        group.start_soon(session.commit)
        item = await session.add_item("Hello", reply=True)
        answer = await session.respond("What is the capital of France?")
        assert answer.text == "Paris."
        await session.delete(item.id)
        await session.until(lambda state: not state.active_response_id)


async def words(session: RealtimeSession) -> None:
    async for _ in session.respond("What is the capital of France?"):
        await checkpoint()


async def run(body: Body, at: int, *, after: bool) -> bool:
    """Whether the cancellation came; everything is checked here."""
    near, far = pair()
    server, log = Server(far), EventLog()
    opened: list[RealtimeSession] = []
    async with task_home() as group:
        group.start_soon(server.run)
        with anyio.CancelScope() as scope:
            transport = Counting(near, scope, at, after=after)
            async with connect(transport=transport, log=log, instructions="x", tools=[hello]) as session:
                opened.append(session)
                await body(session)
        with anyio.CancelScope(shield=True):
            for _ in range(20):
                await checkpoint()
        assert transport.was_closed
        assert [record.sender for record in log][-1:] in (["local"], [])
        assert sum(b"local.connection_closed" in record.frame for record in log) == sum(
            b"local.connection_opened" in record.frame for record in log
        )
        said = [_type(record.frame) for record in log if record.sender == "client"]
        unsent = 0 if after else 1  # a transport that is given up before it has sent: that frame alone
        assert server.kinds in [said[: len(said) - left_out] for left_out in range(unsent + 1)]
        for session in opened:
            assert session.state == replay(log)
    return transport.fired


def _type(frame: bytes) -> str:
    import json

    return str(json.loads(frame)["type"])


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("body", [everything, words])
async def test_cancelling_at_any_call_of_the_transport_leaves_nothing_open(body: Body, after: bool) -> None:
    at = 1
    while await run(body, at, after=after):
        at += 1
    assert at > 10


async def test_giving_up_a_wait_leaves_the_session_as_it_was() -> None:
    near, far = pair()
    server = Server(far, holding=True)
    server.silent_about = {"conversation.item.create", "session.update"}
    async with task_home() as group:
        group.start_soon(server.run)
        async with connect(transport=near) as session:
            waits: tuple[Callable[[], Awaitable[object]], ...] = (
                lambda: session.add_item("x"),
                lambda: session.update(instructions="x"),
                lambda: session.until(lambda state: False),
                lambda: anext(session.updates()),
                lambda: anext(session.events()),
            )
            for wait in waits:
                with anyio.move_on_after(0) as scope:
                    await wait()
                assert scope.cancelled_caught
            server.silent_about.clear()
            assert (await session.add_item("Hello", timeout=5)).text == "Hello"
            assert session.is_open


async def test_the_transport_breaks_in_its_own_way_and_it_is_a_lost_connection() -> None:
    class Broken:
        async def send(self, frame: bytes) -> None:
            raise OSError("cable cut")

        async def receive(self) -> bytes:
            raise OSError("cable cut")

        async def aclose(self, code: int = 1000, reason: str = "") -> None:
            return

    with pytest.raises(RealtimeError, match="cable cut"):
        async with connect(transport=Broken()):
            pass


async def given_up_after(turns: int) -> tuple[bool, Servers]:
    """Whether connecting was still under way after so many turns of the loop, when it was given up."""
    servers, is_open = Servers(), anyio.Event()

    async def opened() -> None:
        async with servers.talking():
            is_open.set()
            await anyio.sleep_forever()

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(opened)
            for _ in range(turns):
                await checkpoint()
            was_under_way = not is_open.is_set()
            group.cancel_scope.cancel()
    return was_under_way, servers


async def test_connecting_can_be_given_up_in_every_turn_of_the_loop() -> None:
    reached = [False, False]
    for turns in range(60):
        was_under_way, servers = await given_up_after(turns)
        reached[was_under_way] = True
        for server in servers.all:
            with pytest.raises(RealtimeError):
                while True:  # all that was said before the close
                    await server.transport.receive()
    assert reached == [True, True]
