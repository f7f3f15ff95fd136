"""The conversation: create, insert, delete, retrieve and truncate, with the service's rules and errors."""

import base64
from typing import Any

import pytest

from realtime_sdk.simulator.brain import Settings
from realtime_sdk.simulator.reply import Call, Say
from tests.simulator.talk import Talk, codes, kinds, of_kind, only, user_text


def order(talk: Talk) -> list[str]:
    """Return the ids of the conversation's items."""
    return [held.id for held in talk.server.items]


def with_ids(*ids: str) -> Talk:
    """Return a conversation of users' texts with these ids."""
    talk = Talk()
    for item_id in ids:
        talk.send(user_text(item_id, id=item_id))
    return talk


def spoken() -> tuple[Talk, str]:
    """Return a conversation with a spoken answer of 1250 ms, and its item's id."""
    talk = Talk(reply=lambda _: "x" * 20)
    said = talk.ask("hello", input=[])
    return talk, only(said, "response.output_item.done")["item"]["id"]


def test_an_item_is_added_and_done_with_an_id_of_the_servers() -> None:
    said = Talk().write("hello")
    assert kinds(said) == ["conversation.item.added", "conversation.item.done"]
    item_id = said[0]["item"]["id"]
    assert said[0]["item"] == {
        "id": item_id,
        "type": "message",
        "status": "completed",
        "role": "user",
        "content": [{"type": "input_text", "text": "hello"}],
    }
    assert [event["previous_item_id"] for event in said] == [None, None]
    assert item_id.startswith("item_")
    assert len(item_id) <= 32


def test_items_stand_where_they_were_put() -> None:
    talk = with_ids("a", "b")
    first = talk.send({**user_text("c", id="c"), "previous_item_id": "root"})
    middle = talk.send({**user_text("d", id="d"), "previous_item_id": "a"})
    assert order(talk) == ["c", "a", "d", "b"]
    assert (first[0]["previous_item_id"], middle[0]["previous_item_id"]) == (None, "a")


def test_a_deleted_item_is_gone() -> None:
    talk = with_ids("a", "b", "c")
    said = talk.send({"type": "conversation.item.delete", "item_id": "b"})
    assert [(event["type"], event["item_id"]) for event in said] == [("conversation.item.deleted", "b")]
    assert order(talk) == ["a", "c"]


def test_a_retrieved_item_brings_its_sound() -> None:
    talk = Talk()
    audio = base64.b64encode(bytes(range(96)) * 50).decode()
    content = [{"type": "input_audio", "audio": audio, "transcript": "hum"}]
    added = talk.send(
        {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}}
    )
    assert added[0]["item"]["content"] == [{"type": "input_audio", "transcript": "hum"}]
    got = talk.send({"type": "conversation.item.retrieve", "item_id": added[0]["item"]["id"]})
    assert only(got, "conversation.item.retrieved")["item"]["content"] == [
        {"type": "input_audio", "audio": audio, "transcript": "hum"}
    ]


@pytest.mark.parametrize(
    ("event", "code", "param"),
    [
        (user_text("x", id="a"), "item_create_duplicate_item_id", None),
        ({**user_text("x"), "previous_item_id": "gone"}, "item_create_invalid_previous_item_id", None),
        (user_text("x", id="i" * 33), "string_above_max_length", "item.id"),
        ({"type": "conversation.item.create", "item": {}}, "missing_required_parameter", "item.type"),
        ({"type": "conversation.item.create", "item": {"type": "song"}}, "invalid_value", "item.type"),
        (user_text("x", role="narrator"), "invalid_value", "item.role"),
        (user_text("x", colour="red"), "unknown_parameter", "item.colour"),
        (user_text("x", content=[{"type": "text", "text": "x"}]), "invalid_value", "item.content[0].type"),
        (user_text("x", content=[{"type": "input_text"}]), "missing_required_parameter", "item.content[0].text"),
        (user_text("x", content=[{"type": "input_audio", "audio": "*"}]), "invalid_value", "item.content"),
        (
            user_text("x", role="assistant", content=[{"type": "output_audio", "audio": "AAAA"}]),
            "invalid_value",
            "item.content[0].type",
        ),
        (
            {
                "type": "conversation.item.create",
                "item": {"type": "function_call_output", "call_id": "no", "output": "x"},
            },
            "invalid_tool_call_id",
            None,
        ),
        (
            {
                "type": "conversation.item.create",
                "item": {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "a/b"},
            },
            "invalid_value",
            "item.call_id",
        ),
        ({"type": "conversation.item.delete", "item_id": "gone"}, "item_delete_invalid_item_id", None),
        ({"type": "conversation.item.retrieve", "item_id": "gone"}, "item_retrieve_invalid_item_id", None),
        (
            {"type": "conversation.item.truncate", "item_id": "gone", "content_index": 0, "audio_end_ms": 0},
            "item_truncate_invalid_item_id",
            None,
        ),
        (
            {"type": "conversation.item.truncate", "item_id": "a", "content_index": 0, "audio_end_ms": 0},
            "unsupported_content_type",
            None,
        ),
    ],
)
def test_what_cannot_be_done_to_the_conversation_is_an_error_and_changes_nothing(
    event: dict[str, Any], code: str, param: str | None
) -> None:
    talk = with_ids("a")
    assert codes(talk.send({"event_id": "mine", **event})) == [(code, param)]
    assert order(talk) == ["a"]


