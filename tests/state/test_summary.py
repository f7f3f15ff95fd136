"""The state as one JSON object: every member, in the words of its users, null where nothing is known."""

import json
from typing import Any

from realtime_sdk.protocol import local
from realtime_sdk.protocol.codec import name
from realtime_sdk.protocol.registries import GA
from realtime_sdk.state import RealtimeState, summary
from tests.said import (
    added,
    after,
    assistant,
    call,
    created,
    cut,
    done,
    ended,
    item_of,
    output,
    server,
    sound,
    spoken,
    transcribed,
    user,
)

NOTHING: dict[str, Any] = dict.fromkeys(
    ("status", "text", "input_transcript", "heard_text", "truncated_ms", "name", "call_id", "arguments", "output")
)
NO_TOKENS = {
    "input_tokens": 0,
    "output_tokens": 0,
    "total_tokens": 0,
    "input_token_details": {
        "text_tokens": 0,
        "audio_tokens": 0,
        "image_tokens": 0,
        "cached_tokens": 0,
        "cached_tokens_details": {"text_tokens": 0, "audio_tokens": 0, "image_tokens": 0},
    },
    "output_token_details": {"text_tokens": 0, "audio_tokens": 0, "reasoning_tokens": 0},
}


def items_of(state: RealtimeState) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = summary(state)["items"]
    return found


def test_before_anything_was_said_every_member_is_there_and_empty() -> None:
    assert summary(RealtimeState.empty()) == {
        "session": None,
        "items": [],
        "responses": {},
        "usage": NO_TOKENS,
        "pending_calls": [],
        "errors": [],
        "anomalies": [],
        "epochs": [],
        "dialect": None,
    }
    assert summary(RealtimeState.empty(), dialect="beta")["dialect"] == "beta"


def test_the_session_is_as_the_server_stated_it_and_nothing_else() -> None:
    stated = {"type": "realtime", "id": "sess_1", "tools": [{"type": "new_tool", "x": 1}], "speed_of_light": True}
    state = after(server("session.created", session={**stated, "tracing": None}))
    assert summary(state)["session"] == {**stated, "tracing": None}
    assert summary(after(server("session.created", session={"id": "s", "type": "new"})))["session"] == {
        "id": "s",
        "type": "new",
    }


def test_typed_words_are_text_and_spoken_ones_are_an_input_transcript() -> None:
    both = user("b", None)
    both["content"] = [{"type": "input_text", "text": "Look: "}, {"type": "input_audio", "transcript": "a cat"}]
    state = after(added("a", None), added(both, "a"), added(user("c", None), "b"), transcribed("c", "Hello."))
    typed = {**NOTHING, "type": "message", "role": "user", "status": "completed"}
    assert items_of(state) == [
        {**typed, "id": "a", "text": "Hi"},
        {**typed, "id": "b", "text": "Look: ", "input_transcript": "a cat"},
        {**typed, "id": "c", "input_transcript": "Hello."},
    ]


def test_parts_of_an_answer_are_joined_without_a_separator() -> None:
    parts = ({"type": "output_text", "text": "One"}, {"type": "output_audio", "transcript": "two"})
    (item,) = items_of(after(added(assistant("m", *parts, status="completed"), None)))
    assert (item["text"], item["input_transcript"]) == ("Onetwo", None)


def test_what_was_heard_is_told_only_where_an_answer_was_cut() -> None:
    state = after(created(), item_of("added", assistant("m")), spoken("m", "Hello "), sound("m", 1_000))
    state = after(spoken("m", "there, friend."), sound("m", 1_000), state=state)
    assert (items_of(state)[0]["heard_text"], items_of(state)[0]["truncated_ms"]) == (None, None)
    state = after(cut("m", 1_000), ended(status="cancelled", status_details={"reason": "turn_detected"}), state=state)
    assert items_of(state) == [
        {
            **NOTHING,
            "id": "m",
            "type": "message",
            "role": "assistant",
            "status": "incomplete",
            "text": "Hello there, friend.",
            "heard_text": "Hello",
            "truncated_ms": 1_000,
        }
    ]
    assert items_of(after(cut("m", 0), state=state))[0]["heard_text"] == ""


def test_a_call_is_pending_until_it_has_its_output() -> None:
    state = after(added(call("f", '{"q": 1}', "completed"), None))
    asked = {"name": "look_up", "call_id": "call_f", "arguments": '{"q": 1}'}
    assert items_of(state) == [
        {**NOTHING, "id": "f", "type": "function_call", "role": None, "status": "completed", **asked}
    ]
    assert summary(state)["pending_calls"] == [{"item_id": "f", **asked}]
    state = after(added(output("o", "call_f", "42"), "f"), state=state)
    assert summary(state)["pending_calls"] == []
    assert items_of(state)[1] == {
        **NOTHING,
        "id": "o",
        "type": "function_call_output",
        "role": None,
        "call_id": "call_f",
        "output": "42",
    }


