"""Turns under semantic_vad: a finished sentence ends them soon, one that trails off is waited for, and not for ever."""

from typing import Any

import pytest

from realtime_sdk.simulator.brain import Heard, Settings, Unheard, Utterance, Words
from realtime_sdk.simulator.brain.pausing import trails_off
from tests.simulator.order import violations
from tests.simulator.talk import QUIET, Talk, clip, kinds, of_kind, only

SOUND = clip("weather")
PAUSES = {"high": 300, "auto": 600, "medium": 600, "low": 1_200}
LONGEST = {"high": 2_000, "auto": 4_000, "medium": 4_000, "low": 8_000}
TURN = [
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.done",
]


def talk(*heard: str | Words | Unheard, eagerness: str | None = "auto", **settings: Any) -> Talk:
    """Return a session under semantic VAD, in whose pauses these words are heard, the last ones from then on."""
    left = list(heard)

    def hear(_: Utterance) -> str | Words | Unheard:
        return left.pop(0) if len(left) > 1 else left[0]

    made = Talk(hear=hear, settings=Settings(**({"speed": 0} | settings)), reply=lambda turn: turn.text)
    detection = {"type": "semantic_vad"} | ({"eagerness": eagerness} if eagerness else {})
    made.update(audio={"input": {"turn_detection": detection, "transcription": {"model": "gpt-4o-transcribe"}}})
    return made


def waited_ms(session: Talk) -> int:
    """Return how long after the sound the turn ended, of a session that hears silence until then."""
    session.speak(SOUND)
    for ms in range(0, 10_000, 100):
        if of_kind(session.speak(QUIET * 100), "input_audio_buffer.speech_stopped"):
            return ms + 100
    raise AssertionError("the turn does not end")


@pytest.mark.parametrize("eagerness", PAUSES)
def test_a_finished_sentence_ends_the_turn_after_a_short_pause(eagerness: str) -> None:
    assert abs(waited_ms(talk("What is the weather?", eagerness=eagerness)) - PAUSES[eagerness]) <= 200


@pytest.mark.parametrize("eagerness", LONGEST)
def test_a_sentence_that_trails_off_is_waited_for_as_long_as_eagerness_allows(eagerness: str) -> None:
    assert abs(waited_ms(talk("I would like, um", eagerness=eagerness)) - LONGEST[eagerness]) <= 200


def test_without_an_eagerness_it_is_auto_and_auto_is_medium() -> None:
    session = talk("and", eagerness=None)
    shown = session.said[-1]["session"]["audio"]["input"]["turn_detection"]
    assert shown == {"type": "semantic_vad", "eagerness": "auto", "create_response": True, "interrupt_response": True}
    assert waited_ms(session) == waited_ms(talk("and", eagerness="medium"))


def test_a_user_who_goes_on_after_a_pause_is_one_turn() -> None:
    session = talk("A table for,", "A table for two, please.")
    said = session.speak(SOUND + QUIET * 1_500 + SOUND + QUIET * 1_000)
    assert kinds(said)[:6] == [*TURN, "response.created"]
    assert (
        only(said, "response.done")["response"]["output"][0]["content"][0]["transcript"] == "A table for two, please."
    )
    completed = only(said, "conversation.item.input_audio_transcription.completed")
    assert completed["transcript"] == "A table for two, please."
    assert len(session.server.items[0].sounds[0]) > 2 * len(SOUND) + 48 * 1_500
    assert violations(session.said) == []


def test_the_two_pauses_are_asked_for_as_the_same_utterance() -> None:
    asked: list[tuple[int, int]] = []

    def hear(utterance: Utterance) -> str:
        asked.append((utterance.number, utterance.duration_ms // 1_000))
        return "well," if len(asked) == 1 else "Well then."

    session = talk("unused")
    session.hear = hear
    session.speak(SOUND + QUIET * 1_500 + SOUND + QUIET * 1_000)
    session.speak(SOUND + QUIET * 1_000)
    assert asked == [(1, 2), (1, 5), (2, 2)]


@pytest.mark.parametrize("words", [Unheard("busy"), "(speech of 1.6 seconds)", "turn it off", Words("Late.", 500)])
def test_what_tells_nothing_of_the_sentence_ends_the_turn(words: str | Unheard | Words) -> None:
    assert waited_ms(talk(words)) <= 800


def test_words_that_come_after_the_user_went_on_do_not_end_the_turn() -> None:
    session = talk("unused")
    session.settle = False
    said = session.speak(SOUND + QUIET * 1_000 + SOUND)
    item_id = only(said, TURN[0])["item_id"]
    assert session.happen(Heard(item_id, "That is all.")) == []
    session.speak(QUIET * 1_000)
    assert kinds(session.happen(Heard(item_id, "That was all.")))[:4] == TURN[1:]


def test_ears_that_take_too_long_do_not_keep_the_turn_open() -> None:
    session = talk("unused", eagerness="high")
    session.settle = False
    said = session.speak(SOUND + QUIET * 2_500)
    assert kinds(said) == [*TURN, "response.created"]
    heard = session.happen(Heard(only(said, TURN[0])["item_id"], "Finally."))
    assert heard[-1]["type"] == "conversation.item.input_audio_transcription.completed"
    assert violations([*session.said, *session.send({"type": "response.cancel"})]) == []


def test_words_can_come_before_their_item_here_too() -> None:
    session = talk("Good morning.", early_transcripts=True)
    said = kinds(session.speak(SOUND + QUIET * 1_000))
    assert said[:4] == [*TURN[:2], "conversation.item.input_audio_transcription.delta", TURN[2]]


@pytest.mark.parametrize("command", ["input_audio_buffer.commit", "input_audio_buffer.clear"])
def test_a_pause_can_be_cut_short_by_the_client(command: str) -> None:
    session = talk("I would like, um")
    session.speak(SOUND + QUIET * 1_000)
    said = kinds(session.send({"type": command}))
    assert said[:2] == ([TURN[1], TURN[2]] if command.endswith("commit") else ["input_audio_buffer.cleared"])
    assert session.server.buffer.speech is None


def test_in_a_transcription_session_nobody_answers() -> None:
    session = Talk(settings=Settings(speed=0, intent="transcription"), hear=lambda _: "One more thing.")
    detection = {"type": "semantic_vad", "eagerness": "high"}
    shown = session.send(
        {
            "type": "session.update",
            "session": {"type": "transcription", "audio": {"input": {"turn_detection": detection}}},
        }
    )
    assert shown[0]["session"]["audio"]["input"]["turn_detection"] == detection
    assert kinds(session.speak(SOUND + QUIET * 500)) == TURN


@pytest.mark.parametrize(
    ("words", "open_"),
    [
        ("I would like", False),
        ("I would like a", True),
        ("So, um…", True),
        ("Well,", True),
        ("And then -", True),
        ("What is it for?", False),
        ("I came with my.", False),
        ("Das ist alles。", False),
        ("", False),
        ("42", False),
    ],
)
def test_a_sentence_trails_off_at_a_sign_or_a_word_that_wants_more(words: str, open_: bool) -> None:
    assert trails_off(words) is open_