def test_an_assistants_text_of_the_wrong_type_is_refused_in_the_recorded_words() -> None:
    said = with_ids().send(user_text("x", role="assistant", content=[{"type": "text", "text": "x"}]))
    assert said[0]["error"] == {
        "type": "invalid_request_error",
        "code": "invalid_value",
        "message": "Invalid value: 'text'. Value must be 'output_text'.",
        "param": "item.content[0].type",
        "event_id": None,
    }


def test_truncating_cuts_the_sound_and_drops_the_transcript() -> None:
    talk, item_id = spoken()
    cut = {"type": "conversation.item.truncate", "item_id": item_id, "content_index": 0, "audio_end_ms": 500}
    said = talk.send(cut)
    assert kinds(said) == ["conversation.item.truncated"]
    assert (said[0]["item_id"], said[0]["content_index"], said[0]["audio_end_ms"]) == (item_id, 0, 500)
    (part,) = talk.send({"type": "conversation.item.retrieve", "item_id": item_id})[0]["item"]["content"]
    assert part.keys() == {"type", "audio"}
    assert len(base64.b64decode(part["audio"])) == 500 * 48


@pytest.mark.parametrize(("end_ms", "code"), [(0, []), (1_250, []), (1_251, ["invalid_value"])])
def test_truncating_beyond_the_sound_is_an_error(end_ms: int, code: list[str]) -> None:
    talk, item_id = spoken()
    said = talk.send(
        {"type": "conversation.item.truncate", "item_id": item_id, "content_index": 0, "audio_end_ms": end_ms}
    )
    assert [error for error, _ in codes(said)] == code
    if code:
        assert said[0]["error"]["message"] == "Audio content of 1250ms is already shorter than 1251ms"


def test_a_written_answer_cannot_be_truncated() -> None:
    talk = Talk(reply=lambda _: "written")
    said = talk.ask("hello", output_modalities=["text"])
    item_id = only(said, "response.output_item.done")["item"]["id"]
    wrong = talk.send({"type": "conversation.item.truncate", "item_id": item_id, "content_index": 0, "audio_end_ms": 0})
    assert wrong[0]["error"]["message"] == "Only model output audio messages can be truncated"


def test_a_tool_output_has_no_status_and_names_a_call_of_the_conversation() -> None:
    talk = Talk(reply=lambda turn: Call("f", {}) if not turn.outputs else Say("done"))
    call = only(talk.ask("go"), "response.output_item.done")["item"]
    said = talk.send(
        {
            "type": "conversation.item.create",
            "item": {"type": "function_call_output", "call_id": call["call_id"], "output": "42"},
        }
    )
    assert said[0]["previous_item_id"] == call["id"]
    assert said[0]["item"].keys() == {"id", "type", "call_id", "output"}


def test_items_during_a_response_are_acknowledged_at_once_or_after_it_as_the_settings_say() -> None:
    for hold, expected in ((False, ["at once"]), (True, [])):
        talk = Talk(reply=lambda _: "a long answer", settings=Settings(speed=1, hold_items=hold))
        talk.ask("hello")
        said = talk.write("in between")
        assert ["at once" for _ in of_kind(said, "conversation.item.added")] == expected
        after = talk.wait(5_000)
        if hold:
            assert kinds(after)[-3:] == ["rate_limits.updated", "conversation.item.added", "conversation.item.done"]
