"""The living simulator: real websockets and memory, both loops, replies that take time or fail, an end without mess."""

import json
import logging
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

import realtime_sdk as rt
from realtime_sdk.errors import ConnectionClosed, ConnectionExpired, HandshakeError, ScenarioError
from realtime_sdk.log import EventLog
from realtime_sdk.protocol.codec import encode_append, parse
from realtime_sdk.simulator import Call, Fault, Say, Scenario, Turn, Unheard, Utterance, on, simulate
from realtime_sdk.transport import Transport, connect
from tests.simulator.order import violations
from tests.simulator.talk import clip, codes, kinds, only, user_text

CREATE = b'{"type":"response.create"}'


async def until(transport: Transport, kind: str) -> list[dict[str, Any]]:
    """Receive up to an event of a kind."""
    events: list[dict[str, Any]] = []
    while not events or events[-1]["type"] != kind:
        events.append(parse(await transport.receive()))
    return events


async def ask(transport: Transport, text: str) -> dict[str, Any]:
    """Ask in writing; return the response that ended."""
    if text:
        await transport.send(frame(user_text(text)))
    await transport.send(CREATE)
    return only(await until(transport, "response.done"), "response.done")["response"]


def frame(event: dict[str, Any]) -> bytes:
    """Return the frame of an event."""
    return json.dumps(event).encode()


def words(response: dict[str, Any]) -> str:
    """Return what a response says."""
    return "".join(part["transcript"] for item in response["output"] for part in item.get("content", ()))


async def rest(transport: Transport) -> ConnectionClosed:
    """Receive until the end; return how it ended."""
    with pytest.raises(ConnectionClosed) as caught:
        while True:
            await transport.receive()
    return caught.value


async def test_a_spoken_turn_over_a_real_websocket() -> None:
    async with rt.simulate() as server, connect(server.url) as transport:
        assert server.url.startswith("ws://127.0.0.1:")
        pcm = clip("goodbye") + bytes(48 * 800)
        for start in range(0, len(pcm), 4_800):
            await transport.send(encode_append(pcm[start : start + 4_800]))
        said = await until(transport, "rate_limits.updated")
    assert words(only(said, "response.done")["response"]) == "You are welcome. Goodbye!"
    assert violations(said) == []


async def test_the_endpoint_is_what_connect_takes() -> None:
    async with simulate() as server:
        assert server.endpoint.url == server.url
        assert server.endpoint.dialect.name == "openai"


async def test_many_clients_have_sessions_of_their_own() -> None:
    async with simulate() as server:
        async with connect(server.url) as one, connect(f"{server.url}?model=gpt-realtime") as other:
            first, second = [(await until(transport, "session.created"))[0]["session"] for transport in (one, other)]
        assert first["id"] != second["id"]
        assert (first["model"], second["model"]) == ("gpt-realtime-2.1", "gpt-realtime")
        assert [session.server.config.id for session in server.sessions] == [first["id"], second["id"]]


async def test_a_scenario_is_played_and_its_log_remembers_it(tmp_path: Path) -> None:
    scenario = Scenario(
        on("hello").say("Hi there."), on("weather").call("get_weather", city="Paris").then_say("{output}!")
    )
    async with simulate(scenario, log_dir=tmp_path) as server:
        transport = server.memory()
        assert words(await ask(transport, "Hello")) == "Hi there."
        call = (await ask(transport, "the weather"))["output"][0]
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "foggy"}
        await transport.send(frame({"type": "conversation.item.create", "item": output}))
        assert words(await ask(transport, "")) == "foggy!"
    (session,) = server.sessions
    saved = EventLog.load(tmp_path / "session-001.jsonl")
    assert [record.frame for record in saved] == [record.frame for record in session.log]
    assert violations([parse(record.frame) for record in saved if record.sender == "server"]) == []


async def test_steps_left_over_fail_the_block() -> None:
    with pytest.raises(ScenarioError, match=r"left over: on\('bye'\): say 'Bye.'") as caught:
        async with simulate(Scenario(on("hello").say("Hi."), on("bye").say("Bye.")), port=None) as server:
            await ask(server.memory(), "hello")
    assert caught.value.steps == ("on('bye'): say 'Bye.'",)


