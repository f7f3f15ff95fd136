"""What the beta dialect makes of single events: the names, items, settings and gaps, one by one."""

from typing import Any

import pytest

from realtime_sdk.dialects import beta_casts as beta

Json = dict[str, Any]

PCM = {"type": "audio/pcm", "rate": 24000}
VAD = {"type": "server_vad", "threshold": 0.5}


def created(**item: Any) -> Json:
    item = {"id": "i", "object": "realtime.item", **item}
    return {"type": "conversation.item.created", "event_id": "e", "previous_item_id": "before", "item": item}


@pytest.mark.parametrize(("old", "new"), beta.NAMES.items())
def test_events_with_a_new_name_keep_everything_else(old: str, new: str) -> None:
    assert beta.upcast_server({"type": old, "delta": "x", "odd": [1]}) == ({"type": new, "delta": "x", "odd": [1]},)
    assert beta.downcast_server({"type": new, "delta": "x", "odd": [1]}) == ({"type": old, "delta": "x", "odd": [1]},)


def test_a_created_item_that_is_whole_was_added_and_is_done() -> None:
    text = {"type": "input_text", "text": "Hello"}
    event = created(type="message", role="user", status="completed", content=[text])
    item = {"id": "i", "type": "message", "role": "user", "status": "completed", "content": [text]}
    rest = {"event_id": "e", "previous_item_id": "before", "item": item}
    added, done = {"type": "conversation.item.added", **rest}, {"type": "conversation.item.done", **rest}
    assert beta.upcast_server(event) == (added, done)
    assert beta.downcast_server(added) == (event,)
    assert beta.downcast_server(done) == ()


@pytest.mark.parametrize(
    ("item", "whole"),
    [
        ({"type": "message", "role": "assistant", "status": "in_progress"}, False),
        ({"type": "message", "role": "assistant", "status": "incomplete"}, True),
        ({"type": "message", "role": "assistant"}, False),
        ({"type": "message", "role": "user"}, True),
        ({"type": "message", "role": "system", "status": None}, True),
        ({"type": "message", "role": ["user"]}, False),
        ({"type": "function_call", "status": "in_progress"}, False),
        ({"type": "function_call"}, False),
        ({"type": "function_call_output", "output": "4"}, True),
        ({"type": "of tomorrow", "status": "completed"}, True),
        ({"type": "of tomorrow", "status": ["completed"]}, False),
        ({}, False),
    ],
)
def test_an_item_is_done_when_nothing_will_be_added_to_it(item: Json, whole: bool) -> None:
    events = ["conversation.item.added", "conversation.item.done"] if whole else ["conversation.item.added"]
    assert [event["type"] for event in beta.upcast_server(created(**item))] == events


def test_only_what_an_assistant_said_has_other_content_types() -> None:
    content = [{"type": "text", "text": "Hi"}, {"type": "audio", "transcript": "Hi"}, {"type": "input_text"}, 5]
    renamed = [
        {"type": "output_text", "text": "Hi"},
        {"type": "output_audio", "transcript": "Hi"},
        {"type": "input_text"},
        5,
    ]
    for role, expected in (("assistant", renamed), ("user", content)):
        event = {"type": "response.output_item.done", "item": {"role": role, "content": content}}
        assert beta.upcast_server(event) == ({**event, "item": {"role": role, "content": expected}},)


@pytest.mark.parametrize("cast", [beta.upcast_server, beta.downcast_server])
def test_content_parts_are_called_the_same_in_both(cast: Any) -> None:
    event = {"type": "response.content_part.done", "part": {"type": "audio", "transcript": "Hi"}}
    assert cast(event) == (event,)


def test_a_flat_session_becomes_a_nested_one_and_keeps_what_nobody_knows() -> None:
    flat = {
        "id": "sess",
        "instructions": "Be brief.",
        "modalities": ["text", "audio"],
        "voice": "alloy",
        "speed": 1.0,
        "input_audio_format": "pcm16",
        "output_audio_format": "g711_ulaw",
        "input_audio_transcription": {"model": "whisper-1"},
        "input_audio_noise_reduction": None,
        "turn_detection": VAD,
        "max_response_output_tokens": "inf",
        "tool_choice": "look_up",
        "temperature": 0.8,
        "avatar": {"character": "lisa"},
    }
    nested = {
        "type": "realtime",
        "id": "sess",
        "instructions": "Be brief.",
        "output_modalities": ["audio"],
        "audio": {
            "input": {
                "format": PCM,
                "transcription": {"model": "whisper-1"},
                "noise_reduction": None,
                "turn_detection": VAD,
            },
            "output": {"format": {"type": "audio/pcmu"}, "voice": "alloy", "speed": 1.0},
        },
        "max_output_tokens": "inf",
        "tool_choice": {"type": "function", "name": "look_up"},
        "temperature": 0.8,
        "avatar": {"character": "lisa"},
    }
    for name in ("session.created", "session.updated"):
        assert beta.upcast_server({"type": name, "session": flat}) == ({"type": name, "session": nested},)
        assert beta.downcast_server({"type": name, "session": nested}) == ({"type": name, "session": flat},)


@pytest.mark.parametrize("value", [{"turn_detection": None}, {}])
def test_null_stays_null_and_absent_stays_absent(value: Json) -> None:
    update = (
        {"type": "session.update", "session": {"type": "realtime", "audio": {"input": value}}}
        if value
        else {
            "type": "session.update",
            "session": {"type": "realtime"},
        }
    )
    assert beta.downcast_client(update) == ({"type": "session.update", "session": value},)
    assert beta.upcast_client({"type": "session.update", "session": value}) == (update,)


