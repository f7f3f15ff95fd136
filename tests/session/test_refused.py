"""A session whose account or key is refused while it lives: one end, and one error for whoever asks afterwards."""

import pytest
from anyio import fail_after

from realtime_sdk.errors import HandshakeError, RealtimeError, ServerError
from realtime_sdk.fold import replay
from tests.session.scripted import Server, Servers, talking


async def test_closing_it_in_the_moment_of_the_refusal_does_not_hide_it() -> None:
    with fail_after(5):
        async with talking() as (session, server):
            updates = session.updates()
            await server.error("insufficient_quota", message="no money")
            await session.until(lambda state: state.errors)
            await session.aclose()
            with pytest.raises(ServerError, match="no money"):
                [update async for update in updates]
            with pytest.raises(ServerError, match="no money"):
                await session.add_item("Hello")
    assert session.state == replay(session.log)


def mute_after_the_first(server: Server, number: int) -> None:
    server.greets = not number


async def test_a_connection_that_is_refused_is_left_and_its_refusal_stays_the_error() -> None:
    with fail_after(5):
        async with Servers(prepare=mute_after_the_first).talking() as (session, servers):
            updates = session.updates()
            await servers.last.transport.aclose(1006)
            await servers.until_count(2)
            await servers.last.error("invalid_api_key", message="no such key")
            with pytest.raises(RealtimeError, match="no such key"):
                [update async for update in updates]
            assert not session.is_open
            for _ in range(2):
                with pytest.raises((HandshakeError, ServerError), match="no such key"):
                    await session.add_item("Hello")
                await session.aclose()
    assert [epoch.closed for epoch in session.state.epochs] == [True, True]
    assert session.state == replay(session.log)
