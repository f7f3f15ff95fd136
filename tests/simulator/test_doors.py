"""Every way into the simulator over a real socket: client secrets, sidebands, intents, translations, seeds."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pybase64
import pytest

import realtime_sdk as rt
from realtime_sdk.audio.pacing import RealClock
from realtime_sdk.errors import ConnectionClosed
from realtime_sdk.protocol.codec import parse
from realtime_sdk.simulator import McpServer, Simulation, simulate
from realtime_sdk.transport import Transport, WebsocketOptions, connect
from tests.simulator.talk import clip, codes, kinds, only
from tests.simulator.test_http import SECRETS, exchange, post
from tests.simulator.test_simulation import ask, frame, rest, until, words

TRANSLATING = "/v1/realtime/translations/client_secrets"
BRIEF = {"type": "realtime", "model": "gpt-realtime", "instructions": "Be brief.", "output_modalities": ["text"]}
LOUD = b"\x00\x40" * 24 + b"\x00\xc0" * 24


class Shifted(RealClock):
    """The event loop's clock, which can be put forward."""

    ahead_s = 0.0

    def now(self) -> float:
        return super().now() + self.ahead_s

    async def sleep_until(self, at: float) -> None:
        await super().sleep_until(at - self.ahead_s)


async def secret(server: Simulation, body: dict[str, Any], path: str = SECRETS) -> tuple[str, dict[str, Any]]:
    """Return a client secret, and the session that it promises."""
    status, given = await exchange(server.url, post(path, body))
    assert status == 200
    return given["value"], given["session"]


@asynccontextmanager
async def entered(url: str, key: str = "any") -> AsyncIterator[Transport]:
    """A connection with a key, as a server brings it."""
    async with connect(url, headers={"Authorization": f"Bearer {key}"}) as transport:
        yield transport


async def first(transport: Transport) -> dict[str, Any]:
    """Return the session that the server says at first."""
    return dict(only(await until(transport, "session.created"), "session.created")["session"])


def apart(session: dict[str, Any]) -> dict[str, Any]:
    """Return a session without what is each session's own."""
    return {name: value for name, value in session.items() if name not in ("id", "expires_at")}


# --- client secrets -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("brought", ["authorization", "api-key", "subprotocol"])
async def test_a_session_has_the_settings_of_the_secret_that_opens_it(brought: str) -> None:
    async with simulate() as server:
        key, promised = await secret(server, {"session": BRIEF})
        headers = {"authorization": {"Authorization": f"Bearer {key}"}, "api-key": {"api-key": key}}.get(brought, {})
        offered = ("realtime", f"openai-insecure-api-key.{key}") if brought == "subprotocol" else ()
        async with connect(server.url, headers=headers, options=WebsocketOptions(subprotocols=offered)) as transport:
            created = await first(transport)
            ended = await ask(transport, "Say exactly yes")
    assert apart(created) == apart(promised)
    assert (created["model"], created["instructions"]) == ("gpt-realtime", "Be brief.")
    assert created["expires_at"] > promised["expires_at"] == 0
    assert ended["output"][0]["content"] == [{"type": "output_text", "text": "yes"}]


async def test_one_secret_opens_many_sessions_whose_settings_go_their_own_ways() -> None:
    async with simulate() as server:
        key, promised = await secret(server, {"session": BRIEF})
        async with entered(server.url, key) as one, entered(server.url, key) as other:
            await one.send(frame({"type": "session.update", "session": {"type": "realtime", "instructions": "Sing."}}))
            changed = (await until(one, "session.updated"))[-1]["session"]
            untouched = await first(other)
    assert (changed["instructions"], changed["output_modalities"]) == ("Sing.", ["text"])
    assert apart(untouched) == apart(promised)


async def test_a_secret_that_has_expired_opens_nothing_and_the_session_it_opened_lives() -> None:
    clock = Shifted()
    async with simulate(clock=clock, started_at_s=1_000) as server:
        key, _ = await secret(server, {"expires_after": {"anchor": "created_at", "seconds": 10}, "session": BRIEF})
        async with entered(server.url, key) as early:
            await first(early)
            clock.ahead_s += 11
            async with entered(server.url, key) as late:
                (said,) = await until(late, "error")
                end = await rest(late)
            assert (await ask(early, "Say exactly still here"))["status"] == "completed"
    assert codes([said]) == [("invalid_api_key", None)]
    assert (end.code, end.reason) == (3000, "invalid_request_error.invalid_api_key")


async def test_a_secret_brings_a_transcription_session_whatever_the_url_says() -> None:
    transcribing = {"type": "transcription", "audio": {"input": {"transcription": {"model": "gpt-4o-transcribe"}}}}
    async with simulate() as server:
        key, promised = await secret(server, {"session": transcribing})
        async with entered(f"{server.url}?model=gpt-realtime", key) as transport:
            created = await first(transport)
    assert apart(created) == apart(promised)
    assert created["object"] == "realtime.transcription_session"
    assert created["audio"]["input"]["transcription"]["model"] == "gpt-4o-transcribe"


async def test_a_secret_for_translations_opens_those_and_nothing_else() -> None:
    session = {"model": "gpt-realtime-translate", "audio": {"output": {"language": "es"}}}
    async with simulate() as server:
        key, promised = await secret(server, {"session": session}, TRANSLATING)
        async with entered(server.translations.url, key) as transport:
            created = await first(transport)
        async with entered(server.url, key) as wrong:
            assert codes(await until(wrong, "error")) == [("invalid_api_key", None)]
        status, refused = await exchange(server.url, post(TRANSLATING, {"session": {"audio": {}}}))
    assert apart(created) == apart(promised)
    assert (created["model"], created["audio"]["output"]["language"]) == ("gpt-realtime-translate", "es")
    assert (status, refused["error"]["param"]) == (400, "session.model")