async def test_a_scenario_can_say_what_is_heard() -> None:
    async with simulate(Scenario(on("open sesame").say("It is open."), hears=["Open sesame"]), port=None) as server:
        transport = server.memory()
        await transport.send(encode_append(clip("weather") + bytes(48 * 800)))
        assert words(only(await until(transport, "response.done"), "response.done")["response"]) == "It is open."


async def test_a_reply_may_take_its_time_and_a_cancelled_one_is_stopped() -> None:
    stopped = anyio.Event()
    started = anyio.Event()

    async def reply(turn: Turn) -> object:
        if turn.text == "quick":
            await anyio.lowlevel.checkpoint()
            return [Say("done"), Call("f", {})]
        started.set()
        try:
            await anyio.sleep_forever()
        finally:
            stopped.set()

    async with simulate(reply=reply, port=None) as server:
        transport = server.memory()
        assert [item["type"] for item in (await ask(transport, "quick"))["output"]] == ["message", "function_call"]
        await transport.send(frame(user_text("slow")))
        await transport.send(CREATE)
        await started.wait()
        await transport.send(b'{"type":"response.cancel"}')
        ended = only(await until(transport, "response.done"), "response.done")["response"]
        await stopped.wait()
    assert ended["status"] == "cancelled"


@pytest.mark.parametrize("late", [False, True])
async def test_a_reply_that_raises_fails_its_response_and_the_block_but_not_the_server(
    late: bool, caplog: pytest.LogCaptureFixture
) -> None:
    def raising(turn: Turn) -> object:
        raise ZeroDivisionError(turn.text)

    async def raising_later(turn: Turn) -> object:
        return raising(turn)

    with caplog.at_level(logging.CRITICAL), pytest.raises(ExceptionGroup) as caught:
        async with simulate(reply=raising_later if late else raising, port=None) as server:
            transport = server.memory()
            for text in ("one", "two"):
                ended = await ask(transport, text)
                assert (ended["status"], ended["status_details"]["error"]["code"]) == ("failed", "server_error")
    assert [repr(error) for error in caught.value.exceptions] == [
        "ZeroDivisionError('one')",
        "ZeroDivisionError('one\\ntwo')",
    ]


async def test_what_the_block_raises_arrives_as_it_is() -> None:
    with pytest.raises(KeyError, match="mine"):
        async with simulate(Scenario(on("never").say("x"))):
            raise KeyError("mine")


async def test_an_ear_is_asked_before_the_clips_and_may_take_its_time_or_give_up() -> None:
    async def ear(utterance: Utterance) -> str | Unheard | None:
        await anyio.lowlevel.checkpoint()
        return {1: "say exactly first", 2: None}.get(utterance.number, Unheard("busy"))

    async with simulate(ear=ear, port=None) as server:
        transport = server.memory()
        answers = []
        for _ in range(3):
            await transport.send(encode_append(clip("goodbye") + bytes(48 * 800)))
            answers.append(words(only(await until(transport, "response.done"), "response.done")["response"]))
    assert answers == ["first", "You are welcome. Goodbye!", "I did not understand that."]


async def test_the_end_of_the_block_closes_every_connection() -> None:
    ends: list[ConnectionClosed] = []

    async def stay(transport: Transport) -> None:
        ends.append(await rest(transport))

    async def stay_connected(url: str) -> None:
        async with connect(url) as transport:
            await stay(transport)

    async with anyio.create_task_group() as group:
        async with simulate() as server:
            group.start_soon(stay, server.memory())
            group.start_soon(stay_connected, server.url)
            while len(server.sessions) < 2 or not all(len(session.log) > 1 for session in server.sessions):
                await anyio.lowlevel.checkpoint()
    assert [(end.code, end.reason) for end in ends] == [(1000, "the simulation has ended")] * 2


async def test_faults_reach_every_session() -> None:
    async with simulate() as server, connect(server.url) as transport:
        await until(transport, "session.created")
        server.fault(Fault("expire"))
        assert codes(await until(transport, "error")) == [("session_expired", None)]
        end = await rest(transport)
    assert isinstance(end, ConnectionExpired)
    assert end.code == 1001


