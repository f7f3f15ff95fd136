"""Connections that are not followed by another one, and who is told."""

from dataclasses import replace

import pytest

from realtime_sdk.errors import ConnectionClosed, ConnectionLost, HandshakeError, RealtimeError
from realtime_sdk.fold import replay
from realtime_sdk.session import Continuity
from tests.session.scripted import AT_ONCE, Servers


async def test_when_no_attempt_succeeds_the_break_is_raised() -> None:
    async with Servers().talking() as (session, servers):
        updates = session.updates()
        servers.refusing = ConnectionLost("still down")
        await servers.last.transport.aclose(1006)
        with pytest.raises(ConnectionLost, match="without a close frame"):
            [update async for update in updates]
        assert servers.tries == 1 + AT_ONCE.attempts
        with pytest.raises(ConnectionLost):
            await session.append_audio(b"\0\0")
    assert session.state == replay(session.log)


async def test_a_server_that_refuses_for_good_is_asked_once() -> None:
    async with Servers().talking() as (session, servers):
        updates = session.updates()
        servers.refusing = HandshakeError("no such key", status=401, code="invalid_api_key")
        await servers.last.transport.aclose(1006)
        with pytest.raises(HandshakeError):
            [update async for update in updates]
        assert servers.tries == 2


async def test_a_session_that_is_refused_after_a_break_ends_with_one_error_for_everybody() -> None:
    refusing = Servers(prepare=lambda server, number: setattr(server, "greets", not number))
    async with refusing.talking() as (session, servers):
        updates = session.updates()
        await servers.last.transport.aclose(1006)
        await servers.until_count(2)
        await servers.last.error("invalid_api_key", message="no such key")
        with pytest.raises(RealtimeError, match="no such key") as told:
            [update async for update in updates]
        await session.aclose()
        with pytest.raises(type(told.value), match="no such key"):
            await session.until_ended()


@pytest.mark.parametrize("code", [1000, 4000])
async def test_an_end_on_purpose_is_no_break(code: int) -> None:
    async with Servers().talking() as (session, servers):
        updates = session.updates()
        await servers.last.transport.aclose(code, "bye")
        if code == 1000:
            assert [update.record.sender async for update in updates] == ["local"]
        else:
            with pytest.raises(ConnectionClosed):
                [update async for update in updates]
        assert servers.tries == 1


async def test_without_a_policy_a_break_is_the_end() -> None:
    async with Servers().talking(continuity=None) as (session, servers):
        updates = session.updates()
        await servers.last.transport.aclose(1006)
        with pytest.raises(ConnectionLost):
            [update async for update in updates]


async def test_closing_while_there_is_no_connection_ends_the_session() -> None:
    async with Servers().talking(continuity=replace(AT_ONCE, first_delay_s=1_000)) as (session, servers):
        updates = session.updates()
        await servers.last.transport.aclose(1006)
        await session.until(lambda state: state.epochs[0].closed)
        await session.aclose()
        assert [update.record.sender async for update in updates] == ["local"]


def test_delays_double_up_to_a_bound_and_chance_takes_a_share() -> None:
    policy = Continuity(first_delay_s=1, longest_delay_s=5, jitter=0.5, chance=lambda: 0.0)
    assert [policy.delay_s(attempt) for attempt in range(4)] == [1, 2, 4, 5]
    assert replace(policy, chance=lambda: 1.0).delay_s(2) == 2
