"""Responses: one active in the conversation, one end each, tokens counted once (DOSSIER §4.3)."""

import pytest

from realtime_sdk.state import Tokens, Usage, is_responding, pending_calls
from tests.said import added, after, assistant, call, created, ended, item_of, server, sound, text

USAGE = {
    "total_tokens": 30,
    "input_tokens": 20,
    "output_tokens": 10,
    "input_token_details": {
        "text_tokens": 12,
        "audio_tokens": 8,
        "cached_tokens": 4,
        "cached_tokens_details": {"text_tokens": 3, "audio_tokens": 1},
    },
    "output_token_details": {"text_tokens": 4, "audio_tokens": 6, "reasoning_tokens": 2},
}
COUNTED = Usage(
    Tokens(20, text=12, audio=8, cached=4, cached_text=3, cached_audio=1), Tokens(10, text=4, audio=6, reasoning=2)
)


def test_a_response_is_active_until_it_is_done() -> None:
    state = after(created("r", metadata={"tag": "1"}))
    assert (state.active_response_id, is_responding(state)) == ("r", True)
    state = after(ended("r", usage=USAGE), state=state)
    assert (state.active_response_id, is_responding(state)) == (None, False)
    response = state.responses["r"]
    assert (response.status, response.metadata, response.usage) == ("completed", {"tag": "1"}, COUNTED)


def test_usage_adds_up_and_is_counted_once_a_response() -> None:
    state = after(created("a"), ended("a", usage=USAGE), ended("a", usage=USAGE), created("b"), ended("b", usage=USAGE))
    assert state.usage == COUNTED.plus(COUNTED)
    assert state.usage.total_tokens == 60


def test_a_response_without_usage_counts_nothing() -> None:
    state = after(created(), ended(status="cancelled", usage=None))
    assert (state.usage, state.responses["r"].usage) == (Usage(), None)


def test_the_first_end_of_a_response_stays() -> None:
    details = {"type": "cancelled", "reason": "turn_detected"}
    state = after(created(), ended(status="completed"), ended(status="cancelled", status_details=details))
    assert (state.responses["r"].status, state.responses["r"].reason) == ("completed", None)
    assert [a.kind for a in state.anomalies] == ["late_event"]


def test_a_failed_response_says_why() -> None:
    error = {"type": "tokens", "code": "rate_limit_exceeded", "message": "try again in 2s"}
    state = after(created(), ended(status="failed", status_details={"type": "failed", "error": error}))
    response = state.responses["r"]
    assert (response.status, response.error_code, response.error_message) == (
        "failed",
        "rate_limit_exceeded",
        "try again in 2s",
    )


def test_a_cancelled_response_ends_its_unfinished_items_and_keeps_finished_calls() -> None:
    state = after(created(), item_of("added", assistant("m")), added(assistant("m"), None), text("m", "Hal"))
    whole = call("f", "{}", status="completed")
    state = after(item_of("added", call("f"), output_index=1), item_of("done", whole, output_index=1), state=state)
    state = after(
        ended(status="cancelled", status_details={"type": "cancelled", "reason": "turn_detected"}), state=state
    )
    assert [(i.status, i.text or i.arguments) for i in state.items.values()] == [
        ("incomplete", "Hal"),
        ("completed", "{}"),
    ]
    assert state.responses["r"].reason == "turn_detected"


def test_a_completed_response_completes_items_that_never_said_so() -> None:
    state = after(created(), item_of("added", assistant("m")), text("m", "All."), ended())
    assert (state.items["m"].status, state.items["m"].text) == ("completed", "All.")


@pytest.mark.parametrize(
    ("of_response", "of_call", "pending"), [("completed", "completed", ["f"]), ("cancelled", "incomplete", [])]
)
@pytest.mark.parametrize("said", [{}, {"status": "in_progress"}])
def test_an_end_that_does_not_say_how_it_ended_ended_as_its_response(
    of_response: str, of_call: str, pending: list[str], said: dict[str, str]
) -> None:
    whole = {name: value for name, value in call("f", "{}").items() if name != "status"} | said
    state = after(created(), item_of("added", call("f")), item_of("done", whole), ended(status=of_response))
    assert state.items["f"].status == of_call
    assert [item.id for item in pending_calls(state)] == pending


def test_an_out_of_band_response_stays_out_of_the_conversation() -> None:
    state = after(created("main"), created("oob", conversation_id=None, metadata={"topic": "x"}))
    state = after(item_of("added", assistant("m"), "oob"), text("m", "aside", "oob"), state=state)
    final = assistant("m", {"type": "output_text", "text": "aside"}, status="completed")
    state = after(item_of("done", final, "oob"), ended("oob", conversation_id=None, output=[final]), state=state)
    assert state.conversation.order == ()
    assert (state.items["m"].text, state.responses["oob"].out_of_band) == ("aside", True)
    assert state.active_response_id == "main"


def test_the_last_word_on_an_out_of_band_item_wins_over_its_deltas() -> None:
    state = after(created("oob", conversation_id=None), item_of("added", assistant("m"), "oob"))
    final = assistant("m", {"type": "output_text", "text": "aside"}, status="completed")
    state = after(text("m", " aside ", "oob"), ended("oob", conversation_id=None, output=[final]), state=state)
    assert state.items["m"].text == "aside"


def test_a_response_that_was_never_created_is_taken_in_and_noted() -> None:
    state = after(item_of("added", assistant("m")), added(assistant("m"), None), ended())
    assert (state.responses["r"].status, state.conversation.order) == ("completed", ("m",))
    assert [a.kind for a in state.anomalies] == ["unknown_response"]


def test_a_response_without_created_is_taken_in_from_its_end() -> None:
    state = after(ended("r", output=[assistant("m", status="completed")]))
    assert state.conversation.order == ("m",)


def test_interleaved_items_each_keep_their_own_words() -> None:
    state = after(created(), item_of("added", assistant("m", phase="commentary")), added(assistant("m"), None))
    arguments = {"response_id": "r", "item_id": "f", "output_index": 1, "call_id": "call_f"}
    state = after(
        text("m", "I'll"),
        item_of("added", call("f"), output_index=1),
        added(call("f"), "m"),
        server("response.function_call_arguments.delta", delta='{"a"', **arguments),
        text("m", " look"),
        server("response.function_call_arguments.delta", delta=":1}", **arguments),
        state=state,
    )
    assert (state.items["m"].text, state.items["f"].arguments, state.items["m"].phase) == (
        "I'll look",
        '{"a":1}',
        "commentary",
    )
    finished = server("response.function_call_arguments.done", name="look_up", arguments='{"a":2}', **arguments)
    assert after(finished, state=state).items["f"].arguments == '{"a":2}'


def test_audio_is_counted_in_the_format_of_its_response() -> None:
    telephone = {"output": {"format": {"type": "audio/pcmu"}, "voice": "marin"}}
    state = after(created(audio=telephone), item_of("added", assistant("m")), added(assistant("m"), None))
    state = after(sound("m", 10), sound("m", 10), state=state)
    assert state.items["m"].audio_ms == 960 // 8
    assert state.responses["r"].voice == "marin"


def test_a_voice_of_ones_own_is_known_by_its_id() -> None:
    state = after(created(audio={"output": {"voice": {"id": "voice_1"}}}))
    assert state.responses["r"].voice == "voice_1"


def test_a_second_response_in_the_conversation_does_not_hide_the_first() -> None:
    state = after(created("a"), created("b"))
    assert state.active_response_id == "b"
    assert after(ended("b"), state=state).active_response_id == "a"
    assert after(ended("b"), ended("a"), state=state).active_response_id is None
