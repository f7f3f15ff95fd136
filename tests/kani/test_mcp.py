"""Items that Kani has no role for, of MCP servers and of the server itself: they reach history all the same."""

from typing import Any

import pytest

from realtime_sdk.protocol.seed import client_events
from tests.kani.talk import Server, Talking, asked, conversing, created, history, settled, until

LISTING = {"type": "mcp_list_tools", "server_label": "docs", "tools": [{"name": "search", "input_schema": {}}]}
CALL = {"type": "mcp_call", "server_label": "docs", "name": "search", "arguments": '{"q":"x"}'}
FOUND = {"name": "search", "arguments": '{"q":"x"}', "output": "page three", "error": None}
ASKS = {"type": "mcp_approval_request", "server_label": "docs", "name": "search", "arguments": '{"q":"x"}'}
BROKEN = {"type": "tool_execution_error", "message": "no docs"}


class Service(Server):
    """A service that calls MCP servers in its responses."""

    async def did(self, response_id: str, item: dict[str, Any], **ends_with: Any) -> str:
        """An item that is nobody's words, from its beginning to its end."""
        item_id = f"mcp_{next(self._numbers)}"
        where = {"response_id": response_id, "output_index": 0}
        item = {"id": item_id, **item}
        await self.say("response.output_item.added", **where, item={**item, "arguments": ""})
        await self.say("conversation.item.added", previous_item_id=self._last, item={**item, "arguments": ""})
        self._last = item_id
        if item["type"] == "mcp_call":
            await self.say("response.mcp_call_arguments.done", **where, item_id=item_id, arguments=item["arguments"])
            await self.say("response.mcp_call.in_progress", output_index=0, item_id=item_id)
            await self.say("response.mcp_call.completed", output_index=0, item_id=item_id)
        self.items[item_id] = {**item, **ends_with}
        await self.say("conversation.item.done", previous_item_id=None, item=self.items[item_id])
        await self.say("response.output_item.done", **where, item=self.items[item_id])
        return item_id

    def doing(self, item: dict[str, Any], text: str = "", **ends_with: Any) -> None:
        """Do this in the next response, and say something of it."""

        async def script(response_id: str) -> None:
            done = [await self.did(response_id, item, **ends_with)]
            if text:
                done.append(await self.words(response_id, text))
            await self.over(response_id, *done)

        self.scripts.append(script)

    async def nudges(self) -> None:
        """The idle timeout: a system item, the silence as a user's turn, and a response to both."""
        await self.say("input_audio_buffer.timeout_triggered", audio_start_ms=0, audio_end_ms=5_000, item_id="u_idle")
        content = [{"type": "input_text", "text": "nobody spoke"}]
        await self.take_in({"id": "s_idle", "type": "message", "role": "system", "content": content})
        await self.say("input_audio_buffer.committed", previous_item_id="s_idle", item_id="u_idle")
        sound = [{"type": "input_audio", "transcript": None}]
        await self.take_in({"id": "u_idle", "type": "message", "role": "user", "content": sound})
        await self.written("u_idle", "")
        await self.answers_by_itself("r_idle", "still there?")


def notes(message: Any, key: str = "mcp_calls") -> Any:
    return message.extra["realtime"].get(key)


def plain(ai: Any, server: Any) -> None:
    """An unchanged history needs no references, whatever else is in the conversation."""
    assert all("input" not in params for params in asked(server))


async def test_what_an_mcp_server_did_stands_in_the_message_of_a_round(talking: Talking) -> None:
    async with talking(Service) as (ai, world):
        await world.server.take_in(LISTING)
        world.server.doing(CALL, "it is there", output="page three")
        said = [message async for message in ai.full_round("where?")]
        assert [(message.text, notes(message)) for message in said] == [("it is there", [FOUND])]
        assert (await ai.chat_round("thanks", include_functions=False)).text == "hello"
        assert created(world.server) == ["user where?", "user thanks"]
        plain(ai, world.server)


async def test_an_mcp_call_that_failed_is_told_with_its_error(talking: Talking) -> None:
    async with talking(Service) as (ai, world):
        world.server.doing(CALL, "sorry", error=BROKEN)
        message = await ai.chat_round("where?", include_functions=False)
        assert notes(message) == [{**FOUND, "output": None, "error": "no docs"}]