@pytest.mark.parametrize(("code", "seen"), [(1011, 1011), (4321, 4321), (1006, 1006)])
async def test_a_server_can_close_with_any_code_or_vanish(code: int, seen: int) -> None:
    async with simulate() as server, connect(server.url) as transport:
        await until(transport, "session.created")
        server.fault(Fault("close", close_code=code, message="on purpose"))
        assert (await rest(transport)).code == seen


async def test_a_frame_that_is_no_json_is_an_error_and_the_session_lives() -> None:
    async with simulate(port=None) as server:
        transport = server.memory()
        await transport.send(b"{broken")
        assert codes(await until(transport, "error")) == [("invalid_json", None)]
        assert words(await ask(transport, "Say yes")) == "Yes."


async def test_a_beta_client_is_spoken_to_in_its_dialect() -> None:
    async with simulate() as server, connect(server.url, headers={"OpenAI-Beta": "realtime=v1"}) as transport:
        await transport.send(b'{"type":"session.update","session":{"modalities":["text","audio"],"voice":"cedar"}}')
        said = await until(transport, "session.updated")
        assert said[-1]["session"]["voice"] == "cedar"
        await transport.send(frame(user_text("hello")))
        await transport.send(CREATE)
        said = await until(transport, "response.done")
    assert "response.audio.delta" in kinds(said)
    assert "conversation.item.created" in kinds(said)


async def test_a_beta_client_can_be_turned_away_as_openai_does() -> None:
    async with simulate(beta="refuse") as server:
        async with connect(server.url, headers={"OpenAI-Beta": "realtime=v1"}) as transport:
            assert codes([parse(await transport.receive())]) == [("beta_api_shape_disabled", None)]
            end = await rest(transport)
    assert (end.code, end.reason) == (4000, "invalid_request_error.beta_api_shape_disabled")


async def test_a_path_that_is_not_there_is_404() -> None:
    async with simulate() as server:
        with pytest.raises(HandshakeError) as caught:
            async with connect(server.url.replace("/v1/realtime", "/v1/chat")):
                pass
    assert caught.value.status == 404


async def test_speed_paces_the_answer() -> None:
    async with simulate(speed=20, port=None, reply=lambda _: "x" * 64) as server:
        transport = server.memory()
        began = anyio.current_time()
        ended = await ask(transport, "go")
        took_s = anyio.current_time() - began
    assert ended["status"] == "completed"
    assert took_s >= 0.18  # 4 s of sound at twenty times the speed, less its last piece


async def test_a_simulation_without_a_port_has_no_address() -> None:
    async with simulate(port=None) as server:
        with pytest.raises(ScenarioError, match="opened no port"):
            server.url  # noqa: B018


async def test_a_scenario_and_a_reply_at_once_are_refused() -> None:
    with pytest.raises(ScenarioError, match="not by both"):
        async with simulate(Scenario(), reply=lambda _: "x"):
            pass


async def test_sessions_that_are_not_kept_leave_their_file_their_errors_and_the_steps_they_used(tmp_path: Path) -> None:
    scenario = Scenario(on("one").say("1"), on("two").say("2"), on("three").say("3"))
    with pytest.raises(ScenarioError) as caught:
        async with simulate(scenario, keep=False, log_dir=tmp_path) as server:
            for word in ("one", "two"):
                async with connect(server.url) as transport:
                    assert words(await ask(transport, word))
                    (session,) = server.sessions
                    assert (len(session.log), session.log.keep) == (0, "none")
                await session.closed.wait()
                await anyio.wait_all_tasks_blocked()
            assert server.sessions == ()
    assert caught.value.steps == ("on('three'): say '3'",)
    assert all(len(EventLog.load(tmp_path / f"session-00{number}.jsonl")) > 4 for number in (1, 2))


async def test_a_port_that_is_taken_is_an_os_error() -> None:
    async with simulate() as server:
        with pytest.raises(OSError, match="in use"):
            async with simulate(port=int(server.url.split(":")[2].split("/")[0])):
                pass
