"""Items in the conversation: where they stand, what they hold, and how they end (DOSSIER §4)."""

from realtime_sdk.state import Message, messages, pending_approvals, pending_calls, transcript, turns
from tests.said import (
    added,
    after,
    assistant,
    call,
    client,
    created,
    cut,
    deleted,
    done,
    ended,
    heard,
    item_of,
    output,
    server,
    sound,
    spoken,
    text,
    transcribed,
    user,
)


def kinds(state: object) -> list[str]:
    return [anomaly.kind for anomaly in state.anomalies]  # type: ignore[attr-defined]


def test_items_stand_after_their_predecessors() -> None:
    state = after(added("a", None), added("b", "a"), added("c", "a"), added("d", None))
    assert state.conversation.order == ("d", "a", "c", "b")


def test_deleting_an_item_keeps_the_order_of_the_rest() -> None:
    state = after(added("a"), added("b"), added("c"))
    assert after(deleted("b"), state=state).conversation.order == ("a", "c")
    assert state.conversation.order == ("a", "b", "c")


def test_an_item_after_an_unknown_one_goes_to_the_end_and_is_noted() -> None:
    state = after(added("a", None), added("b", "nobody"))
    assert state.conversation.order == ("a", "b")
    assert kinds(state) == ["unknown_predecessor"]


def test_the_predecessor_in_done_is_never_believed() -> None:
    state = after(added("a", None), added("b", "a"), done(user("b"), None))
    assert state.conversation.order == ("a", "b")


def test_an_item_added_twice_stays_one_item_where_it_was() -> None:
    state = after(added("a", None), added("b", "a"), added("c", "b"), added("b", None))
    assert state.conversation.order == ("a", "b", "c")


def test_a_deleted_item_does_not_come_back() -> None:
    state = after(added("a"), added("b"), deleted("b"), done(user("b")), added("b"), heard("b", "x"))
    assert state.conversation.order == ("a",)
    assert kinds(state) == ["deleted_item", "deleted_item", "deleted_item"]
    assert "b" not in state.conversation.items
    assert state.items["b"].text == "Hi"


def test_an_id_may_be_used_again_once_we_asked_for_it() -> None:
    asked = client("conversation.item.create", item=user("b", "Again"))
    state = after(added("b"), deleted("b"), asked, added(user("b", "Again")))
    assert state.conversation.order == ("b",)
    assert state.items["b"].text == "Again"
    assert kinds(state) == []


def test_deltas_are_seen_while_they_come() -> None:
    state = after(created(), item_of("added", assistant("m")), added(assistant("m")), text("m", "Hel"), text("m", "lo"))
    item = state.conversation.items["m"]
    assert (item.text, item.status, item.response_id) == ("Hello", "in_progress", "r")


def test_an_older_state_does_not_see_later_deltas() -> None:
    before = after(created(), item_of("added", assistant("m")), added(assistant("m")), text("m", "one"))
    left, right = after(text("m", " two"), state=before), after(text("m", " three"), state=before)
    assert [s.items["m"].text for s in (right, before, left)] == ["one three", "one", "one two"]


def test_full_text_in_added_followed_by_deltas_is_not_doubled() -> None:
    whole = assistant("m", {"type": "output_text", "text": "Hello you"})
    state = after(created(), item_of("added", whole), added(whole), text("m", "Hello"), text("m", " you"))
    assert state.items["m"].text == "Hello you"


def test_text_in_added_that_deltas_go_on_from_is_kept() -> None:
    begun = assistant("m", {"type": "output_text", "text": "Hello"})
    state = after(created(), item_of("added", begun), added(begun), text("m", " you"), text("m", "!"))
    assert state.items["m"].text == "Hello you!"


def test_repeated_syllables_in_deltas_are_not_taken_for_a_repetition_however_often_one_looks() -> None:
    state = after(created(), item_of("added", assistant("m")), added(assistant("m")))
    for delta in ["la", "la", " la"]:
        state = after(text("m", delta), state=state)
        assert state.items["m"].text is not None
    assert state.items["m"].text == "lala la"


