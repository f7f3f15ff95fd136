"""Tools without a framework: described by their signature, run once, answered in order, and never a reason to crash."""

from contextlib import suppress
from typing import Any, Literal
from unittest.mock import ANY

import anyio
import pytest
from anyio.lowlevel import checkpoint

from realtime_sdk.errors import ConnectionLost, LocalProtocolError
from realtime_sdk.fold import replay
from realtime_sdk.protocol import models
from realtime_sdk.session import RealtimeSession
from realtime_sdk.session.requests import TAG
from realtime_sdk.session.tools import Outcome, ToolContext, split_tools, tool
from tests.session.scripted import Server, quick_and_slow, talking
from tests.session.test_turns import detecting


async def weather(city: str, unit: Literal["c", "f"] = "c") -> dict[str, Any]:
    """How the weather is in a city."""
    return {"city": city, "unit": unit, "degrees": 21}


def context(arguments: str) -> ToolContext:
    return ToolContext("call_1", "weather", arguments)


async def idle() -> None:
    for _ in range(60):
        await checkpoint()


def outputs(server: Server) -> list[tuple[str, str]]:
    items = [event["item"] for event in server.heard_of("conversation.item.create")]
    return [(item["call_id"], item["output"]) for item in items if item["type"] == "function_call_output"]


async def run_calls(session: RealtimeSession, server: Server, *calls: tuple[str, str, str]) -> str:
    """Have the model make calls, (call_id, name, arguments) each, in one response that then ends."""
    server.holding = True
    await server.respond_by_itself(response_id := f"resp_calls_{len(server.items)}")
    items = [
        await server.call(response_id, name, arguments, call_id=call_id, index=index)
        for index, (call_id, name, arguments) in enumerate(calls)
    ]
    await server.finish(response_id, items=tuple(items))
    return response_id


def test_the_model_is_told_the_signature() -> None:
    assert tool(weather).definition == models.FunctionTool(
        name="weather",
        description="How the weather is in a city.",
        parameters={
            "additionalProperties": False,
            "properties": {
                "city": {"type": "string"},
                "unit": {"type": "string", "enum": ["c", "f"], "default": "c"},
            },
            "required": ["city"],
            "type": "object",
        },
    )


def test_a_parameter_may_be_called_title_and_the_context_is_not_shown() -> None:
    def book(title: str, context: ToolContext) -> str:
        return title

    parameters = tool(book).definition.parameters or {}
    assert parameters["properties"] == {"title": {"type": "string"}}


def test_functions_that_cannot_be_described_and_names_used_twice_are_refused() -> None:
    def anything(*words: str) -> None: ...

    with pytest.raises(LocalProtocolError, match="'words' has no name"):
        tool(anything)
    with pytest.raises(LocalProtocolError, match="two tools are called 'weather'"):
        split_tools([weather, weather])


def test_tools_of_the_protocol_pass_as_they_are() -> None:
    given = [models.FunctionTool(name="mine"), {"type": "function", "name": "too"}]
    definitions, runnable = split_tools([*given, weather])
    assert definitions[:2] == given
    assert list(runnable) == ["weather"]


async def test_a_call_is_checked_and_its_result_is_text() -> None:
    assert await tool(weather).run(context('{"city":"Rome"}')) == Outcome('{"city":"Rome","unit":"c","degrees":21}')
    assert await tool(lambda: None, name="nothing").run(context("")) == Outcome("null")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("{", "JSON: Invalid JSON"),
        ("{}", "city: Field required"),
        ('{"city":"Rome","unit":"k"}', "unit: Input should be 'c' or 'f'"),
        ('{"city":"Rome","more":1}', "more: Extra inputs are not permitted"),
    ],
)
async def test_wrong_arguments_are_told_to_the_model(arguments: str, complaint: str) -> None:
    outcome = await tool(weather).run(context(arguments))
    assert outcome.status == "invalid"
    assert complaint in outcome.output


async def test_what_a_tool_raises_and_a_tool_that_takes_too_long_are_told_to_the_model() -> None:
    async def broken() -> None:
        raise KeyError("no such city")

    async def slow() -> None:
        await anyio.sleep_forever()

    def blocking() -> str:
        return "from a thread"

    assert await tool(broken).run(context("")) == Outcome("Error: KeyError: 'no such city'", "failed")
    assert await tool(slow, timeout=0.01).run(context("")) == Outcome(
        "Error: the tool did not finish within 0.01 s", "timed_out"
    )
    assert await tool(blocking).run(context("")) == Outcome("from a thread")


# --- in a session ---------------------------------------------------------------------------------------------------


async def test_a_call_is_run_answered_and_followed_by_one_response() -> None:
    async with talking(tools=[weather]) as (session, server):
        assert server.heard[0]["session"]["tools"][0]["name"] == "weather"
        await run_calls(session, server, ("call_1", "weather", '{"city":"Rome"}'))
        await server.until_heard("response.create")
        assert outputs(server) == [("call_1", '{"city":"Rome","unit":"c","degrees":21}')]
        await idle()
        assert server.kinds == ["session.update", "conversation.item.create", "response.create"]


