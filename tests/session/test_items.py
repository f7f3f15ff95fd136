"""A conversation item by item: each a stream that begins with its role known, says its words, and always ends."""

from types import SimpleNamespace
from typing import Any

import pytest
from anyio import create_task_group, fail_after
from hypothesis import given, strategies as st

from realtime_sdk.dialects import OPENAI
from realtime_sdk.errors import ConnectionClosed
from realtime_sdk.fold import Update
from realtime_sdk.session.item_steps import Began, Ended, ItemSteps, Said, Shortened, Sounded, Step
from realtime_sdk.session.items import ItemStream, ItemStreams, follow_items
from realtime_sdk.state import RealtimeState, reduce
from tests import said
from tests.session.scripted import Server, talking

LISTENING = {"type": "realtime", "id": "s", "audio": {"input": {"transcription": {"model": "whisper-1"}}}}


def listening(server: Server) -> None:
    server.session["audio"]["input"]["transcription"] = {"model": "whisper-1"}


async def read(item: ItemStream) -> tuple[str | None, list[str], str | None]:
    words = [text async for text in item]
    return item.role, words, (await item).status


async def test_a_spoken_turn_and_its_answer_are_two_streams_in_order() -> None:
    with fail_after(5):
        async with talking(prepare=listening) as (session, server):
            items = follow_items(session)
            await server.say("input_audio_buffer.committed", previous_item_id=None, item_id="u1")
            await server.take_in(said.user("u1", None))
            response_id = await server.begin({})
            await server.finish(response_id, items=(await server.speak(response_id, "It rains."),))
            user, assistant = await anext(items), await anext(items)
            await server.say(
                "conversation.item.input_audio_transcription.completed",
                item_id="u1",
                content_index=0,
                transcript=" And today? ",
                usage={"type": "duration", "seconds": 1},
            )
            assert await read(assistant) == ("assistant", ["It ", "rains. "], "completed")
            assert await read(user) == ("user", ["And today?"], "completed")
            assert (await user).input_transcript == " And today? "


async def test_one_may_be_read_while_another_is_waited_for() -> None:
    got: list[Any] = []
    with fail_after(5):
        async with talking() as (session, _), create_task_group() as group:

            async def keep(item: ItemStream) -> None:
                got.append(await read(item))

            async def follow(items: ItemStreams) -> None:
                async for item in items:
                    group.start_soon(keep, item)

            group.start_soon(follow, follow_items(session))
            await session.respond("Hi")
            await session.aclose()
    assert sorted(got) == [("assistant", ["Paris. "], "completed"), ("user", ["Hi"], "completed")]


async def test_what_is_open_ends_with_the_connection_and_the_iteration_says_why() -> None:
    with fail_after(5):
        async with talking() as (session, server):
            items = follow_items(session)
            response_id = await server.begin({})
            await server.speak(response_id, "Once upon")
            item = await anext(items)
            await server.transport.aclose(1011, "gone")
            assert [text async for text in item] == ["Once ", "upon "]
            with pytest.raises(ConnectionClosed):
                await anext(items)
            assert (await item.result()).text == "Once upon "


def steps(*events: Any, skip: Any = None) -> list[Step]:
    following = ItemSteps(RealtimeState.empty(), **({} if skip is None else {"skip": skip}))
    state, found = RealtimeState.empty(), list[Step]()
    for event in events:
        before, state = state, reduce(state, event)
        record: Any = SimpleNamespace(sender="server")
        found += following.take(Update((record, (event,), before, state, OPENAI)))
    return found + following.rest(state, "unfinished")


def told(found: list[Step]) -> list[Any]:
    """The steps in short."""
    short: list[Any] = []
    for step in found:
        match step:
            case Began(item):
                short.append(("began", item.id))
            case Said(item_id, text):
                short.append((item_id, text))
            case Sounded(delta):
                short.append(("sound", delta.item_id))
            case Ended(items, response, status):
                short.append(("ended", *(item.id for item in items), response and response.status, status))
            case Shortened(item):
                short.append(("cut", item.id, item.truncated_ms))
    return short


