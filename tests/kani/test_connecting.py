"""Connecting: K01 to K07, and what the session sends."""

import asyncio
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import pytest
from kani import ChatMessage, ToolCall, ai_function

import realtime_sdk as rt
from realtime_sdk.errors import ConnectionClosed, HandshakeError, ServerError
from realtime_sdk.kani.realtime_kani import OpenAIRealtimeKani
from realtime_sdk.protocol.seed import client_events, models
from realtime_sdk.transport import Endpoint
from tests.kani.talk import Server, Simulating, Talking, World, created, until
from tests.kani.wires import Wire

CALL = ToolCall.from_function("f", call_id_="c1")
HISTORY = [
    ChatMessage.user("q"),
    ChatMessage.assistant("t", tool_calls=[CALL]),
    ChatMessage.function("f", "r", tool_call_id="c1"),
    ChatMessage.assistant("a"),
]


@contextmanager
def without_warning() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


class WithFunction(OpenAIRealtimeKani):
    @ai_function()
    def f(self) -> str:
        """Do it."""
        return "done"


class WithoutWords(OpenAIRealtimeKani):
    @ai_function()
    def f(self) -> str:
        return "done"


async def test_k01_connecting_sends_one_update_with_the_defaults_of_then(talking: Talking, wire: Wire) -> None:
    headers = {"X-Mine": "1", **wire.headers}
    async with talking(headers=headers) as (ai, world):
        (update,) = world.server.heard
        assert update["session"] == {
            "type": "realtime",
            "audio": {
                "input": {
                    "transcription": {"model": "whisper-1"},
                    "turn_detection": {
                        "type": "server_vad",
                        "threshold": 0.5,
                        "prefix_padding_ms": 300,
                        "silence_duration_ms": 500,
                    },
                }
            },
        }
        assert (ai.is_connected, ai.chat_history, ai.session.session_id) == (True, [], "sess_1")
    (endpoint,) = world.endpoints
    assert endpoint.url == f"{world.base}?model=gpt-realtime-2.1"
    assert dict(endpoint.headers) == {"Authorization": "Bearer k", "X-Mine": "1", **wire.headers}
    assert headers == {"X-Mine": "1", **wire.headers}
    assert not ai.is_connected


async def test_k01_a_model_that_is_named_goes_out_as_it_is(talking: Talking) -> None:
    async with talking(model="gpt-4o-realtime-preview-2024-10-01") as (_, world):
        assert world.endpoints[0].url.endswith("?model=gpt-4o-realtime-preview-2024-10-01")


async def test_k01_with_the_simulator_in_place_of_a_script(simulating: Simulating) -> None:
    async with simulating() as (_, how):
        ai = OpenAIRealtimeKani("k", **how)
        await ai.connect()
        config = ai.session.session_config.audio.input
        assert (config.turn_detection.type, config.transcription.model) == ("server_vad", "whisper-1")
        await ai.close()


async def test_k02_the_configuration_is_translated_and_left_as_it_was(talking: Talking, wire: Wire) -> None:
    tool = models.FunctionDefinition(name="x", description="d", parameters={"type": "object"})
    config = models.SessionConfig(
        voice="echo",
        instructions="I",
        modalities=["text"],
        input_audio_format="g711_ulaw",
        turn_detection=None,
        tool_choice="required",
        temperature=0.7,
        tools=[tool],
    )
    with without_warning() if wire.is_beta else pytest.warns(UserWarning, match="temperature"):
        async with talking(make=WithFunction, config=config) as (_, world):
            session = world.server.heard[0]["session"]
            assert [each["name"] for each in session.pop("tools")] == ["x", "f"]
            assert session == {
                "type": "realtime",
                "instructions": "I",
                "output_modalities": ["text"],
                "tool_choice": "required",
                **({"temperature": 0.7} if wire.is_beta else {}),
                "audio": {
                    "input": {
                        "format": {"type": "audio/pcmu"},
                        "transcription": {"model": "whisper-1"},
                        "turn_detection": None,
                    },
                    "output": {"voice": "echo"},
                },
            }
    with without_warning() if wire.is_beta else pytest.warns(UserWarning, match="temperature"):
        async with talking(make=WithFunction, config=config) as (_, world):
            assert [each["name"] for each in world.server.heard[0]["session"]["tools"]] == ["x", "f"]
    assert config.tools == [tool]


