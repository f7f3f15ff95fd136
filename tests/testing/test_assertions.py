"""Assertions find what is there, and show the conversation where it is not; the stepped clock stands still."""

from pathlib import Path

import anyio
import pytest

import realtime_sdk as rt
from realtime_sdk.simulator import Scenario, on, simulate
from realtime_sdk.testing import SteppedClock, called, interrupted_at, said

WEATHER = Scenario(on("weather").call("get_weather", city="Oslo", days=2))
TOOL = rt.models.FunctionTool(name="get_weather", parameters={"type": "object", "properties": {}})


async def test_what_was_said_is_found_in_a_session_its_state_its_log_and_its_file(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    async with simulate() as server, rt.connect(server.endpoint, log=path) as session:
        await session.respond("What is the capital of France?")
    for subject in (session, session.state, session.log, path, str(path)):
        assert said(subject, "the capital is PARIS").role == "assistant"
        assert said(subject, "capital of France", role="user").role == "user"


async def test_what_was_not_said_is_shown_beside_the_nearest_and_the_conversation() -> None:
    async with simulate() as server, rt.connect(server.endpoint) as session:
        await session.respond("Say exactly: the train is late")
    with pytest.raises(AssertionError) as failure:
        said(session, "the train is on time")
    assert str(failure.value).startswith(
        "the assistant did not say 'the train is on time'\n\nthe nearest was:\n- the train is on time\n"
    )
    assert "  assistant: the train is late" in str(failure.value)


async def test_a_call_is_found_by_the_arguments_that_matter() -> None:
    async with simulate(WEATHER) as server, rt.connect(server.endpoint, tools=[TOOL]) as session:
        await session.respond("The weather?")
    assert called(session, "get_weather", city="Oslo").type == "function_call"
    with pytest.raises(AssertionError, match=r'there are:\n  get_weather\(\{"city": "Oslo", "days": 2\}\)'):
        called(session, "get_weather", city="Rome")
    with pytest.raises(AssertionError, match="no call of it"):
        called(session, "book_table")


def test_an_empty_conversation_is_shown_as_such() -> None:
    for look in (lambda state: said(state, "x"), lambda state: called(state, "x"), interrupted_at):
        with pytest.raises(AssertionError, match=r"\(empty\)"):
            look(rt.EventLog())


async def test_in_virtual_time_an_interruption_is_the_same_to_the_millisecond() -> None:
    clock = SteppedClock()
    async with simulate(port=None, speed=1, clock=clock) as server:
        async with rt.connect(transport=server.memory(), stop_playback=lambda: None) as session:
            async with anyio.create_task_group() as group:
                await session.send(rt.client_events.ConversationItemCreate(item=user("a long story")))
                await session.send(rt.client_events.ResponseCreate())
                for _ in range(20):
                    await clock.advance(100)
                group.cancel_scope.cancel()
            (item,) = [one for one in session.state.conversation.items.values() if one.role == "assistant"]
            await session.send(rt.client_events.ResponseCancel())
            truncate = rt.client_events.ConversationItemTruncate(item_id=item.id, content_index=0, audio_end_ms=700)
            await session.send(truncate)
            await clock.advance(10)
            assert interrupted_at(session, 700).id == item.id
            assert interrupted_at(session, 720, within_ms=20).id == item.id
            with pytest.raises(AssertionError, match="no message was cut at 5 ms"):
                interrupted_at(session, 5)


async def test_a_stepped_clock_wakes_its_sleepers_in_their_order() -> None:
    clock, woken = SteppedClock(), list[tuple[int, float]]()

    async def sleep(ms: int) -> None:
        await clock.sleep_until(ms / 1_000)
        woken.append((ms, clock.now()))

    async with anyio.create_task_group() as group:
        for ms in (300, 100, 200, 5_000):
            group.start_soon(sleep, ms)
        await clock.advance(250)
        assert (woken, clock.now()) == ([(100, 0.1), (200, 0.2)], 0.25)
        group.cancel_scope.cancel()


def user(text: str) -> rt.models.UserMessage:
    return rt.models.UserMessage(content=[rt.models.UserMessageContent(type="input_text", text=text)])