async def test_the_mcp_servers_of_a_secret_are_listed_at_once() -> None:
    docs = McpServer("docs", (rt.models.McpListedTool(name="search"),))
    tools = [{"type": "mcp", "server_label": "docs", "server_url": "https://docs.example"}]
    async with simulate(mcp=(docs,)) as server:
        key, _ = await secret(server, {"session": {"type": "realtime", "tools": tools}})
        async with entered(server.url, key) as transport:
            said = await until(transport, "conversation.item.done")
    assert kinds(said)[-2:] == ["mcp_list_tools.completed", "conversation.item.done"]


# --- addresses ----------------------------------------------------------------------------------------------------


async def test_a_sideband_begins_without_a_word_and_hears_no_sound() -> None:
    async with simulate() as server, entered(f"{server.url}?call_id=rtc_1") as transport:
        await transport.send(b'{"type":"session.update","session":{"type":"realtime","instructions":"x"}}')
        assert kinds(await until(transport, "session.updated")) == ["session.updated"]
        await transport.send(frame({"type": "response.create"}))
        said = await until(transport, "output_audio_buffer.stopped")
    assert "output_audio_buffer.started" in kinds(said)
    assert "response.output_audio.delta" not in kinds(said)


async def test_a_transcription_session_writes_down_what_is_spoken_and_answers_nothing() -> None:
    model = {"audio": {"input": {"transcription": {"model": "whisper-1"}, "turn_detection": None}}}
    async with simulate() as server, entered(server.transcriptions.url) as transport:
        assert (await first(transport))["type"] == "transcription"
        await transport.send(frame({"type": "session.update", "session": {"type": "transcription"} | model}))
        audio = pybase64.b64encode_as_string(clip("goodbye"))
        await transport.send(frame({"type": "input_audio_buffer.append", "audio": audio}))
        await transport.send(frame({"type": "input_audio_buffer.commit"}))
        said = await until(transport, "conversation.item.input_audio_transcription.completed")
        await transport.send(frame({"type": "response.create"}))
        refused = await until(transport, "error")
    assert said[-1]["transcript"] == "Thank you, goodbye."
    assert kinds(refused) == ["error"]


async def test_the_shorthand_for_transcriptions_is_an_endpoint() -> None:
    async with simulate() as server:
        async with rt.connect(server.transcriptions, transcription="whisper-1", turn_detection=None) as session:
            await session.append_audio(clip("goodbye"))
            await session.commit()
            await session.until(
                lambda state: any(item.input_transcript == "Thank you, goodbye." for item in state.items.values())
            )


async def test_a_translation_session_translates_and_closes_when_it_is_asked_to() -> None:
    async with simulate() as server, entered(server.translations.url) as transport:
        assert (await first(transport))["type"] == "translation"
        language = {"audio": {"output": {"language": "fr"}}}
        await transport.send(frame({"type": "session.update", "session": language}))
        audio = pybase64.b64encode_as_string(LOUD * 300 + bytes(48 * 800))
        await transport.send(frame({"type": "session.input_audio_buffer.append", "audio": audio}))
        await transport.send(frame({"type": "session.close"}))
        said = await until(transport, "session.closed")
    spoken = "".join(event["delta"] for event in said if event["type"] == "session.output_transcript.delta")
    assert spoken.startswith("[fr] (speech of ")
    assert "session.output_audio.delta" in kinds(said)


async def test_any_key_and_any_model_will_do() -> None:
    async with simulate() as server, entered(f"{server.url}?model=gpt-of-my-own", "ek_of_another_server") as transport:
        assert (await first(transport))["model"] == "gpt-of-my-own"
        assert words(await ask(transport, "Say hi")) == "Hi."


async def test_equal_seeds_say_the_same_bytes() -> None:
    async def heard(seed: str) -> list[bytes]:
        async with simulate(seed=seed, started_at_s=1_000) as server, entered(server.url) as transport:
            frames = [await transport.receive()]
            await transport.send(frame({"type": "response.create"}))
            while parse(frames[-1])["type"] != "rate_limits.updated":
                frames.append(await transport.receive())
            return frames

    one, again, other = [await heard(seed) for seed in ("7", "7", "8")]
    assert one == again
    assert one != other
    assert [json.loads(said)["type"] for said in one] == [json.loads(said)["type"] for said in other]


async def test_a_client_that_says_nothing_is_closed_when_its_session_has_lasted_long_enough() -> None:
    clock = Shifted()
    async with simulate(clock=clock, session_ms=3_600_000) as server, entered(server.url) as transport:
        created = await first(transport)
        clock.ahead_s += 3_600
        await transport.send(frame({"type": "input_audio_buffer.clear"}))
        with anyio.fail_after(5), pytest.raises(ConnectionClosed) as caught:
            said: list[dict[str, Any]] = []
            while True:
                said.append(parse(await transport.receive()))
    assert codes(said) == [("session_expired", None)]
    assert (caught.value.code, caught.value.reason) == (
        1001,
        "Your session hit the maximum duration of 60 minutes.",
    )
    assert created["expires_at"] > 3_600
