"""A key that cannot be had, or a way to connect that fails in its own way, when another connection is wanted."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from anyio import fail_after

from realtime_sdk.errors import ConnectionLost, LocalProtocolError
from realtime_sdk.session import OpenAI, connect
from realtime_sdk.session.lines import task_home
from realtime_sdk.transport import Endpoint, Transport
from tests.session.continued import ROLLING, expiring
from tests.session.scripted import AT_ONCE, Servers

FAILURES = [ValueError("the vault is shut"), LocalProtocolError("no key"), OSError("no network")]


class Vault:
    """Gives a key, but for some of the times that it is asked."""

    def __init__(self, failure: Exception, fails: range) -> None:
        self.failure, self.fails, self.asked = failure, fails, 0

    def key(self) -> str:
        self.asked += 1
        if self.asked in self.fails:
            raise self.failure
        return "sk-1"


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_key_that_cannot_be_had_is_asked_for_again(failure: Exception) -> None:
    vault, servers = Vault(failure, range(2, 4)), Servers()
    with fail_after(5):
        async with task_home() as servers.group:
            source = OpenAI("m", api_key=vault.key)
            async with connect(source, transport=servers.open, continuity=AT_ONCE) as session:
                await servers.last.transport.aclose(1006)
                await session.until(lambda state: state.epochs[0].closed)
                assert (await session.add_item("Hello")).text == "Hello"
    assert (vault.asked, servers.tries) == (4, 2)


async def test_a_key_that_can_never_be_had_is_a_lost_connection() -> None:
    vault, servers = Vault(FAILURES[0], range(2, 100)), Servers()
    with fail_after(5):
        async with task_home() as servers.group:
            source = OpenAI("m", api_key=vault.key)
            async with connect(source, transport=servers.open, continuity=AT_ONCE) as session:
                await servers.last.transport.aclose(1006)
                with pytest.raises(ConnectionLost):
                    await session.until_ended()
    assert vault.asked == 1 + AT_ONCE.attempts


async def test_a_session_rolls_over_when_there_is_a_key_again() -> None:
    vault, servers = Vault(FAILURES[0], range(2, 3)), Servers(prepare=expiring)
    with fail_after(5):
        async with task_home() as servers.group:
            source = OpenAI("m", api_key=vault.key)
            async with connect(source, transport=servers.open, continuity=replace(ROLLING, jitter=0)) as session:
                await session.until(lambda state: len(state.epochs) == 2)
                assert session.state.epochs[0].close_reason == "rollover"
    assert vault.asked == 3


async def test_a_way_to_connect_that_fails_in_its_own_way_is_tried_again() -> None:
    servers, failures = Servers(), [KeyError("modem"), RuntimeError("modem")]

    @asynccontextmanager
    async def dialled(endpoint: Endpoint) -> AsyncGenerator[Transport, None]:
        if servers.all and failures:
            raise failures.pop()
        async with servers.open(endpoint) as transport:
            yield transport

    with fail_after(5):
        async with task_home() as servers.group:
            async with connect(Endpoint("memory:"), transport=dialled, continuity=AT_ONCE) as session:
                await servers.last.transport.aclose(1006)
                await session.until(lambda state: state.epochs[0].closed)
                assert (await session.add_item("Hello")).text == "Hello"