def test_an_mcp_call_has_the_status_of_its_life() -> None:
    wire = {"id": "m", "type": "mcp_call", "server_label": "docs", "name": "read", "arguments": "{}"}
    state = after(created(), item_of("added", wire), server("response.mcp_call.failed", output_index=0, item_id="m"))
    assert (items_of(state)[0]["name"], items_of(state)[0]["status"]) == ("read", "failed")


def test_a_reserved_or_merely_committed_id_is_no_item_yet() -> None:
    state = after(server("input_audio_buffer.speech_started", item_id="u", audio_start_ms=0))
    state = after(server("input_audio_buffer.committed", item_id="u", previous_item_id=None), state=state)
    assert items_of(state) == []
    assert [item["id"] for item in items_of(after(added(user("u", None), None), state=state))] == ["u"]


def test_deleted_items_and_those_out_of_band_are_not_in_the_conversation() -> None:
    state = after(added("a", None), server("conversation.item.deleted", item_id="a"))
    state = after(
        created("o", None), item_of("added", assistant("x"), "o"), ended("o", conversation_id=None), state=state
    )
    assert items_of(state) == []
    assert summary(state)["responses"] == {
        "o": {"status": "completed", "reason": None, "item_ids": ["x"], "usage": None}
    }


def test_responses_tell_how_they_ended_and_what_they_took() -> None:
    stated = {
        "total_tokens": 30,
        "input_tokens": 20,
        "output_tokens": 10,
        "input_token_details": {
            "text_tokens": 12,
            "audio_tokens": 8,
            "cached_tokens": 6,
            "cached_tokens_details": {"text_tokens": 4, "audio_tokens": 2},
        },
        "output_token_details": {"text_tokens": 3, "audio_tokens": 7},
    }
    state = after(created("a"), ended("a", usage=stated), created("b"))
    failed = {"type": "failed", "error": {"type": "server_error", "code": "rate_limit_exceeded"}}
    state = after(ended("b", status="failed", status_details=failed), created("c"), state=state)
    used = {
        **NO_TOKENS,
        "input_tokens": 20,
        "output_tokens": 10,
        "total_tokens": 30,
        "input_token_details": {
            "text_tokens": 12,
            "audio_tokens": 8,
            "image_tokens": 0,
            "cached_tokens": 6,
            "cached_tokens_details": {"text_tokens": 4, "audio_tokens": 2, "image_tokens": 0},
        },
        "output_token_details": {"text_tokens": 3, "audio_tokens": 7, "reasoning_tokens": 0},
    }
    assert summary(state)["responses"] == {
        "a": {"status": "completed", "reason": None, "item_ids": [], "usage": used},
        "b": {"status": "failed", "reason": "rate_limit_exceeded", "item_ids": [], "usage": None},
        "c": {"status": "in_progress", "reason": None, "item_ids": [], "usage": None},
    }
    assert summary(state)["usage"] == used


def test_errors_are_error_events_alone() -> None:
    wrong = {"type": "invalid_request_error", "code": "invalid_value", "message": "No.", "param": "session.x"}
    failed = {"item_id": "u", "content_index": 0, "error": {"code": "too_loud"}}
    state = after(added(user("u", None), None), server("error", error={**wrong, "event_id": "ours_1"}))
    state = after(server("conversation.item.input_audio_transcription.failed", **failed), state=state)
    assert summary(state)["errors"] == [
        {
            "code": "invalid_value",
            "message": "No.",
            "type": "invalid_request_error",
            "param": "session.x",
            "event_id": "ours_1",
        }
    ]


def test_anomalies_name_their_kind_and_what_they_are_about() -> None:
    unknown = name({"type": "weather.changed"}, GA.server)
    (first, second) = summary(after(unknown, cut("gone", 1)))["anomalies"]
    assert (first["kind"], first["event_type"], first["item_id"]) == ("unknown_event", "weather.changed", None)
    assert (second["kind"], second["item_id"], second["response_id"]) == ("unknown_item", "gone", None)


def test_epochs_are_the_connections_and_how_they_ended() -> None:
    state = after(
        local.ConnectionOpened(dialect="openai"),
        server("session.created", session={"type": "realtime", "id": "sess_1"}),
        local.ConnectionClosed(code=1001, reason="going away", by="server"),
    )
    assert summary(state)["epochs"] == [
        {
            "number": 0,
            "session_id": "sess_1",
            "dialect": "openai",
            "closed": True,
            "close_code": 1001,
            "close_reason": "going away",
            "closed_by": "server",
            "lost": [],
        }
    ]


def test_a_summary_is_json_and_in_the_order_of_the_conversation() -> None:
    state = after(added("a", None), added("c", "a"), added("b", "a"), done(user("b"), "c"))
    assert [item["id"] for item in json.loads(json.dumps(summary(state)))["items"]] == ["a", "b", "c"]
