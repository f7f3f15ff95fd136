"""What was given up while there was no connection is forgotten: it keeps nothing from being quiet later."""

from dataclasses import replace

import pytest
from anyio import fail_after

from realtime_sdk.errors import ConnectionLost, RequestTimeout
from tests.session.continued import ROLLING
from tests.session.scripted import Server, Servers


def second_expires(server: Server, number: int) -> None:
    server.session["expires_at"] = 60 if number == 1 else 100_000


async def test_the_next_connection_rolls_over_all_the_same() -> None:
    with fail_after(5):
        async with Servers(prepare=second_expires).talking(continuity=replace(ROLLING, attempts=1_000)) as found:
            session, servers = found
            servers.refusing = ConnectionLost("not yet")
            await servers.last.transport.aclose(1006)
            await session.until(lambda state: state.epochs[0].closed)
            with pytest.raises(RequestTimeout):
                await session.respond("Hello", timeout=0)
            servers.refusing = None
            await session.until(lambda state: len(state.epochs) == 3)
            assert session.state.epochs[1].close_reason == "rollover"
            assert servers.last.heard_of("conversation.item.create") == []