@pytest.mark.parametrize(
    "session",
    [
        {"input_audio_format": "not specified", "audio": {"input": {"format": PCM}}},
        {"turn_detection": VAD, "audio": {"input": {"turn_detection": None}}},
        {"voice": "ara", "audio": "none"},
        {"modalities": ["audio", "avatar"]},
        {"modalities": 5, "output_audio_format": ["pcm16"]},
    ],
)
def test_a_setting_whose_place_is_taken_or_whose_value_is_foreign_stays_where_it_is(session: Json) -> None:
    event = {"type": "session.updated", "session": session}
    up = {"type": "session.updated", "session": {"type": "realtime", **session}}
    assert beta.upcast_server(event) == (up,)
    assert beta.downcast_server(up) == (event,)


def test_nested_settings_that_beta_has_no_key_for_stay_nested() -> None:
    audio = {"input": {"format": {"type": "audio/pcm", "rate": 16000}}, "output": {"voice": {"id": "v"}, "pitch": 2}}
    update = {"type": "session.update", "session": {"type": "realtime", "audio": audio, "reasoning": {}}}
    left = {"input": audio["input"], "output": {"pitch": 2}}
    flat = {"voice": {"id": "v"}, "audio": left, "reasoning": {}}
    assert beta.downcast_client(update) == ({"type": "session.update", "session": flat},)


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ({"modalities": ["audio", "text"]}, {"modalities": ["text", "audio"]}),
        ({"modalities": ["audio"]}, {"modalities": ["text", "audio"]}),
        ({"type": "realtime", "voice": "alloy"}, {"voice": "alloy"}),
        ({"audio": {"output": {"voice": "alloy"}}}, {"voice": "alloy"}),
        ({"audio": {"input": {"format": {"type": "audio/pcm"}}}}, {"input_audio_format": "pcm16"}),
        ({"max_output_tokens": 5}, {"max_response_output_tokens": 5}),
        ({"tool_choice": {"type": "function", "name": "look_up"}}, {"tool_choice": "look_up"}),
    ],
)
def test_a_beta_session_comes_back_in_its_normal_form(given: Json, normal: Json) -> None:
    [up] = beta.upcast_client({"type": "session.update", "session": given})
    assert beta.downcast_client(up) == ({"type": "session.update", "session": normal},)


@pytest.mark.parametrize("name", ["created", "updated"])
def test_a_transcription_session_has_an_event_name_of_its_own(name: str) -> None:
    flat = {"input_audio_format": "g711_alaw", "input_audio_transcription": {"model": "whisper-1"}, "include": None}
    inside = {"format": {"type": "audio/pcma"}, "transcription": {"model": "whisper-1"}}
    nested = {"type": "transcription", "audio": {"input": inside}, "include": None}
    old = {"type": f"transcription_session.{name}", "session": flat}
    new = {"type": f"session.{name}", "session": nested}
    assert beta.upcast_server(old) == (new,)
    assert beta.downcast_server(new) == (old,)


def test_the_settings_of_one_response_move_and_so_do_its_input_items() -> None:
    flat = {
        "modalities": ["text"],
        "voice": "alloy",
        "output_audio_format": "pcm16",
        "max_response_output_tokens": 100,
        "conversation": "none",
        "input": [
            {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "Hi"}]},
            {"type": "item_reference", "id": "i"},
        ],
    }
    nested = {
        "output_modalities": ["text"],
        "audio": {"output": {"format": PCM, "voice": "alloy"}},
        "max_output_tokens": 100,
        "conversation": "none",
        "input": [
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]},
            {"type": "item_reference", "id": "i"},
        ],
    }
    old, new = {"type": "response.create", "response": flat}, {"type": "response.create", "response": nested}
    assert beta.upcast_client(old) == (new,)
    assert beta.downcast_client(new) == (old,)
    assert beta.downcast_client({"type": "response.create"}) == ({"type": "response.create"},)


def test_a_finished_response_has_its_settings_nested_and_its_output_renamed() -> None:
    said = {"id": "i", "object": "realtime.item", "role": "assistant", "content": [{"type": "audio"}]}
    call = {"id": "j", "object": "realtime.item", "type": "function_call"}
    flat = {"modalities": ["text", "audio"], "voice": "alloy", "max_output_tokens": 7, "output": [said, call]}
    nested = {
        "output_modalities": ["audio"],
        "audio": {"output": {"voice": "alloy"}},
        "max_output_tokens": 7,
        "output": [
            {"id": "i", "role": "assistant", "content": [{"type": "output_audio"}]},
            {"id": "j", "type": "function_call"},
        ],
    }
    old, new = {"type": "response.done", "response": flat}, {"type": "response.done", "response": nested}
    assert beta.upcast_server(old) == (new,)
    assert beta.downcast_server(new) == (old,)


@pytest.mark.parametrize(
    "odd", [{}, {"session": None, "response": [], "item": "i"}, {"session": {"type": 5}, "item": 5}]
)
@pytest.mark.parametrize("name", ["transcription_session.updated", "conversation.item.created", "response.done"])
def test_a_beta_event_without_its_object_passes_as_it_is(name: str, odd: Json) -> None:
    assert beta.upcast_server({"type": name, **odd}) == ({"type": name, **odd},)


@pytest.mark.parametrize("odd", [{}, {"session": None, "response": [], "item": "i"}])
@pytest.mark.parametrize("name", ["session.updated", "conversation.item.added", "response.done"])
def test_a_ga_event_without_its_object_passes_as_it_is(name: str, odd: Json) -> None:
    assert beta.downcast_server({"type": name, **odd}) == ({"type": name, **odd},)