async def test_calls_run_together_and_are_answered_in_their_order_with_one_response() -> None:
    first, second = anyio.Event(), anyio.Event()

    async def one() -> str:
        first.set()
        await second.wait()
        return "one"

    async def two() -> str:
        await first.wait()
        second.set()
        return "two"

    async with talking(tools=[one, two]) as (session, server):
        await run_calls(session, server, ("call_1", "one", "{}"), ("call_2", "two", ""))
        await server.until_heard("response.create")
        await idle()
        assert outputs(server) == [("call_1", "one"), ("call_2", "two")]
        assert server.kinds.count("response.create") == 1


async def test_no_response_is_asked_for_before_all_calls_are_answered_and_the_response_has_ended() -> None:
    release, tools = quick_and_slow()
    async with talking(tools=tools, holding=True) as (session, server):
        await server.respond_by_itself("resp_1")
        first = await server.call("resp_1", "quick", "{}", call_id="call_1")
        await session.until(lambda state: any(item.type == "function_call_output" for item in state.items.values()))
        second = await server.call("resp_1", "slow", "{}", call_id="call_2", index=1)
        await server.finish("resp_1", items=(first, second))
        await session.until(lambda state: not state.active_response_id)
        await idle()
        assert server.kinds.count("response.create") == 0
        release.set()
        await server.until_heard("response.create")
        assert outputs(server) == [("call_1", "quick"), ("call_2", "slow")]


async def test_a_tool_that_nobody_knows_is_answered() -> None:
    async with talking(tools=[weather]) as (session, server):
        await run_calls(session, server, ("call_1", "wether", "{}"))
        await server.until_heard("response.create")
        assert outputs(server) == [("call_1", "Error: there is no tool 'wether'; there are: weather")]


@pytest.mark.parametrize("ended_by", ["us", "server", "break"])
async def test_outputs_that_no_server_takes_any_more_are_named_when_the_session_ends(ended_by: str) -> None:
    started, ready = anyio.Event(), anyio.Event()

    async def slow() -> None:
        started.set()
        await anyio.sleep_forever()

    async def quick() -> str:
        ready.set()
        return "done"

    async with talking(tools=[weather, slow, quick]) as (session, server):
        await run_calls(session, server, ("call_1", "weather", '{"city":"Rome"}'))
        await server.until_heard("response.create")
        server.silent_about.add("conversation.item.create")
        await run_calls(session, server, ("call_2", "quick", ""), ("call_3", "slow", ""))
        await started.wait()
        await ready.wait()
        updates = session.updates()
        if ended_by == "us":
            await session.aclose()
        else:
            await server.transport.aclose(1000 if ended_by == "server" else 1006)
        with suppress(ConnectionLost):
            kinds = [update.event.type async for update in updates]
            assert ended_by != "break"
            assert kinds[-2:] == ["local.connection_closed", "local.epoch_started"]
        await idle()
        assert session.state.epochs[-1].lost == ("the output of quick for call_2", "the output of slow for call_3")
    assert session.state == replay(session.log)


async def test_a_call_is_run_once_and_another_under_its_id_is_not_run() -> None:
    ran: list[str] = []

    async def note(text: str) -> str:
        ran.append(text)
        return "noted"

    async with talking(tools=[note]) as (session, server):
        await run_calls(session, server, ("call_1", "note", '{"text":"a"}'))
        await server.until_heard("response.create")
        await server.finish(await server.begin({}))
        await run_calls(session, server, ("call_1", "note", '{"text":"b"}'))
        await session.until(lambda state: sum(item.type == "function_call" for item in state.items.values()) == 2)
        await idle()
    assert ran == ["a"]


async def test_when_the_user_speaks_a_call_is_cancelled_if_its_tool_says_so() -> None:
    started = anyio.Event()

    async def search() -> None:
        started.set()
        await anyio.sleep_forever()

    async with talking(tools=[tool(search, on_interrupt="cancel")]) as (session, server):
        await run_calls(session, server, ("call_1", "search", "{}"))
        await started.wait()
        await server.say("input_audio_buffer.speech_started", audio_start_ms=0, item_id="item_u")
        await server.until_heard("conversation.item.create")
        await idle()
        assert outputs(server) == [("call_1", "Error: the user interrupted, and the call was cancelled")]
        assert "response.create" not in server.kinds


async def test_a_person_may_refuse_a_call_before_it_runs() -> None:
    asked: list[str] = []

    async def approve(call: ToolContext) -> bool:
        asked.append(call.arguments)
        return call.arguments == '{"amount":1}'

    async def pay(amount: int) -> str:
        return f"paid {amount}"

    async with talking(tools=[tool(pay, needs_approval=True)], approve=approve) as (session, server):
        await run_calls(session, server, ("call_1", "pay", '{"amount":1}'), ("call_2", "pay", '{"amount":9}'))
        await server.until_heard("response.create")
        assert outputs(server) == [("call_1", "paid 1"), ("call_2", "Error: the call was not approved")]
        assert sorted(asked) == ['{"amount":1}', '{"amount":9}']


