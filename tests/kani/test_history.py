"""The history is Kani's own list, and the server sees exactly the prompt made of it: K46 to K50, K52."""

from pathlib import Path
from typing import Any

import pytest
from kani import ChatMessage, ToolCall

from realtime_sdk.errors import LocalProtocolError
from realtime_sdk.kani.parts import AudioPart
from realtime_sdk.kani.realtime_kani import OpenAIRealtimeKani
from realtime_sdk.protocol.seed import client_events, models
from tests.kani.talk import Talking, asked, created, history, microphone


def ids(ai: Any) -> list[str]:
    return [item_id for message in ai.chat_history for item_id in message.extra["realtime"]["item_ids"]]


def references(params: dict[str, Any]) -> list[str]:
    return [reference["id"] for reference in params["input"]]


async def edited(talking: Talking, **how: Any) -> tuple[Any, Any, list[str]]:
    """Two rounds, an edit and a round more."""
    async with talking(**how) as (ai, world):
        await ai.chat_round("one")
        await ai.chat_round("two")
        before = ids(ai)
        ai.chat_history[0] = ai.chat_history[0].copy_with(text="E")
        del ai.chat_history[1]
        await ai.chat_round("q")
        return ai, world, before


async def test_k46_an_edited_history_is_named_item_by_item(talking: Talking) -> None:
    ai, world, before = await edited(talking)
    assert created(world.server) == ["user one", "user two", "user E", "user q"]
    first, second, third = asked(world.server)
    assert "input" not in first | second
    assert references(third) == ids(ai)[:-1]
    assert ids(ai)[1:3] == before[2:]
    assert history(ai)[-1] == ("assistant", "hello", None)


async def test_k46_or_the_conversation_is_made_equal(talking: Talking) -> None:
    _, world, before = await edited(talking, sync="delete")
    assert created(world.server) == ["user one", "user two", "user E", "user q"]
    assert [event["item_id"] for event in world.server.heard_of("conversation.item.delete")] == before[:2]
    assert all("input" not in params for params in asked(world.server))
    assert len(world.servers) == 1


class LastOnly(OpenAIRealtimeKani):
    """A model with a short memory."""

    short = False

    async def get_prompt(self, include_functions: bool = True, **kwargs: Any) -> list[ChatMessage]:
        whole = await super().get_prompt(include_functions, **kwargs)
        return whole[-1:] if self.short else whole


async def test_k47_a_prompt_of_one_s_own_is_the_context_and_deletes_nothing(talking: Talking) -> None:
    async with talking(make=LastOnly) as (ai, world):
        await ai.chat_round("one")
        ai.short = True
        await ai.chat_round("two")
        ai.short = False
        await ai.chat_round("three")
        first, second, third = asked(world.server)
        assert references(second) == ids(ai)[2:3]
        assert ("input" in first, "input" in third) == (False, False)
        assert created(world.server) == ["user one", "user two", "user three"]
        assert world.server.heard_of("conversation.item.delete") == []


async def test_k48_before_full_duplex_the_conversation_is_made_equal(talking: Talking) -> None:
    async with talking() as (ai, world):
        await ai.chat_round("one")
        await ai.chat_round("two")
        before = ids(ai)
        ai.chat_history[0] = ai.chat_history[0].copy_with(text="E")
        del ai.chat_history[1]
        async for _ in ai.full_duplex(microphone()):
            pass
        assert created(world.server) == ["user one", "user two", "user E"]
        assert [event["item_id"] for event in world.server.heard_of("conversation.item.delete")] == before[:2]
        assert world.server.heard_of("conversation.item.create")[-1]["previous_item_id"] == "root"


@pytest.mark.parametrize("name", ["x.kani", "x.json"])
async def test_k49_what_was_saved_is_loaded_and_uploaded_once(talking: Talking, name: str, tmp_path: Path) -> None:
    sound = AudioPart(pcm=b"\1\0" * 480, transcript="spoken")
    call = ToolCall.from_function("f", call_id_="c1", x=1)
    saved = [
        ChatMessage.user(["look", sound]),
        ChatMessage.assistant("calling", tool_calls=[call]),
        ChatMessage.function("f", "r", tool_call_id="c1"),
    ]
    async with talking(chat_history=saved) as (ai, _):
        await ai.chat_round("more")
        ai.save(tmp_path / name)
    async with talking(connected=False) as (ai, world):
        ai.load(tmp_path / name)
        loaded = ai.chat_history[0].parts[1]
        assert (loaded.pcm, loaded.transcript, loaded.sample_rate) == (sound.pcm, "spoken", 24_000)
        assert ai.chat_history[1].tool_calls == [call]
        await ai.connect()
        await ai.chat_round("and?")
        assert created(world.server) == [
            "user look+input_audio",
            "assistant calling",
            'call c1 f({"x": 1})',
            "function_call_output c1 r",
            "user more",
            "assistant hello",
            "user and?",
        ]
        assert asked(world.server) == [{"tools": [], "tool_choice": "none"}]


async def test_k50_what_the_server_drops_comes_back_with_the_next_prompt(talking: Talking) -> None:
    async with talking() as (ai, world):
        await ai.chat_round("one")
        gone = ids(ai)[0]
        await world.server.say("conversation.item.deleted", item_id=gone)
        await ai.session.live.until(lambda state: gone not in state.conversation.items)
        assert gone not in ai.session.conversation_items
        assert history(ai) == [("user", "one", None), ("assistant", "hello", None)]
        await ai.chat_round("two")
        assert created(world.server) == ["user one", "user one", "user two"]
        assert references(asked(world.server)[-1]) == ids(ai)[:-1]


async def test_an_output_without_its_call_cannot_be_sent(talking: Talking) -> None:
    async with talking() as (ai, world):
        item = models.FunctionCallOutputConversationItem(output="r")
        with pytest.raises(LocalProtocolError, match="call_id"):
            await ai.session.send(client_events.ConversationItemCreate(item=item))
        assert world.server.said == []