def test_a_late_delta_changes_nothing_but_is_noted() -> None:
    final = assistant("m", {"type": "output_text", "text": "Done."}, status="completed")
    state = after(created(), item_of("added", assistant("m")), added(assistant("m")), done(final), text("m", "late"))
    assert state.items["m"].text == "Done."
    assert kinds(state) == ["late_delta"]


def test_the_final_body_wins_over_the_deltas() -> None:
    final = assistant("m", {"type": "output_text", "text": "Right."}, status="completed")
    state = after(created(), item_of("added", assistant("m")), added(assistant("m")), text("m", "Wrnog"), done(final))
    assert (state.items["m"].text, state.items["m"].status) == ("Right.", "completed")


def test_an_item_known_only_from_its_response_is_taken_in() -> None:
    final = assistant("m", {"type": "output_text", "text": "Here."}, status="completed")
    state = after(added("a", None), created(), item_of("done", final), ended())
    assert state.conversation.order == ("a", "m")
    assert state.responses["r"].item_ids == ("m",)
    assert kinds(state) == []


def test_an_item_known_only_from_the_end_of_its_response_is_taken_in() -> None:
    final = assistant("m", {"type": "output_text", "text": "Here."}, status="completed")
    state = after(created(), ended(output=[final]))
    assert [(i.id, i.text) for i in state.conversation.items.values()] == [("m", "Here.")]


def test_an_item_of_a_response_moves_to_where_the_server_places_it() -> None:
    state = after(added("a", None), added("b", "a"), created(), item_of("added", assistant("m")))
    assert state.conversation.order == ("a", "b", "m")
    assert after(added(assistant("m"), "a"), state=state).conversation.order == ("a", "m", "b")


def test_an_early_transcript_finds_its_item() -> None:
    state = after(heard("u", " Hel"), heard("u", "lo"), added(user("u", None), None), heard("u", " you"))
    assert state.items["u"].input_transcript == " Hello you"
    assert after(transcribed("u", "Hello you."), state=state).items["u"].input_transcript == "Hello you."


def test_a_transcript_completed_before_its_item_stays_authoritative() -> None:
    state = after(transcribed("u", "Hello."), added(user("u", None), None), done(user("u", None)), heard("u", "xx"))
    assert state.items["u"].input_transcript == "Hello."
    assert state.transcription_usage.seconds == 2.0


def test_an_empty_transcript_is_known_to_be_empty() -> None:
    state = after(added(user("u", None), None), heard("u", "noise"), transcribed("u", ""))
    assert state.items["u"].input_transcript == ""


def test_a_failed_transcription_stands_on_its_part_and_is_no_error() -> None:
    failed = server(
        "conversation.item.input_audio_transcription.failed",
        item_id="u",
        content_index=0,
        error={"code": "DeploymentNotFound", "message": "no"},
    )
    state = after(added(user("u", None), None), failed)
    assert state.items["u"].parts[0].transcript_error == "DeploymentNotFound"
    assert (state.items["u"].input_transcript, list(state.errors)) == (None, [])


def test_segments_name_their_speakers() -> None:
    segment = server(
        "conversation.item.input_audio_transcription.segment",
        item_id="u",
        content_index=0,
        text="Hi",
        id="s1",
        speaker="A",
        start=0.5,
        end=1.0,
    )
    state = after(segment, added(user("u", None), None), segment)
    assert [s.speaker for s in state.items["u"].parts[0].segments] == ["A", "A"]


def test_truncation_keeps_what_was_generated_beside_what_was_heard() -> None:
    state = after(created(), item_of("added", assistant("m")), added(assistant("m")))
    state = after(
        spoken("m", "Hello there,"), sound("m", 100), spoken("m", " how are you?"), sound("m", 100), state=state
    )
    final = assistant("m", {"type": "output_audio"}, status="incomplete")
    state = after(ended(status="cancelled", output=[final]), cut("m", 150), state=state)
    item = state.items["m"]
    assert (item.text, item.heard_text, item.truncated_ms) == ("Hello there, how are you?", "Hello there, how", 150)
    assert (item.status, item.audio_ms) == ("incomplete", 200)
    assert messages(state) == (Message("assistant", "Hello there, how", "m", interrupted=True),)


