"""What type checkers see of connect, session and simulate. Checked by mypy and pyright, never run."""

from collections.abc import AsyncIterator
from typing import assert_type

import realtime_sdk as rt
from realtime_sdk.session import Delta, Reply, Subscriber
from realtime_sdk.simulator import Scenario, SimulatedSession, Simulation, Turn, on_turn
from realtime_sdk.transport import Transport


async def connecting(key: str) -> None:
    """A model's name or an endpoint; settings have types, and what a server may add stands in plain dictionaries."""
    async with rt.connect(
        "gpt-realtime-2.1", instructions="Be brief.", turn_detection=None, log="call.jsonl"
    ) as session:
        assert_type(session, rt.RealtimeSession)
    azure = rt.Azure("https://example.openai.azure.com", deployment="voice", api_key=key)
    async with rt.connect(
        azure, voice="marin", turn_detection={"type": "server_vad"}, continuity=rt.Continuity()
    ) as session:
        assert_type(session.state, rt.RealtimeState)
        assert_type(session.log, rt.EventLog)
        assert_type(session.is_open, bool)


async def mistaken() -> None:
    """What cannot be meant is an error before it runs; the ignores are asserted by warn_unused_ignores."""
    rt.connect(instruction="Be brief.")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    rt.connect(speed="fast")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    rt.simulate(voice="opera")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def asking(session: rt.RealtimeSession) -> str:
    """A reply is awaited for its answer, or iterated for its deltas."""
    reply = session.respond("What is the capital of France?", out_of_band=True)
    assert_type(reply, Reply)
    async for delta in reply:
        assert_type(delta, Delta)
    answer = await reply
    assert_type(answer, rt.Answer)
    assert_type(answer.text, str)
    assert_type(await session.commit(), str | None)
    assert_type(await session.cancel(), bool)
    return answer.status


async def listening(session: rt.RealtimeSession) -> None:
    """Updates hold records and states; events of given classes have their type."""
    updates = session.updates()
    assert_type(updates, Subscriber)
    async for update in updates:
        assert_type(update, rt.Update)
        assert_type(update.record, rt.LogRecord)
        assert_type(update.after, rt.RealtimeState)
    done = session.events(rt.server_events.ResponseDone)
    assert_type(done, AsyncIterator[rt.server_events.ResponseDone])
    assert_type(await session.until(lambda state: state.conversation.items, timeout=5), rt.RealtimeState)
    assert_type(await session.request(rt.client_events.InputAudioBufferClear()), rt.Update)


def answering(turn: Turn) -> str:
    """A reply to a turn may be a plain text."""
    return "Hello!"


async def simulating() -> None:
    """A simulation is an endpoint, and a transport where no port is wanted."""
    async with rt.simulate(Scenario(on_turn(1).say("Hello!"))) as server:
        assert_type(server, Simulation)
        assert_type(server.endpoint, rt.Endpoint)
        assert_type(server.url, str)
        assert_type(server.sessions, tuple[SimulatedSession, ...])
    async with rt.simulate(reply=answering, port=None, speed=10) as server:
        transport = server.memory()
        assert_type(transport, Transport)
        async with rt.connect(transport=transport) as session:
            assert_type(session, rt.RealtimeSession)
