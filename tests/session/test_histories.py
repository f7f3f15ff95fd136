"""A session that goes on with the conversation of another."""

from typing import Any

import pytest

from realtime_sdk.errors import RequestTimeout
from realtime_sdk.fold import replay
from realtime_sdk.log import EventLog
from realtime_sdk.session import RealtimeSession
from realtime_sdk.state import RealtimeState
from tests.session.continued import texts, told
from tests.session.scripted import talking


async def earlier() -> RealtimeSession:
    async with talking() as (session, _):
        await session.respond("What is the capital of France?")
    return session


async def test_a_session_goes_on_with_the_conversation_of_another(tmp_path: Any) -> None:
    session = await earlier()
    session.log.save(tmp_path / "call.jsonl")
    for history in (session.state, session.log, tmp_path / "call.jsonl"):
        async with talking(history=history, instructions="x") as (later, server):
            assert server.kinds == ["session.update", "conversation.item.create", "conversation.item.create"]
            assert texts(later) == ["What is the capital of France?", "Paris."]
            assert later.state.epochs[0].lost == ()
        assert later.state == replay(later.log)


async def test_what_of_a_history_cannot_be_told_is_named() -> None:
    session = await earlier()
    ids = session.state.conversation.order
    async with talking(
        history=session.state, prepare=lambda server: server.refuse("conversation.item.create", code="invalid_value")
    ) as (later, _):
        assert later.state.epochs[0].lost == (ids[0],)
        assert texts(later) == ["Paris."]


async def test_a_log_that_goes_on_is_told_to_the_new_server() -> None:
    log = EventLog()
    async with talking(log=log) as (first, _):
        await first.respond("One")
    async with talking(log=log, prepare=lambda server: server.session.update(id="sess_2")) as (second, server):
        assert [words for _, words in told(server)] == [["One"], ["Paris."]]
        assert texts(second) == ["One", "Paris."]
    assert second.state == replay(log)


async def test_an_empty_history_is_nothing() -> None:
    async with talking(history=RealtimeState.empty()) as (_, server):
        assert server.heard == []


async def test_a_history_that_is_not_taken_in_time_is_a_timeout() -> None:
    session = await earlier()
    with pytest.raises(RequestTimeout):
        async with talking(
            history=session.log, timeout=0.05, prepare=lambda s: s.silent_about.add("conversation.item.create")
        ):
            pass