@pytest.mark.parametrize(("item", "key"), [(CALL, "mcp_calls"), (ASKS, "mcp_approval_requests")], ids=["call", "asks"])
async def test_a_round_in_which_only_an_mcp_server_was_asked_says_so(
    talking: Talking, item: dict[str, Any], key: str
) -> None:
    async with talking(Service) as (ai, world):
        world.server.doing(item)
        streams = [await stream.message() async for stream in ai.full_round_stream("where?")]
        assert [(message.content, message.tool_calls) for message in streams] == [(None, None)]
        (found,) = notes(streams[0], key)
        assert (found["name"], found["arguments"]) == ("search", '{"q":"x"}')
        assert (await ai.chat_round("and?", include_functions=False)).text == "hello"
        plain(ai, world.server)


@pytest.mark.parametrize(("item", "key"), [(CALL, "mcp_calls"), (ASKS, "mcp_approval_requests")], ids=["call", "asks"])
async def test_in_a_conversation_they_are_no_streams_but_in_history(
    talking: Talking, item: dict[str, Any], key: str
) -> None:
    async with talking(Service) as (ai, world):
        server = world.server
        async with conversing(ai) as heard:
            await server.take_in(LISTING)
            await server.spoken("u1", transcript="where?")
            server.doing(item)
            server.doing(item, "it is there")
            for count in (1, 2):
                await ai.session.send(client_events.ResponseCreate())
                await server.until_heard("response.create", count)
                await settled(ai)
            await until(lambda: len(ai.chat_history) == 3)
        assert [text for _, _, text in heard.said] == ["where?", "it is there"]
        assert history(ai) == [("user", "where?", None), ("assistant", None, None), ("assistant", "it is there", None)]
        assert [len(notes(message, key)) for message in ai.chat_history[1:]] == [1, 1]
        assert (await ai.chat_round("thanks", include_functions=False)).text == "hello"
        assert created(server) == ["user thanks"]
        assert "input" not in asked(server)[-1]


async def test_an_idle_timeout_in_a_conversation_is_three_messages(talking: Talking) -> None:
    async with talking(Service) as (ai, world):
        async with conversing(ai) as heard:
            await world.server.nudges()
            await until(lambda: len(ai.chat_history) == 3)
        said = [("system", "nobody spoke"), ("user", ""), ("assistant", "still there?")]
        assert [(role, text) for role, _, text in heard.said] == said
        assert [shown[:2] for shown in history(ai)] == said
        assert (await ai.chat_round("yes", include_functions=False)).text == "hello"
        assert created(world.server) == ["user yes"]
        assert "input" not in asked(world.server)[-1]


async def test_an_idle_timeout_between_rounds_is_left_out_of_the_prompt(talking: Talking) -> None:
    async with talking(Service) as (ai, world):
        await ai.chat_round("hi", include_functions=False)
        await world.server.nudges()
        await settled(ai)
        assert (await ai.chat_round("yes", include_functions=False)).text == "hello"
        known = [item_id for message in ai.chat_history[:3] for item_id in message.extra["realtime"]["item_ids"]]
        assert [reference["id"] for reference in asked(world.server)[-1]["input"]] == known


async def test_a_response_without_anything_leaves_the_history_plain(talking: Talking) -> None:
    async with talking(Service) as (ai, world):

        async def script(response_id: str) -> None:
            await world.server.over(response_id)

        world.server.scripts.append(script)
        assert (await ai.chat_round("hi", include_functions=False)).content is None
        for _ in range(2):
            await ai.chat_round("and?", include_functions=False)
        assert created(world.server) == ["user hi", "user and?", "user and?"]
        plain(ai, world.server)


async def test_an_item_that_is_deleted_while_it_is_spoken_breaks_no_round(talking: Talking) -> None:
    async with talking(Service) as (ai, world):

        async def script(response_id: str) -> None:
            item_id = await world.server.words(response_id, "forget it")
            await world.server.say("conversation.item.deleted", item_id=item_id)
            await world.server.over(response_id, item_id)

        world.server.scripts.append(script)
        assert (await ai.chat_round("hi", include_functions=False)).text == "forget it"
        assert (await ai.chat_round("and?", include_functions=False)).text == "hello"