async def test_approval_that_nobody_can_give_is_a_refusal() -> None:
    async with talking(tools=[tool(weather, needs_approval=True)]) as (session, server):
        await run_calls(session, server, ("call_1", "weather", '{"city":"Rome"}'))
        await server.until_heard("response.create")
        assert outputs(server) == [("call_1", "Error: the call was not approved")]


async def test_a_tool_finds_its_dependencies_and_tells_of_its_progress() -> None:
    told = anyio.Event()

    async def look(context: ToolContext) -> str:
        await context.progress("half way")
        await told.wait()
        return str(context.dependencies)

    async with talking(tools=[look], tool_context="the database") as (session, server):
        await run_calls(session, server, ("call_1", "look", "{}"))
        asked = await server.until_heard("response.create")
        assert asked["response"] == {"tool_choice": "none", "metadata": {TAG: ANY}}
        assert (
            server.heard_of("conversation.item.create")[0]["item"]["content"][0]["text"] == "Progress of look: half way"
        )
        told.set()
        await server.until_heard("conversation.item.create", 2)
        assert outputs(server) == [("call_1", "the database")]


async def test_outputs_may_be_given_by_hand() -> None:
    async with talking() as (session, server):
        await run_calls(session, server, ("call_1", "mine", "{}"), ("call_2", "mine", "{}"))
        await session.until(lambda state: len(state.conversation.items) == 2 and not state.active_response_id)
        await session.submit_tool_output("call_1", "text")
        await idle()
        assert "response.create" not in server.kinds
        item = await session.submit_tool_output("call_2", {"a": [1]})
        assert item.output == '{"a":[1]}'
        await server.until_heard("response.create")


async def test_an_approval_of_an_mcp_call_is_an_item() -> None:
    async with talking() as (session, server):
        item = await session.approve("mcpr_1", approve=False, reason="no")
        assert (item.type, item.approve, item.reason, item.approval_request_id) == (
            "mcp_approval_response",
            False,
            "no",
            "mcpr_1",
        )
        await server.until_heard("response.create")


async def test_tools_may_be_given_later() -> None:
    async with talking() as (session, server):
        await session.update(tools=[weather])
        await run_calls(session, server, ("call_1", "weather", '{"city":"Rome"}'))
        await server.until_heard("response.create")
        assert len(outputs(server)) == 1


# --- while somebody else has the floor ------------------------------------------------------------------------------


async def hear_the_user(server: Server) -> None:
    """A turn of the user that voice detection has committed, and is about to answer."""
    await server.say("input_audio_buffer.speech_stopped", audio_end_ms=100, item_id="item_u")
    await server.say("input_audio_buffer.committed", previous_item_id=None, item_id="item_u")
    content = [{"type": "input_audio", "transcript": None}]
    await server.take_in({"id": "item_u", "type": "message", "role": "user", "content": content})


@pytest.mark.parametrize("is_known", [True, False])
async def test_an_output_that_is_ready_while_the_user_speaks_waits_for_the_answer_to_them(is_known: bool) -> None:
    speaks, release = anyio.Event(), anyio.Event()

    async def slow() -> str:
        await (speaks if is_known else release).wait()
        return "slow"

    with anyio.fail_after(5):
        async with talking(tools=[slow], prepare=detecting) as (session, server):
            await run_calls(session, server, ("call_1", "slow", ""))
            await server.say("input_audio_buffer.speech_started", audio_start_ms=0, item_id="item_u")
            await session.until(lambda state: state.input_audio.speaking)
            speaks.set()
            await idle()
            await hear_the_user(server)
            await session.until(lambda state: "item_u" in state.items)
            await idle()
            assert server.kinds.count("response.create") == 0
            await server.respond_by_itself("resp_vad")
            await session.until(lambda state: state.active_response_id)
            release.set()
            await session.until(lambda state: any(i.type == "function_call_output" for i in state.items.values()))
            await server.finish("resp_vad", items=(await server.speak("resp_vad", "Yes."),))
            await session.until(lambda state: not state.active_response_id)
            await idle()
            assert server.kinds.count("response.create") == (0 if is_known else 1)


async def test_progress_is_told_when_the_user_has_spoken_and_not_after_the_output() -> None:
    told, release = anyio.Event(), anyio.Event()

    async def look(context: ToolContext) -> str:
        await context.progress("half way")
        told.set()
        await release.wait()
        return "found"

    with anyio.fail_after(5):
        async with talking(tools=[look], prepare=detecting) as (session, server):
            await server.say("input_audio_buffer.speech_started", audio_start_ms=0, item_id="item_u")
            await run_calls(session, server, ("call_1", "look", "{}"))
            await told.wait()
            await idle()
            assert server.kinds.count("response.create") == 0
            release.set()
            await session.until(lambda state: any(i.type == "function_call_output" for i in state.items.values()))
            await server.say("input_audio_buffer.speech_stopped", audio_end_ms=100, item_id="item_u")
            await server.say("input_audio_buffer.cleared")
            create = await server.until_heard("response.create")
            assert "tool_choice" not in create["response"]
            await idle()
            assert server.kinds.count("response.create") == 1
