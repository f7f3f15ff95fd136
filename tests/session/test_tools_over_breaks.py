"""Calls that are answered on both sides of a break: the model goes on when it knows of all of them."""

import anyio

from realtime_sdk.fold import replay
from tests.session.scripted import Servers, quick_and_slow, talking
from tests.session.test_tools import hear_the_user, idle, outputs, run_calls
from tests.session.test_turns import detecting


async def test_the_model_goes_on_when_the_output_of_the_last_call_has_been_told() -> None:
    release, tools = quick_and_slow()
    with anyio.fail_after(5):
        async with Servers().talking(tools=tools) as (session, servers):
            await run_calls(session, servers.last, ("call_1", "quick", ""), ("call_2", "slow", ""))
            await session.until(lambda state: any(item.output == "quick" for item in state.items.values()))
            await servers.last.transport.aclose(1006)
            await session.until(lambda state: state.epochs[0].closed)
            await session.update()
            await idle()
            release.set()
            await servers.last.until_heard("response.create")
            await idle()
            assert outputs(servers.last) == [("call_1", "quick"), ("call_2", "slow")]
            assert servers.last.kinds[-3:] == ["conversation.item.create"] * 2 + ["response.create"]
    assert session.state == replay(session.log)


async def test_the_model_goes_on_without_an_output_that_no_server_takes() -> None:
    release, tools = quick_and_slow()
    with anyio.fail_after(5):
        async with Servers().talking(tools=tools) as (session, servers):
            await run_calls(session, servers.last, ("call_1", "quick", ""), ("call_2", "slow", ""))
            await session.until(lambda state: any(item.output == "quick" for item in state.items.values()))
            servers.last.refuse("conversation.item.create", code="string_above_max_length")
            release.set()
            await servers.last.until_heard("response.create")
            assert session.state.epochs[0].lost == ("the output of slow for call_2",)


async def test_a_turn_that_broke_off_with_its_connection_is_not_waited_for() -> None:
    release = anyio.Event()

    async def slow() -> str:
        await release.wait()
        return "slow"

    with anyio.fail_after(5):
        async with Servers(prepare=lambda server, _: detecting(server)).talking(tools=[slow]) as (session, servers):
            server = servers.last
            await run_calls(session, server, ("call_1", "slow", ""))
            await server.say("input_audio_buffer.speech_started", audio_start_ms=0, item_id="item_u")
            await server.say("input_audio_buffer.speech_stopped", audio_end_ms=900, item_id="item_u")
            await server.say("input_audio_buffer.committed", previous_item_id=None, item_id="item_u")
            await session.until(lambda state: state.input_audio.commits)
            await server.transport.aclose(1006)
            await session.until(lambda state: state.epochs[0].closed)
            release.set()
            await session.update()
            await servers.last.until_heard("response.create")


async def test_a_turn_whose_answer_failed_is_not_waited_for() -> None:
    release = anyio.Event()

    async def slow() -> str:
        await release.wait()
        return "slow"

    with anyio.fail_after(5):
        async with talking(tools=[slow], prepare=detecting) as (session, server):
            await run_calls(session, server, ("call_1", "slow", ""))
            await server.say("input_audio_buffer.speech_started", audio_start_ms=0, item_id="item_u")
            await hear_the_user(server)
            await server.error("rate_limit_exceeded")
            await session.until(lambda state: state.errors)
            release.set()
            await server.until_heard("response.create")
