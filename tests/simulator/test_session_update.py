"""session.update: a merge of the fields that are given, all of it or nothing, and the service's error for each slip."""

from typing import Any

import pytest

from realtime_sdk.simulator.brain import Settings
from tests.simulator.talk import GET_WEATHER, Talk, codes, only


def session_of(events: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the session that session.updated shows."""
    return only(events, "session.updated")["session"]


def test_a_session_begins_with_the_services_defaults() -> None:
    created = only(Talk().said, "session.created")["session"]
    assert created["output_modalities"] == ["audio"]
    assert created["audio"] == {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24_000},
            "transcription": None,
            "noise_reduction": None,
            "turn_detection": {
                "type": "server_vad",
                "threshold": 0.5,
                "prefix_padding_ms": 300,
                "silence_duration_ms": 500,
                "idle_timeout_ms": None,
                "create_response": True,
                "interrupt_response": True,
            },
        },
        "output": {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "marin", "speed": 1.0},
    }
    assert created["expires_at"] == Settings().started_at_s + 3_600


def test_an_older_model_has_its_own_defaults() -> None:
    created = only(Talk(settings=Settings(model="gpt-realtime")).said, "session.created")["session"]
    assert created["audio"]["output"]["voice"] == "alloy"
    assert created["audio"]["input"]["turn_detection"]["silence_duration_ms"] == 200


def test_given_fields_are_merged_and_the_whole_session_comes_back() -> None:
    talk = Talk()
    before = only(talk.said, "session.created")["session"]
    after = session_of(talk.update(instructions="Be brief.", audio={"output": {"voice": "cedar"}}, tools=[GET_WEATHER]))
    audio = before["audio"] | {"output": before["audio"]["output"] | {"voice": "cedar"}}
    assert after == before | {"instructions": "Be brief.", "audio": audio, "tools": [GET_WEATHER]}


def test_null_turns_a_thing_off_and_a_part_of_it_fills_with_defaults() -> None:
    talk = Talk()
    off = session_of(talk.update(audio={"input": {"turn_detection": None}}))
    assert off["audio"]["input"]["turn_detection"] is None
    on = session_of(talk.update(audio={"input": {"turn_detection": {"type": "server_vad", "threshold": 0.7}}}))
    assert on["audio"]["input"]["turn_detection"] == {
        "type": "server_vad",
        "threshold": 0.7,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 500,
        "idle_timeout_ms": None,
        "create_response": True,
        "interrupt_response": True,
    }


def test_transcription_shows_the_fields_that_were_not_given_as_null() -> None:
    after = session_of(Talk().update(audio={"input": {"transcription": {"model": "whisper-1"}}}))
    assert after["audio"]["input"]["transcription"] == {"model": "whisper-1", "language": None, "prompt": None}


def test_empty_instructions_bring_the_default_ones_back() -> None:
    talk = Talk()
    default = only(talk.said, "session.created")["session"]["instructions"]
    talk.update(instructions="Be brief.")
    assert session_of(talk.update(instructions=""))["instructions"] == default


@pytest.mark.parametrize(
    ("session", "code", "param"),
    [
        ({}, "missing_required_parameter", "session.type"),
        ({"type": "conversation"}, "invalid_value", "session.type"),
        ({"type": "realtime", "temperature": 0.8}, "unknown_parameter", "session.temperature"),
        ({"type": "realtime", "modalities": ["text"]}, "unknown_parameter", "session.modalities"),
        ({"type": "realtime", "voice": "alloy"}, "unknown_parameter", "session.voice"),
        ({"type": "realtime", "instructions": 4}, "invalid_type", "session.instructions"),
        ({"type": "realtime", "instructions": None}, "invalid_type", "session.instructions"),
        ({"type": "realtime", "tools": {}}, "invalid_type", "session.tools"),
        ({"type": "realtime", "tools": [{"name": "x"}]}, "missing_required_parameter", "session.tools[0].type"),
        ({"type": "realtime", "tools": [{"type": "function"}]}, "missing_required_parameter", "session.tools[0].name"),
        ({"type": "realtime", "tool_choice": "perhaps"}, "invalid_value", "session.tool_choice"),
        ({"type": "realtime", "output_modalities": ["text", "audio"]}, "invalid_value", "session.output_modalities"),
        ({"type": "realtime", "output_modalities": ["smell"]}, "invalid_value", "session.output_modalities[0]"),
        ({"type": "realtime", "max_output_tokens": 0}, "integer_below_min_value", "session.max_output_tokens"),
        ({"type": "realtime", "max_output_tokens": 5_000}, "integer_above_max_value", "session.max_output_tokens"),
        ({"type": "realtime", "max_output_tokens": "all"}, "invalid_value", "session.max_output_tokens"),
        (
            {"type": "realtime", "audio": {"output": {"speed": 2.0}}},
            "decimal_above_max_value",
            "session.audio.output.speed",
        ),
        (
            {"type": "realtime", "audio": {"input": {"turn_detection": {"type": "magic"}}}},
            "invalid_value",
            "session.audio.input.turn_detection.type",
        ),
        (
            {
                "type": "realtime",
                "audio": {"input": {"turn_detection": {"type": "server_vad", "create_response": None}}},
            },
            "invalid_type",
            "session.audio.input.turn_detection.create_response",
        ),
        (
            {
                "type": "realtime",
                "audio": {"input": {"turn_detection": {"type": "server_vad", "idle_timeout_ms": 100}}},
            },
            "integer_below_min_value",
            "session.audio.input.turn_detection.idle_timeout_ms",
        ),
        (
            {"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcm", "rate": 16_000}}}},
            "invalid_value",
            "session.audio.input.format.rate",
        ),
    ],
)
def test_one_wrong_field_refuses_the_whole_update(session: dict[str, Any], code: str, param: str) -> None:
    talk = Talk()
    before = talk.server.config
    said = talk.send({"type": "session.update", "event_id": "mine", "session": {"instructions": "New.", **session}})
    assert codes(said) == [(code, param)]
    assert said[0]["error"]["event_id"] == "mine"
    assert said[0]["error"]["type"] == "invalid_request_error"
    assert talk.server.config is before


def test_a_session_cannot_become_one_of_another_type() -> None:
    talk = Talk()
    assert codes(talk.send({"type": "session.update", "session": {"type": "transcription"}})) == [
        ("invalid_value", "session.type")
    ]


def test_errors_say_what_is_wrong_in_the_services_words() -> None:
    talk = Talk()
    wrong = talk.update(audio={"input": {"turn_detection": {"type": "server_vad", "create_response": None}}})
    assert wrong[0]["error"]["message"] == (
        "Invalid type for 'session.audio.input.turn_detection.create_response': "
        "expected a boolean, but got null instead."
    )


def test_the_voice_stays_once_it_was_heard() -> None:
    talk = Talk()
    talk.ask("hello")
    assert codes(talk.update(audio={"output": {"voice": "cedar"}})) == [
        ("cannot_update_voice", "session.audio.output.voice")
    ]
    assert codes(talk.update(audio={"output": {"voice": "marin"}})) == []


@pytest.mark.parametrize(
    ("event", "code", "param"),
    [
        ({}, "missing_required_parameter", "type"),
        ({"type": 3}, "invalid_type", "type"),
        ({"type": "session.updat"}, "invalid_value", "type"),
        ({"type": "session.update"}, "missing_required_parameter", "session"),
        ({"type": "session.update", "session": []}, "invalid_type", "session"),
        ({"type": "response.create", "respnse": {}}, "unknown_parameter", "respnse"),
        ({"type": "response.cancel", "event_id": "x" * 513}, "string_above_max_length", "event_id"),
        ({"type": "conversation.item.delete"}, "missing_required_parameter", "item_id"),
        ({"type": "input_audio_buffer.append"}, "missing_required_parameter", "audio"),
        ({"type": "input_audio_buffer.append", "audio": "***"}, "invalid_value", "audio"),
        ({"type": "input_audio_buffer.append", "audio": 5}, "invalid_type", "audio"),
    ],
)
def test_a_client_event_that_is_wrong_is_answered_with_an_error_and_nothing_else(
    event: dict[str, Any], code: str, param: str
) -> None:
    assert codes(Talk().send(event)) == [(code, param)]
