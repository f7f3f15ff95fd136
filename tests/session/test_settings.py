"""Settings as keywords become the nested objects of the protocol; what is not said stays unsaid."""

from typing import Any

import pytest
from pydantic_core import from_json

from realtime_sdk.errors import LocalProtocolError
from realtime_sdk.protocol import models
from realtime_sdk.protocol.codec import encode
from realtime_sdk.session.settings import SessionSettings, response_params, session_update

TOOL = {"type": "function", "name": "f", "parameters": {"type": "object"}}


def session(kind: str = "realtime", **settings: Any) -> Any:
    return from_json(encode(session_update(settings, kind=kind)))["session"]


def test_every_keyword_has_its_place() -> None:
    assert session(
        instructions="x",
        output_modalities=("text",),
        voice="marin",
        speed=1.2,
        input_format="audio/pcmu",
        output_format="audio/pcm",
        turn_detection="semantic_vad",
        transcription="gpt-4o-transcribe",
        noise_reduction="near_field",
        tools=[TOOL],
        tool_choice="required",
        parallel_tool_calls=False,
        reasoning="low",
        max_output_tokens="inf",
        truncation="disabled",
        tracing="auto",
        include=["item.input_audio_transcription.logprobs"],
        prompt={"id": "p"},
    ) == {
        "type": "realtime",
        "instructions": "x",
        "output_modalities": ["text"],
        "audio": {
            "output": {"voice": "marin", "speed": 1.2, "format": {"type": "audio/pcm", "rate": 24000}},
            "input": {
                "format": {"type": "audio/pcmu"},
                "turn_detection": {"type": "semantic_vad"},
                "transcription": {"model": "gpt-4o-transcribe"},
                "noise_reduction": {"type": "near_field"},
            },
        },
        "tools": [TOOL],
        "tool_choice": "required",
        "parallel_tool_calls": False,
        "reasoning": {"effort": "low"},
        "max_output_tokens": "inf",
        "truncation": "disabled",
        "tracing": "auto",
        "include": ["item.input_audio_transcription.logprobs"],
        "prompt": {"id": "p"},
    }


def test_none_is_said_as_null_and_nothing_is_said_of_the_rest() -> None:
    assert session(turn_detection=None, transcription=None) == {
        "type": "realtime",
        "audio": {"input": {"turn_detection": None, "transcription": None}},
    }


def test_models_and_dictionaries_are_taken_as_they_are() -> None:
    vad = models.ServerVad(threshold=0.4)
    assert session(turn_detection=vad) == session(turn_detection={"type": "server_vad", "threshold": 0.4})
    assert session(voice=models.CustomVoice(id="v"))["audio"] == {"output": {"voice": {"id": "v"}}}


def test_the_other_kinds_of_sessions_have_settings_of_their_own() -> None:
    assert session("transcription", transcription="m", turn_detection=None) == {
        "type": "transcription",
        "audio": {"input": {"transcription": {"model": "m"}, "turn_detection": None}},
    }
    assert session("translation", language="de") == {"audio": {"output": {"language": "de"}}}
    with pytest.raises(LocalProtocolError, match=r"audio\.output: TranscriptionAudio has no such field"):
        session("transcription", voice="marin")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"vocie": "marin"}, "no setting 'vocie': did you mean 'voice'"),
        ({"qqq": 1}, "it is one of instructions"),
        ({"turn_detection": "vad"}, "server_vad, semantic_vad"),
        ({"input_format": "audio/mp3"}, "audio/pcm, audio/pcmu, audio/pcma"),
        ({"turn_detection": {"type": "server_vad", "treshold": 1}}, "nearest is 'threshold'"),
        ({"instructions": 5}, "instructions: Input should be a valid string"),
    ],
)
def test_a_slip_is_named_before_anything_is_sent(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(LocalProtocolError, match=message):
        session(**settings)


@pytest.mark.parametrize("keyword", sorted(SessionSettings.__annotations__))
def test_every_keyword_of_the_type_is_a_setting_that_can_be_null(keyword: str) -> None:
    assert session("translation" if keyword == "language" else "realtime", **{keyword: None})


def test_a_response_has_settings_too() -> None:
    params = response_params({"voice": "marin", "metadata": {"a": "b"}, "input": (models.ItemReference(id="i"),)})
    assert from_json(params.__pydantic_serializer__.to_json(params, exclude_unset=True)) == {
        "audio": {"output": {"voice": "marin"}},
        "metadata": {"a": "b"},
        "input": [{"type": "item_reference", "id": "i"}],
    }
