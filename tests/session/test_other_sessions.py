"""Sessions that are no conversations: transcription and translation; and servers that speak another dialect."""

from typing import Any

import pytest
from anyio import fail_after

from realtime_sdk.errors import HandshakeError, LocalProtocolError, ServerError
from realtime_sdk.fold import replay
from realtime_sdk.protocol import registries
from realtime_sdk.protocol.unknown import UnknownEvent
from realtime_sdk.session import connect
from realtime_sdk.simulator import simulate
from realtime_sdk.transport import Endpoint
from tests.session.scripted import Server, talking

TRANSLATING = Endpoint("wss://host/v1/realtime/translations?model=m", dialect="translation")
TRANSCRIBING = Endpoint("wss://host/v1/realtime?intent=transcription")


class Translator(Server):
    """A server of translation sessions."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.session = {"type": "translation", "id": "sess_t", "model": "m", "expires_at": 1, "audio": {}}

    async def on_session_close(self, _event: dict[str, Any]) -> None:
        await self.say("session.closed")


async def test_a_translation_session_takes_its_language_and_the_sound() -> None:
    async with talking(Translator, model=TRANSLATING, language="de") as (session, server):
        assert server.heard[0] == {
            "event_id": "evt_1",
            "type": "session.update",
            "session": {"audio": {"output": {"language": "de"}}},
        }
        await session.append_audio(b"\0" * 480)
        await server.until_heard("session.input_audio_buffer.append")
        await server.say("session.output_transcript.delta", delta="Hallo", elapsed_ms=200)
        state = await session.until(lambda state: state.translation.output_transcript)
        assert state.translation.output_transcript == "Hallo"
        assert state.sent_audio_bytes == 480
        close = registries.TRANSLATION.client["session.close"]()
        await session.request(close)
        assert session.state.translation.closed
    assert session.state == replay(session.log)


async def test_a_translation_session_takes_the_names_that_stand_for_settings() -> None:
    told = {"input": {"transcription": {"model": "m"}, "noise_reduction": {"type": "near_field"}}}
    names: Any = {"transcription": "m", "noise_reduction": "near_field"}
    async with talking(Translator, model=TRANSLATING, **names) as (session, server):
        await session.update(**names)
        assert [event["session"]["audio"] for event in server.heard] == [told, told]


async def test_a_translation_session_is_refused_like_any_other() -> None:
    with pytest.raises(ServerError):
        async with talking(
            Translator,
            model=TRANSLATING,
            language="xx",
            prepare=lambda s: s.refuse("session.update", code="invalid_value"),
        ):
            pass

    class Refusing(Translator):
        async def run(self) -> None:
            await self.error("invalid_api_key")

    with pytest.raises(HandshakeError):
        async with talking(Refusing, model=TRANSLATING):
            pass


async def test_what_a_translation_session_has_no_words_for_is_not_sent() -> None:
    with fail_after(5):
        async with simulate() as server, connect(server.translations, language="es") as session:
            records = len(session.log)
            for ask in (session.respond("Hello").result, session.respond().result, session.commit, session.clear):
                with pytest.raises(LocalProtocolError, match=r"translation has no words for .*; there are: .*\.close"):
                    await ask()
            assert len(session.log) == records


async def test_an_event_that_is_unknown_on_purpose_is_sent_to_a_translation_session() -> None:
    with fail_after(5):
        async with simulate() as server, connect(server.translations, language="es") as session:
            await session.send(UnknownEvent("response.create", {"type": "response.create", "event_id": "mine"}))
            await session.until(lambda state: state.errors)
            assert session.state.errors[-1].client_event_id == "mine"


async def test_a_transcription_session_has_settings_of_its_kind() -> None:
    async with talking(model=TRANSCRIBING, transcription="gpt-4o-transcribe", turn_detection=None) as (session, server):
        assert server.heard[0]["session"] == {
            "type": "transcription",
            "audio": {"input": {"transcription": {"model": "gpt-4o-transcribe"}, "turn_detection": None}},
        }
        await session.append_audio(b"\0" * 4800)
        item_id = await session.commit()
        completed = "conversation.item.input_audio_transcription.completed"
        usage = {"type": "duration", "seconds": 0.1}
        await server.say(completed, item_id=item_id, content_index=0, transcript="Hello", usage=usage)
        await session.until(lambda state: state.items[item_id or ""].input_transcript == "Hello")
    assert session.state == replay(session.log)


async def test_a_setting_that_such_a_session_does_not_have_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(LocalProtocolError):
        async with talking(model=TRANSCRIBING, voice="marin"):
            pass


async def test_a_server_of_the_beta_dialect_is_told_in_its_words() -> None:
    class Beta(Server):
        async def on_conversation_item_create(self, event: dict[str, Any]) -> None:
            await self.say("conversation.item.created", previous_item_id=None, item=event["item"])

        async def speak(self, response_id: str, text: str, **_: Any) -> str:
            where = {"response_id": response_id, "item_id": "item_b", "output_index": 0, "content_index": 0}
            item = {"id": "item_b", "object": "realtime.item", "type": "message", "role": "assistant", "content": []}
            await self.say("response.output_item.added", response_id=response_id, output_index=0, item=item)
            await self.say("response.text.delta", **where, delta=text)
            self.items["item_b"] = item | {"status": "completed", "content": [{"type": "text", "text": text}]}
            return "item_b"

    def flat(server: Server) -> None:
        server.session = {"id": "sess_b", "object": "realtime.session", "modalities": ["text"], "voice": "alloy"}

    endpoint = Endpoint("wss://host/openai/realtime?deployment=d", dialect="beta")
    async with talking(Beta, model=endpoint, prepare=flat, instructions="x", voice="verse") as (session, server):
        assert server.heard[0]["session"] == {"instructions": "x", "voice": "verse"}
        answer = await session.respond("Hi")
        assert answer.text == "Paris."
        assert session.log.header.dialect == "beta"
    assert session.state == replay(session.log)


async def test_a_server_that_says_nothing_of_metadata_is_taken_to_answer_in_order() -> None:
    class Silent(Server):
        async def say(self, kind: str, **fields: Any) -> None:
            if "response" in fields:
                fields["response"] = {key: value for key, value in fields["response"].items() if key != "metadata"}
            await super().say(kind, **fields)

    async with talking(Silent) as (session, _):
        for _ in range(3):
            assert (await session.respond("Hi")).text == "Paris."
        assert len(session.state.responses) == 3


async def test_what_of_a_history_a_dialect_has_no_words_for_is_named() -> None:
    async with simulate() as server:
        async with connect(server.endpoint) as session:
            await session.respond("What do you see?", image=b"\x89PNG\r\n\x1a\n")
            await session.respond("And now?")
        picture, *others = session.state.conversation.items.values()
        old = Endpoint(server.url, {"OpenAI-Beta": "realtime=v1"}, "beta")
        async with connect(old, history=session.state) as later:
            assert later.state.epochs[0].lost == (picture.id,)
            assert [item.text for item in later.state.conversation.items.values()] == [item.text for item in others]
        async with connect(server.translations, history=session.state) as later:
            assert len(later.state.epochs[0].lost) == 4
