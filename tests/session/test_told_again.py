"""What a new server is told of a conversation: as it was heard, and as far as it came."""

from dataclasses import replace

from realtime_sdk.fold import replay
from realtime_sdk.protocol import models
from realtime_sdk.transport import Endpoint
from tests.session.continued import brought_back, idle, texts, told
from tests.session.scripted import AT_ONCE, Server, Servers


async def test_the_assistant_is_remembered_as_it_was_heard() -> None:
    async with Servers().talking() as (session, servers):
        servers.last.holding = True
        await servers.last.respond_by_itself("resp_1")
        sound = b"\0" * 48_000
        item_id = await servers.last.speak("resp_1", "One two three four", sound=sound)
        await servers.last.finish("resp_1", items=(item_id,))
        await session.until(lambda state: not state.active_response_id)
        session.heard(item_id, 2_100)
        await session.interrupt()
        await servers.last.transport.aclose(1006)
        await brought_back(session)
        assert told(servers.last) == [("assistant", ["One two"])]
        (item,) = session.state.conversation.items.values()
        assert (item.text, item.heard_text, item.truncated_ms) == ("One two three four", "One two", 2_100)
    assert session.state == replay(session.log)


async def test_what_was_broken_off_is_told_as_far_as_it_was_heard_and_else_is_lost() -> None:
    async with Servers().talking() as (session, servers):
        await servers.last.respond_by_itself("resp_1")
        heard = await servers.last.speak("resp_1", "One two", sound=b"\0" * 48_000)
        unheard = await servers.last.speak("resp_1", "Three four", sound=b"\0" * 48_000)
        await session.until(lambda state: unheard in state.items and state.items[unheard].audio_ms == 2_000)
        session.heard(heard, 1_500)
        await servers.last.transport.aclose(1006)
        await brought_back(session)
        assert told(servers.last) == [("assistant", ["One"])]
        assert session.state.epochs[1].lost == (unheard,)
        assert session.state.responses["resp_1"].reason == "connection_closed"


async def test_calls_go_with_their_outputs_and_calls_without_one_are_lost() -> None:
    async with Servers().talking() as (session, servers):
        await servers.last.respond_by_itself("resp_1")
        long_id = "call_" + "x" * 40
        first = await servers.last.call("resp_1", "weather", "{}", call_id=long_id)
        second = await servers.last.call("resp_1", "weather", "{}", call_id="call_2", index=1)
        await servers.last.finish("resp_1", items=(first, second))
        await session.until(lambda state: not state.active_response_id and second in state.conversation.items)
        await session.submit_tool_output(long_id, "sunny", reply=False)
        await servers.last.transport.aclose(1006)
        await brought_back(session)
        (call, call_id), (output, output_id) = told(servers.last)
        assert (call, output) == ("function_call", "function_call_output")
        assert call_id == output_id
        assert len(call_id) <= 32
        assert session.state.epochs[1].lost == (second,)


async def test_pictures_and_system_messages_are_told_again_and_what_a_server_refuses_is_lost() -> None:
    def prepare(server: Server, number: int) -> None:
        if number == 1:
            server.refuse("conversation.item.create", code="invalid_value")

    async with Servers(prepare=prepare).talking() as (session, servers):
        system = [models.SystemMessageContent(type="input_text", text="Be kind.")]
        await session.add_item(models.SystemMessage(content=system))
        picture = models.UserMessageContent(type="input_image", image_url="data:image/png;base64,AAAA")
        await session.add_item(models.UserMessage(content=[picture]))
        await servers.last.transport.aclose(1006)
        await brought_back(session)
        assert told(servers.last) == [("system", ["Be kind."]), ("user", ["data:image/png;base64,AAAA"])]
        refused = servers.last.heard_of("conversation.item.create")[0]["item"]["id"]
        assert session.state.epochs[1].lost == (refused,)
        assert refused not in session.state.conversation.items


async def test_spoken_words_of_the_user_are_told_as_text() -> None:
    async with Servers().talking() as (session, servers):
        await session.append_audio(b"\0" * 4800)
        item_id = await session.commit()
        await session.append_audio(b"\0" * 4800)
        untold = await session.commit()
        assert item_id is not None
        completed = "conversation.item.input_audio_transcription.completed"
        usage = {"type": "duration", "seconds": 0.1}
        await servers.last.say(completed, item_id=item_id, content_index=0, transcript="Hello there", usage=usage)
        await session.until(lambda state: state.items[item_id].input_transcript)
        await servers.last.transport.aclose(1006)
        await brought_back(session)
        assert told(servers.last) == [("user", ["Hello there"])]
        assert session.state.epochs[1].lost == (untold,)
        (item,) = session.state.conversation.items.values()
        assert item.input_transcript == "Hello there"


async def test_a_turn_that_nobody_answered_is_asked_again_if_that_is_wanted() -> None:
    async with Servers().talking(continuity=replace(AT_ONCE, answer_again=True)) as (session, servers):
        await session.add_item("Are you there?")
        await servers.last.transport.aclose(1006)
        await session.until(lambda state: any(item.role == "assistant" for item in state.conversation.items.values()))
        assert texts(session)[0] == "Are you there?"


async def test_a_call_that_is_attached_to_again_goes_on_as_it_is() -> None:
    from realtime_sdk.session import connect
    from realtime_sdk.session.lines import task_home

    servers = Servers(prepare=lambda server, _: setattr(server, "greets", False))
    async with task_home() as servers.group:
        endpoint = Endpoint("ws://host/v1/realtime?call_id=rtc_1")
        async with connect(endpoint, transport=servers.open, continuity=AT_ONCE) as session:
            item = await session.add_item("Hello")
            await servers.last.transport.aclose(1006)
            await session.until(lambda state: len(state.epochs) == 2)
            await idle()
            assert servers.last.heard == []
            assert session.state.conversation.order == (item.id,)