def test_the_items_of_a_response_end_together_with_it() -> None:
    answer, call = said.assistant("a"), said.call("c", "{}", "completed")
    found = steps(
        said.created(),
        said.item_of("added", answer),
        said.text("a", "Let me look."),
        said.sound("a", 100),
        said.item_of("added", call, output_index=1),
        said.item_of("done", call, output_index=1),
        said.ended(),
        said.cut("a", 40),
    )
    assert told(found) == [
        ("began", "a"),
        ("a", "Let me look."),
        ("sound", "a"),
        ("began", "c"),
        ("ended", "a", "c", "completed", None),
        ("cut", "a", 40),
    ]


def test_words_that_were_streamed_are_not_said_again_when_they_are_complete() -> None:
    found = steps(
        said.server("session.created", session=LISTENING),
        said.server("input_audio_buffer.committed", item_id="u"),
        said.added(said.user("u", None)),
        said.heard("u", "And "),
        said.heard("u", "today?"),
        said.transcribed("u", "And today?"),
    )
    assert told(found) == [("began", "u"), ("u", "And "), ("u", "today?"), ("ended", "u", None, None)]


def test_sound_that_nobody_writes_down_is_over_at_once() -> None:
    found = steps(said.server("input_audio_buffer.committed", item_id="u"), said.added(said.user("u", None)))
    assert told(found) == [("began", "u"), ("ended", "u", None, None)]


def test_words_that_could_not_be_written_down_are_told_with_the_reason() -> None:
    error = {"type": "server_error", "code": "no_words", "message": "unheard"}
    failed = "conversation.item.input_audio_transcription.failed"
    found = steps(
        said.server("session.created", session=LISTENING),
        said.server("input_audio_buffer.committed", item_id="u"),
        said.added(said.user("u", None)),
        said.server(failed, item_id="u", content_index=0, error=error),
    )
    (ended,) = [step for step in found if isinstance(step, Ended)]
    assert ended.error == {"code": "no_words", "message": "unheard"}


def test_what_is_deleted_or_left_over_ends_under_that_name() -> None:
    found = steps(
        said.created(),
        said.item_of("added", said.assistant("a")),
        said.item_of("added", said.assistant("b"), output_index=1),
        said.deleted("a"),
    )
    ends = [step for step in told(found) if step[0] == "ended"]
    assert ends == [("ended", "a", None, "deleted"), ("ended", "a", "b", "unfinished", "unfinished")]


def test_out_of_band_items_and_those_to_skip_have_no_steps() -> None:
    aside = [
        said.created("aside", None),
        said.item_of("added", said.assistant("x"), "aside"),
        said.ended("aside", conversation_id=None),
    ]
    found = steps(*aside, said.added(said.user("u")), skip=lambda item, _: item.id == "u")
    assert found == []


ITEMS = ("u", "v", "a", "b")
EVENTS = st.one_of(
    st.sampled_from(ITEMS).map(lambda item_id: said.added(said.user(item_id))),
    st.sampled_from(ITEMS).map(lambda item_id: said.added(said.user(item_id, None))),
    st.sampled_from(ITEMS).map(lambda item_id: said.done(said.user(item_id, None))),
    st.sampled_from(ITEMS).map(lambda item_id: said.item_of("added", said.assistant(item_id))),
    st.sampled_from(ITEMS).map(lambda item_id: said.text(item_id, "word")),
    st.sampled_from(ITEMS).map(lambda item_id: said.sound(item_id, 10)),
    st.sampled_from(ITEMS).map(lambda item_id: said.heard(item_id, "word")),
    st.sampled_from(ITEMS).map(lambda item_id: said.transcribed(item_id, "word")),
    st.sampled_from(ITEMS).map(said.deleted),
    st.sampled_from(ITEMS).map(lambda item_id: said.server("input_audio_buffer.committed", item_id=item_id)),
    st.just(said.created()),
    st.just(said.ended()),
    st.just(said.server("session.created", session=LISTENING)),
)


@given(st.lists(EVENTS, max_size=30))
def test_every_item_begins_once_says_nothing_before_and_nothing_after_its_end(events: list[Any]) -> None:
    begun: list[str] = []
    over: set[str] = set()
    for step in steps(*events):
        match step:
            case Began(item):
                begun.append(item.id)
            case Said(item_id, _):
                assert item_id in begun
                assert item_id not in over
            case Ended(items):
                over |= {item.id for item in items}
            case _:
                pass
    assert len(begun) == len(set(begun))
    assert over == set(begun)
