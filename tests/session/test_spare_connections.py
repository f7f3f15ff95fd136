"""A connection that was opened to roll over to, and is not needed any more: it is closed, and none is held for ever."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
from anyio import fail_after

from realtime_sdk.fold import replay
from realtime_sdk.session import connect
from realtime_sdk.session.lines import task_home
from realtime_sdk.transport import Endpoint, Transport
from tests.session.continued import ROLLING
from tests.session.scripted import Server, Servers


def first_and_second_expire(server: Server, number: int) -> None:
    server.session["expires_at"] = 60 if number < 2 else 100_000


async def test_a_break_while_it_opens_leaves_none_behind() -> None:
    servers, is_opening, may_open, closed = Servers(prepare=first_and_second_expire), *(anyio.Event() for _ in range(3))
    opened = 0

    @asynccontextmanager
    async def opening(endpoint: Endpoint) -> AsyncGenerator[Transport, None]:
        nonlocal opened
        opened += 1
        if opened != 2:
            async with servers.open(endpoint) as transport:
                yield transport
            return
        is_opening.set()
        await may_open.wait()
        async with Servers.open(spare, endpoint) as transport:
            yield transport
        closed.set()

    spare = Servers()
    with fail_after(5):
        async with task_home() as group:
            servers.group = spare.group = group
            async with connect(Endpoint("memory:"), transport=opening, continuity=ROLLING) as session:
                await is_opening.wait()
                await servers.last.transport.aclose(1006)
                await session.until(lambda state: len(state.epochs) == 2)
                await session.update()
                may_open.set()
                await closed.wait()
                await session.until(lambda state: len(state.epochs) == 3)
                assert session.state.epochs[1].close_reason == "rollover"
    assert session.state == replay(session.log)
