"""The words of Kani, of 2024 and of today, in each other: pure, both ways."""

import json
import warnings
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, strategies as st
from kani import ChatMessage, ChatRole, Kani, ReasoningPart, ToolCall

import realtime_sdk as rt
from realtime_sdk.audio.formats import PCMU
from realtime_sdk.audio.pcm import PcmFormat
from realtime_sdk.errors import LocalProtocolError
from realtime_sdk.kani import interop, reply_with
from realtime_sdk.kani.parts import AudioPart, TextPart
from realtime_sdk.kani.translate.items import fingerprint, items_of, tokens_of
from realtime_sdk.kani.translate.seed import as_listened, as_said, response_settings
from realtime_sdk.protocol.codec import encode, parse
from realtime_sdk.protocol.seed import client_events as c, models, server_events as s
from tests.kani.talk import World, engine_in
from tests.said import done, server, text, user


def wire(event: Any) -> Any:
    return parse(encode(event))


def numbered() -> Any:
    numbers = count(1)
    return lambda: f"i{next(numbers)}"


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (c.InputAudioBufferAppend(audio="AAA="), {"audio": "AAA="}),
        (c.InputAudioBufferCommit(), {}),
        (c.InputAudioBufferClear(event_id="e"), {"event_id": "e"}),
        (c.ResponseCreate(), {}),
        (c.ResponseCancel(), {}),
        (c.ConversationItemDelete(item_id="x"), {"item_id": "x"}),
        (
            c.ConversationItemTruncate(item_id="x", content_index=0, audio_end_ms=5),
            {"item_id": "x", "content_index": 0, "audio_end_ms": 5},
        ),
        (
            c.ResponseCreate(
                response=models.ResponseConfig(modalities=["audio", "text"], tool_choice="f", voice="echo")
            ),
            {
                "response": {
                    "output_modalities": ["audio"],
                    "tool_choice": {"type": "function", "name": "f"},
                    "audio": {"output": {"voice": "echo"}},
                }
            },
        ),
        (
            c.ConversationItemCreate(
                item=models.MessageConversationItem(
                    role="assistant", content=[models.TextContentPart(type="text", text="t")]
                )
            ),
            {
                "item": {
                    "type": "message",
                    "role": "assistant",
                    "status": "completed",
                    "content": [{"type": "output_text", "text": "t"}],
                }
            },
        ),
    ],
    ids=lambda value: value.type if hasattr(value, "type") else "",
)
def test_an_event_of_then_is_said_today(event: Any, said: dict[str, Any]) -> None:
    assert wire(as_said(event)) == {"type": event.type, **said}


def test_what_a_person_adds_goes_out_with_the_rest() -> None:
    config = models.SessionConfig.model_validate({"max_response_output_tokens": 5, "speed": 1.2})
    said = wire(as_said(c.SessionUpdate(session=config)))["session"]
    assert (said["max_output_tokens"], said["audio"]["output"]) == (5, {"speed": 1.2})


def test_what_ga_has_dropped_is_left_out_with_a_warning_but_not_for_a_beta_server() -> None:
    event = c.ResponseCreate(response=models.ResponseConfig(temperature=0.5))
    with pytest.warns(UserWarning, match="temperature"):
        assert wire(as_said(event)) == {"type": "response.create", "response": {}}
    assert wire(as_said(event, is_beta=True))["response"] == {"temperature": 0.5}


def test_settings_of_a_response_have_the_names_of_then_or_of_today() -> None:
    assert response_settings({"modalities": ["text"], "max_response_output_tokens": 3, "voice": "echo"}) == {
        "output_modalities": ["text"],
        "max_output_tokens": 3,
        "voice": "echo",
    }


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (server("input_audio_buffer.cleared"), s.InputAudioBufferCleared),
        (server("conversation.item.deleted", item_id="x"), s.ConversationItemDeleted),
        (server("error", error={"type": "x", "message": "m", "code": None}), s.Error),
        (text("x", "delta"), s.ResponseTextDelta),
        (done(user("x")), rt.server_events.ConversationItemDone),
        (server("rate_limits.updated", rate_limits=[{"name": "tokens"}]), rt.server_events.RateLimitsUpdated),
        (rt.UnknownEvent("new", {"type": "new"}), rt.UnknownEvent),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_an_event_of_today_is_heard_as_then_where_it_fits(event: Any, kind: type[Any]) -> None:
    assert type(as_listened(event)) is kind


def test_messages_become_items() -> None:
    sound = AudioPart(pcm=b"\1\0" * 240)
    call = ToolCall.from_function("f", call_id_="c", x=1)
    message = ChatMessage.assistant(
        ["a", AudioPart(transcript="b", pcm=b"\1\0"), ReasoningPart(content="hm")], tool_calls=[call]
    )
    items = [wire(item) for item in items_of(message, new_id=numbered())]
    words = [{"type": "output_text", "text": text} for text in "ab"]
    assert items == [
        {"type": "message", "role": "assistant", "id": "i1", "content": words},
        {"type": "function_call", "id": "i2", "call_id": "c", "name": "f", "arguments": '{"x": 1}'},
    ]  # fmt: skip
    (item,) = items_of(ChatMessage.user(["look", sound]), new_id=numbered(), wire=PCMU)
    assert len(wire(item)["content"][1]["audio"]) == 108  # 10 ms of µ-law: 80 bytes
    assert items_of(ChatMessage.user(""), new_id=numbered()) == ()
    assert items_of(ChatMessage.assistant(None), new_id=numbered()) == ()
    with pytest.raises(LocalProtocolError, match="tool_call_id"):
        items_of(ChatMessage.function("f", "r"), new_id=numbered())


