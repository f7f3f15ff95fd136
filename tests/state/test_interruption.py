"""What is to be cut when the user speaks over the assistant, decided on the state alone."""

import base64
from typing import Any

from realtime_sdk.protocol.local import EpochStarted, PlaybackHeard
from realtime_sdk.state import Cut, RealtimeState, cuts
from tests.said import added, after, assistant, created, item_of, server, user


def sound(item_id: str, ms: int) -> Any:
    where = {"response_id": "r", "item_id": item_id, "output_index": 0, "content_index": 0}
    return server("response.output_audio.delta", **where, delta=base64.b64encode(b"\0" * 48 * ms).decode())


def spoken(*items: str, ms: int = 1000) -> RealtimeState:
    state = after(added(user("u"), None), created("r"))
    for item in items:
        state = after(item_of("added", assistant(item), "r"), sound(item, ms), state=state)
    return state


def heard(state: RealtimeState, item_id: str, ms: int) -> RealtimeState:
    return after(PlaybackHeard(item_id=item_id, heard_ms=ms), state=state)


def test_nothing_is_cut_where_no_position_is_known() -> None:
    assert cuts(RealtimeState.empty()) == ()
    assert cuts(spoken("a", "b")) == ()


def test_each_item_of_the_turn_is_cut_at_its_own_place() -> None:
    state = heard(heard(spoken("a", "b", "c"), "a", 1000), "b", 250)
    assert cuts(state) == (Cut("b", 0, 250), Cut("c"))


def test_a_position_beyond_the_audio_is_the_end_of_it() -> None:
    assert cuts(heard(spoken("a"), "a", 5000)) == ()


def test_what_was_cut_before_is_not_cut_again() -> None:
    state = heard(spoken("a"), "a", 300)
    truncated = server("conversation.item.truncated", item_id="a", content_index=0, audio_end_ms=300)
    assert cuts(after(truncated, state=state)) == ()


def test_a_turn_before_the_users_last_words_is_over() -> None:
    state = heard(spoken("a"), "a", 300)
    state = after(added(user("u2"), "a"), item_of("added", assistant("b"), "r"), sound("b", 100), state=state)
    assert cuts(state) == ()


def test_a_new_epoch_keeps_what_was_heard_under_the_new_ids() -> None:
    state = heard(spoken("a", "b"), "a", 300)
    state = after(EpochStarted(epoch=0, replayed={"u": "u2", "a": "a2"}, lost=["b"]), state=state)
    assert state.conversation.order == ("u2", "a2")
    assert state.items["a2"].parts[0].heard_ms == 300
    assert (state.items["a"].in_conversation, state.items["b"].in_conversation) == (False, False)
    assert state.epochs[-1].lost == ("b",)
    again = after(EpochStarted(epoch=0, lost=["b", "a2", "12 bytes of audio"]), state=state)
    assert again.conversation.order == ("u2",)
    assert again.epochs[-1].lost == ("b", "a2", "12 bytes of audio")


def test_a_new_epoch_may_give_an_item_the_id_that_another_had() -> None:
    state = heard(spoken("a"), "a", 300)
    state = after(EpochStarted(epoch=0, replayed={"u": "a"}, lost=[]), state=state)
    assert list(state.conversation.items) == ["a"]
    assert state.conversation.items["a"].role == "user"
