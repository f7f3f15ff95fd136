"""A session that is about to expire goes on with another connection."""

import pytest

from realtime_sdk.errors import ConnectionExpired
from realtime_sdk.fold import replay
from tests.session.continued import ROLLING, brought_back, expiring, idle, texts
from tests.session.scripted import Server, Servers


async def test_an_expired_session_is_followed_by_another() -> None:
    async with Servers().talking() as (session, servers):
        await session.respond("One")
        await servers.last.transport.aclose(1001, "Your session hit the maximum duration of 60 minutes.")
        await brought_back(session)
        assert texts(session) == ["One", "Paris."]


async def test_without_a_policy_an_expired_session_is_raised_as_such() -> None:
    async with Servers().talking(continuity=None) as (session, servers):
        updates = session.updates()
        await servers.last.transport.aclose(1001)
        with pytest.raises(ConnectionExpired):
            [update async for update in updates]


async def test_before_it_expires_the_session_rolls_over_and_the_new_connection_was_ready_before() -> None:
    async with Servers(prepare=expiring).talking(continuity=ROLLING) as (session, servers):
        await brought_back(session)
        first, second = session.state.epochs
        assert (first.close_reason, first.closed_by) == ("rollover", "client")
        assert second.session_id == "sess_2"
        assert (await session.respond("One")).text == "Paris."
        assert servers.tries == 2
    assert session.state == replay(session.log)
    assert session.state.anomalies == ()


async def test_it_rolls_over_at_a_quiet_moment_only() -> None:
    def prepare(server: Server, number: int) -> None:
        expiring(server, number)
        server.holding = True

    async with Servers(prepare=prepare).talking(continuity=ROLLING, turn_detection="server_vad") as (session, servers):
        first = servers.all[0]
        await first.respond_by_itself("resp_1")
        await servers.until_count(2)  # the new connection is ready
        await idle()
        assert len(session.state.epochs) == 1
        await first.say("input_audio_buffer.speech_started", audio_start_ms=0, item_id="item_u")
        await first.finish("resp_1")
        await idle()
        assert len(session.state.epochs) == 1
        await first.say("input_audio_buffer.speech_stopped", audio_end_ms=500, item_id="item_u")
        await first.say("input_audio_buffer.committed", item_id="item_u")
        await brought_back(session)
        assert servers.tries == 2


async def test_a_break_before_the_quiet_moment_takes_the_connection_that_is_ready() -> None:
    def prepare(server: Server, number: int) -> None:
        expiring(server, number)
        server.holding = True

    async with Servers(prepare=prepare).talking(continuity=ROLLING) as (session, servers):
        await servers.all[0].respond_by_itself("resp_1")
        await servers.until_count(2)
        await idle()
        await servers.all[0].transport.aclose(1006)
        await brought_back(session)
        assert servers.tries == 2
        assert session.state.epochs[1].session_id == "sess_2"