def test_a_cut_item_is_never_cut_later_than_it_was() -> None:
    state = after(created(), item_of("added", assistant("m")), added(assistant("m")), sound("m", 100))
    assert after(cut("m", 40), cut("m", 90), state=state).items["m"].truncated_ms == 40


def test_calls_are_pending_until_they_have_an_output() -> None:
    state = after(created(), item_of("added", call("f")), added(call("f")))
    half = after(ended(status="cancelled"), state=state)
    whole = after(done(call("f", '{"a":1}', status="completed")), ended(), state=state)
    assert [c.id for c in pending_calls(half)] == []
    assert [(c.id, c.arguments) for c in pending_calls(whole)] == [("f", '{"a":1}')]
    assert pending_calls(after(added(output("o", "call_f")), state=whole)) == ()


def test_approvals_are_pending_until_answered() -> None:
    asked = {"id": "q", "type": "mcp_approval_request", "server_label": "s", "name": "n", "arguments": "{}"}
    answer = {"id": "p", "type": "mcp_approval_response", "approval_request_id": "q", "approve": True}
    state = after(added(asked, None))
    assert [a.id for a in pending_approvals(state)] == ["q"]
    assert pending_approvals(after(added(answer, "q"), state=state)) == ()


def test_unknown_items_stand_in_the_conversation_with_what_they_are() -> None:
    state = after(added({"id": "x", "type": "hologram", "role": "user", "beam": 7}, None), added("a", "x"))
    item = state.conversation.items["x"]
    assert (item.type, item.role, item.unknown and item.unknown.raw["beam"]) == ("hologram", "user", 7)
    assert state.conversation.order == ("x", "a")


def test_an_item_without_an_id_is_noted() -> None:
    assert kinds(after(added({"type": "message", "role": "user", "content": []}, None))) == ["missing_id"]


def test_turns_and_transcript_read_the_conversation() -> None:
    state = after(added(user("u1", "One"), None), added(user("u2", "Two"), "u1"), added(user("u3", "Three"), "u2"))
    state = after(
        created(), item_of("added", assistant("m")), added(assistant("m"), "u2"), text("m", "Yes"), state=state
    )
    assert transcript(state) == "user: One\nuser: Two\nassistant: Yes\nuser: Three"
    assert [([i.id for i in t.user], [i.id for i in t.answer]) for t in turns(state)] == [
        (["u1", "u2"], ["m"]),
        (["u3"], []),
    ]


def test_a_part_that_cannot_be_is_noted_and_costs_nothing() -> None:
    state = after(created(), item_of("added", assistant("m")), added(assistant("m"), None))
    of = {"response_id": "r", "item_id": "m", "output_index": 0}
    for index in (-1, 10**12):
        state = after(server("response.output_text.delta", delta="x", content_index=index, **of), state=state)
    assert state.items["m"].parts == ()
    assert kinds(state) == ["impossible_part", "impossible_part"]


def test_a_cut_in_a_part_that_is_not_there_is_noted() -> None:
    state = after(created(), item_of("added", assistant("m")), added(assistant("m"), None), cut("m", 10))
    assert (state.items["m"].truncated_ms, kinds(state)) == (None, ["impossible_part"])


def test_a_delta_of_a_response_before_its_item_is_noted_once_and_not_lost() -> None:
    state = after(created(), text("m", "Hel"), text("m", "lo"))
    assert kinds(state) == ["early_delta"]
    assert after(item_of("added", assistant("m")), state=state).items["m"].text == "Hello"


def test_a_transcription_that_failed_and_then_came_is_there() -> None:
    failed = server(
        "conversation.item.input_audio_transcription.failed", item_id="u", content_index=0, error={"code": "busy"}
    )
    state = after(added(user("u", None), None), failed)
    assert state.items["u"].parts[0].transcript_error == "busy"
    (part,) = after(transcribed("u", "Yes."), state=state).items["u"].parts
    assert (part.transcript, part.transcript_error) == ("Yes.", None)