def test_parts_of_kani_multimodal_core_are_understood_by_their_form() -> None:
    sound = SimpleNamespace(raw=b"\1\0" * 160, sample_rate=16_000)
    picture = SimpleNamespace(as_b64_uri=lambda: "data:image/png;base64,AAAA")
    message = SimpleNamespace(role=ChatRole.USER, parts=[sound, picture])
    (item,) = items_of(message, new_id=numbered())  # type: ignore[arg-type]
    audio, image = wire(item)["content"]
    assert (audio["type"], len(audio["audio"])) == ("input_audio", 640)
    assert image == {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}
    message.tool_calls = None
    assert tokens_of(message) == 766  # type: ignore[arg-type]


@given(st.text(), st.binary(max_size=20), st.sampled_from(ChatRole))
def test_a_fingerprint_tells_what_was_said_from_what_was_not(text: str, pcm: bytes, role: ChatRole) -> None:
    message = ChatMessage(role=role, content=[text, AudioPart(pcm=pcm, transcript=text)])
    assert fingerprint(message) == fingerprint(message.copy_with(extra={"x": 1}))
    changed = message.copy_with(parts=[text, AudioPart(pcm=pcm + b"\0\0", transcript=text)])
    assert fingerprint(message) != fingerprint(changed)
    assert fingerprint(message) != fingerprint(message.copy_with(parts=[text + "x", message.parts[1]]))


@given(
    st.binary(max_size=100).filter(lambda b: len(b) % 2 == 0), st.none() | st.text(), st.sampled_from([8_000, 24_000])
)
def test_a_part_is_loaded_as_it_was_saved(pcm: bytes, transcript: str | None, rate: int) -> None:
    message = ChatMessage.user([AudioPart(pcm=pcm, transcript=transcript, sample_rate=rate)])
    assert ChatMessage.model_validate_json(message.model_dump_json()).parts == message.parts


def test_a_part_of_then_is_made_and_read_as_then() -> None:
    part = AudioPart.model_validate({"oai_type": "audio", "audio_b64": "AQA=", "transcript": "hi"})
    assert (str(part), part.audio_b64, part.audio_bytes, part.duration_ms) == ("hi", "AQA=", b"\1\0", 0)
    assert (AudioPart().audio_b64, AudioPart().audio_bytes, str(AudioPart())) == (None, None, "")
    kind, place = "__kani_messagepart_type__", "kani.ext.realtime.interop"
    saved = {
        "role": "assistant",
        "content": [
            {kind: f"{place}.AudioPart", "oai_type": "audio", "audio_b64": "AQA=", "transcript": "hi"},
            {kind: f"{place}.TextPart", "oai_type": "text", "text": "yo"},
        ],
    }
    loaded = ChatMessage.model_validate_json(json.dumps(saved))
    assert loaded.parts == [part, TextPart(text="yo")]
    assert loaded.text == "hiyo"


def test_sound_of_another_rate_is_given_at_24_khz() -> None:
    assert len(AudioPart(pcm=bytes(1_600), sample_rate=8_000).at_24k()) == 4_800
    assert PcmFormat(8_000).ms_in_bytes(1_600) == 100


def test_tokens_go_by_text_and_time() -> None:
    assert tokens_of(ChatMessage.user("12345")) == 2
    assert tokens_of(ChatMessage.user([AudioPart(pcm=bytes(48_000), transcript="long" * 99)])) == 10
    assert tokens_of(ChatMessage.assistant([AudioPart(pcm=bytes(48_000))])) == 20


def test_interop_has_the_functions_of_then() -> None:
    call = ToolCall.from_function("f", call_id_="c", x=1)
    message = ChatMessage.assistant("t", tool_calls=[call])
    items = interop.chat_message_to_conv_items(message)
    assert [type(item) for item in items] == [models.MessageConversationItem, models.FunctionCallConversationItem]
    response = models.RealtimeResponse(
        id="r", object="realtime.response", status="completed", status_details=None, output=[*items], usage=None
    )
    again = interop.response_to_chat_message(response)
    assert (again.text, again.tool_calls) == ("t", [call])
    part = models.AudioContentPart(type="audio", audio="AQA=", transcript="hi")
    assert interop.content_part_to_message_part(part) == AudioPart(oai_type="audio", pcm=b"\1\0", transcript="hi")


async def test_a_kani_can_be_the_mind_of_the_simulator() -> None:
    world = World()
    engine = engine_in(world)
    async with rt.simulate(reply=reply_with(Kani(engine))) as simulated, rt.connect(simulated.endpoint) as session:
        assert (await session.respond("hi")).text == "hello"
    await engine.close()


def test_the_room_gives_its_names_lazily() -> None:
    import realtime_sdk.kani as room

    assert [getattr(room, name).__name__ for name in room.__all__] == room.__all__
    with pytest.raises(AttributeError, match="nothing"):
        room.nothing  # noqa: B018


def test_saving_keeps_sound_as_a_wav_file(tmp_path: Path) -> None:
    import zipfile

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ai = Kani(engine_in(World()), chat_history=[ChatMessage.user([AudioPart(pcm=b"\1\0")])])
        ai.save(tmp_path / "x.kani")
    assert [name for name in zipfile.ZipFile(tmp_path / "x.kani").namelist() if name.endswith(".wav")] != []