async def test_k02_the_modalities_of_then_are_sound(talking: Talking) -> None:
    async with talking(config=models.SessionConfig(modalities=["text", "audio"])) as (_, world):
        assert world.server.heard[0]["session"]["output_modalities"] == ["audio"]


async def test_k02_a_session_of_today_goes_out_as_it_is(talking: Talking) -> None:
    vad = rt.models.SemanticVad(create_response=False)
    config = rt.models.SessionRequest(
        audio=rt.models.SessionAudio(
            input=rt.models.AudioInput(turn_detection=vad), output=rt.models.AudioOutput(voice="marin")
        )
    )
    async with talking(config=config) as (_, world):
        assert world.server.heard[0]["session"] == {
            "type": "realtime",
            "audio": {
                "input": {"turn_detection": {"type": "semantic_vad", "create_response": False}},
                "output": {"voice": "marin"},
            },
        }


async def test_k03_a_function_without_words_has_an_empty_description(talking: Talking) -> None:
    with pytest.warns(UserWarning, match="missing a description"):
        ai_of = talking(make=WithoutWords)
        async with ai_of as (_, world):
            (tool,) = world.server.heard[0]["session"]["tools"]
            assert (tool["name"], tool["description"]) == ("f", "")


async def test_k04_a_refused_port_raises_and_leaves_it_ready(free_tcp_port: int) -> None:
    ai = OpenAIRealtimeKani("k", ws_base=f"ws://127.0.0.1:{free_tcp_port}/v1/realtime")
    with pytest.raises((HandshakeError, ConnectionClosed, OSError)):
        await ai.connect()
    assert not ai.is_connected
    async with rt.simulate(port=free_tcp_port):
        await ai.connect()
        assert ai.is_connected
        await ai.close()


async def test_k04_a_refused_shape_raises_its_code() -> None:
    async with rt.simulate(beta="refuse") as server:
        ai = OpenAIRealtimeKani("k", ws_base=server.url, headers={"OpenAI-Beta": "realtime=v1"})
        with pytest.raises(HandshakeError) as caught:
            await ai.connect()
        assert (caught.value.code, ai.is_connected) == ("beta_api_shape_disabled", False)


async def test_k04_refused_settings_raise_their_code_and_the_next_connect_works(talking: Talking) -> None:
    refusals = [True]

    def prepare(server: Server) -> None:
        if refusals:
            refusals.pop()
            server.refuse("session.update", code="unknown_parameter")

    async with talking(prepare=prepare, connected=False) as (ai, world):
        with pytest.raises(ServerError) as caught:
            await ai.connect()
        assert (caught.value.code, ai.is_connected) == ("unknown_parameter", False)
        await ai.connect()
        assert ai.is_connected
        assert len(world.servers) == 2


class Closed(World):
    """Servers that nobody may open."""

    def opening(self, endpoint: Endpoint) -> Any:
        raise HandshakeError("no", status=401, body="who are you?")


async def test_k04_a_handshake_that_is_refused_raises_its_status(wire: Wire) -> None:
    def refuse(websocket: Any, _: Any) -> Any:
        return websocket.respond(HTTPStatus.UNAUTHORIZED, "who are you?")

    async with Closed(wire=wire, process_request=refuse) as world:
        ai = OpenAIRealtimeKani("k", **world.how)
        with pytest.raises(HandshakeError) as caught:
            await ai.connect()
        assert (caught.value.status, caught.value.body, ai.is_connected) == (401, "who are you?", False)


class Leaving(Server):
    """Closes before it has greeted anybody."""

    async def run(self) -> None:
        await self.error("beta_api_shape_disabled")
        await self.transport.aclose(4000, "invalid_request_error.beta_api_shape_disabled")


async def test_k04_a_close_before_the_greeting_raises_its_code(talking: Talking) -> None:
    async with talking(Leaving, connected=False) as (ai, _):
        with pytest.raises(HandshakeError) as caught:
            await ai.connect()
        assert (caught.value.code, ai.is_connected) == ("beta_api_shape_disabled", False)


async def test_k04_whatever_opening_raises_comes_out() -> None:
    def opening(_: Endpoint) -> Any:
        raise ValueError("no such network")

    ai = OpenAIRealtimeKani("k", transport=opening)
    with pytest.raises(ValueError, match="no such network"):
        await ai.connect()
    assert not ai.is_connected


async def test_k04_connecting_may_be_given_up_and_begun_again(talking: Talking) -> None:
    silent = [True]

    def prepare(server: Server) -> None:
        server.greets = not silent

    async with talking(prepare=prepare, connected=False) as (ai, world):
        task = asyncio.create_task(ai.connect())
        await until(lambda: world.servers)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert not ai.is_connected
        silent.clear()
        await ai.connect()
        assert (await ai.chat_round("hi")).text == "hello"


async def test_k05_the_history_is_uploaded_once_and_in_order(talking: Talking) -> None:
    with without_warning():
        async with talking(system_prompt="S", chat_history=[*HISTORY]) as (ai, world):
            server = world.server
            assert server.heard[0]["session"]["instructions"] == "S"
            expected = ["user q", "assistant t", "call c1 f({})", "function_call_output c1 r", "assistant a"]
            assert created(server) == expected
            events = server.heard_of("conversation.item.create")
            ids = [event["item"]["id"] for event in events]
            assert len(set(ids)) == len(ids)
            assert max(map(len, ids)) <= 32
            assert [event["previous_item_id"] for event in events] == ["root", *ids[:-1]]
            await ai.close()
            await ai.connect()
            assert created(world.server) == expected


async def test_k05_included_messages_go_before_the_history(talking: Talking) -> None:
    included = [ChatMessage.user("first")]
    async with talking(system_prompt="S", always_included_messages=included, chat_history=[ChatMessage.user("q")]) as (
        _,
        world,
    ):
        assert created(world.server) == ["user first", "user q"]
    async with talking(system_prompt="S", config=models.SessionConfig(instructions="I")) as (_, world):
        assert world.server.heard[0]["session"]["instructions"] == "I"
        assert created(world.server) == ["system S"]


async def test_k06_a_refused_upload_names_the_message_and_ends_the_connection(talking: Talking) -> None:
    class Strict(Server):
        async def on_conversation_item_create(self, event: dict[str, Any]) -> None:
            if len(self.heard_of("conversation.item.create")) == 3:
                await self.error("invalid_value", event_id=event.get("event_id"))
                return
            await super().on_conversation_item_create(event)

    async with talking(Strict, chat_history=[*HISTORY], connected=False) as (ai, world):
        with pytest.raises(ServerError, match="message 1 ") as caught:
            await ai.connect()
        assert (caught.value.code, ai.is_connected) == ("invalid_value", False)
        assert len(created(world.server)) == 3


async def test_k07_connecting_twice_is_refused_and_changes_nothing(talking: Talking) -> None:
    async with talking() as (ai, world):
        with pytest.raises(RuntimeError, match="connected already"):
            await ai.connect()
        assert ai.is_connected
        assert len(world.servers) == 1


async def test_k57_sending_before_connecting_is_refused(talking: Talking) -> None:
    async with talking(connected=False) as (ai, _):
        with pytest.raises(RuntimeError, match="not connected"):
            await ai.session.send(client_events.ResponseCreate())


def test_on_another_loop_it_says_that_it_needs_asyncio() -> None:
    import trio

    async def connect() -> None:
        await OpenAIRealtimeKani("k").connect()

    with pytest.raises(RuntimeError, match="asyncio"):
        trio.run(connect)


def test_it_is_made_outside_of_a_loop_and_used_in_two() -> None:
    world = World()
    ai = OpenAIRealtimeKani("k", transport=world.opening)

    async def once() -> str:
        message = await ai.chat_round("hi")
        await ai.close()
        return message.text or ""

    assert [asyncio.run(once()), asyncio.run(once())] == ["hello", "hello"]
