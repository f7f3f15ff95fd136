"""Sound comes in: turns under server VAD and by hand, on PCM and G.711, with and without transcription."""

import base64
from typing import Any

import pytest

from realtime_sdk.audio.vad import SpeechStarted, SpeechStopped, TurnRules, VadEvent
from realtime_sdk.simulator.brain import Settings, Unheard, Words
from realtime_sdk.simulator.brain.sounds import to_wire
from tests.simulator.order import violations
from tests.simulator.talk import Talk, clip, codes, kinds, of_kind, only

QUIET_MS = bytes(48)
MANUAL: dict[str, Any] = {"input": {"turn_detection": None}}
TURN = [
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.done",
]


def vad(**fields: Any) -> dict[str, Any]:
    """Return audio settings with these fields of server_vad."""
    return {"input": {"turn_detection": {"type": "server_vad", **fields}}}


def spoken(name: str, *, before_ms: int = 500, after_ms: int = 800) -> bytes:
    """Return a clip with silence around it."""
    return QUIET_MS * before_ms + clip(name) + QUIET_MS * after_ms


def test_a_spoken_turn_under_server_vad() -> None:
    talk = Talk(reply=lambda turn: f"You said {turn.text}", hear=lambda _: "good weather")
    said = talk.speak(spoken("weather"))
    assert kinds(said)[:6] == [*TURN, "response.created"]
    started, stopped, committed, added = said[0], said[1], said[2], said[3]
    assert added["item"] == {
        "id": started["item_id"],
        "type": "message",
        "status": "completed",
        "role": "user",
        "content": [{"type": "input_audio", "transcript": None}],
    }
    assert {started["item_id"], stopped["item_id"], committed["item_id"]} == {added["item"]["id"]}
    # the the first spoken window begins at 576 ms, and 300 ms before it are taken with it
    assert started["audio_start_ms"] == 276
    assert stopped["audio_end_ms"] % 32 == 0
    answer = only(said, "response.done")["response"]
    assert answer["output"][0]["content"][0]["transcript"] == "You said good weather"
    assert answer["usage"]["input_token_details"]["audio_tokens"] == -(-(stopped["audio_end_ms"] - 276) // 100)
    assert violations(talk.said) == []


@pytest.mark.parametrize("piece_ms", [7, 20, 100, 5_000])
def test_a_turn_does_not_depend_on_how_the_sound_was_cut(piece_ms: int) -> None:
    whole, cut = Talk(), Talk()
    whole.speak(spoken("goodbye"))
    cut.speak(spoken("goodbye"), piece_ms=piece_ms)
    assert cut.frames == whole.frames


def test_two_turns_count_their_time_from_the_beginning_of_the_session() -> None:
    talk = Talk()
    talk.speak(spoken("weather") + spoken("goodbye"))
    starts = [event["audio_start_ms"] for event in of_kind(talk.said, "input_audio_buffer.speech_started")]
    stops = [event["audio_end_ms"] for event in of_kind(talk.said, "input_audio_buffer.speech_stopped")]
    assert len(starts) == len(stops) == 2
    assert starts[0] < stops[0] <= starts[1] < stops[1]
    assert [e["previous_item_id"] is None for e in of_kind(talk.said, "input_audio_buffer.committed")] == [True, False]
    assert violations(talk.said) == []


def test_a_longer_silence_is_waited_for() -> None:
    quick, slow = Talk(), Talk()
    slow.update(audio=vad(silence_duration_ms=1_000))
    for talk in (quick, slow):
        talk.speak(spoken("weather", after_ms=700))
    assert len(of_kind(quick.said, "input_audio_buffer.committed")) == 1
    assert len(of_kind(slow.said, "input_audio_buffer.committed")) == 0


def test_without_create_response_a_turn_is_only_written_down() -> None:
    talk = Talk()
    talk.update(audio=vad(create_response=False))
    assert kinds(talk.speak(spoken("weather"))) == TURN


def test_speech_interrupts_the_answer_and_its_items_are_incomplete() -> None:
    talk = Talk(reply=lambda _: "x" * 200, settings=Settings(speed=1))
    talk.ask("tell me")
    talk.wait(2_000)
    said = talk.speak(spoken("weather"))
    assert said[0]["type"] == "input_audio_buffer.speech_started"
    cancelled = of_kind(said, "response.done")[0]["response"]
    assert cancelled["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
    assert [item["status"] for item in cancelled["output"]] == ["incomplete"]
    assert only(said, "response.created")["response"]["id"] != cancelled["id"]
    assert violations([*talk.said, *talk.wait(60_000)]) == []


def test_without_interrupt_response_the_answer_goes_on() -> None:
    talk = Talk(reply=lambda _: "x" * 200, settings=Settings(speed=1))
    talk.update(audio=vad(interrupt_response=False, create_response=False))
    talk.ask("tell me")
    talk.wait(2_000)
    assert of_kind(talk.speak(spoken("weather")), "response.done") == []
    talk.wait(60_000)
    assert only(talk.said, "response.done")["response"]["status"] == "completed"


def test_a_manual_turn() -> None:
    talk = Talk(hear=lambda _: "hello there")
    talk.update(audio=MANUAL)
    assert talk.speak(spoken("hello")) == []
    said = talk.send({"type": "input_audio_buffer.commit"})
    assert kinds(said) == TURN[2:]
    answer = only(talk.send({"type": "response.create"}), "response.done")["response"]
    assert answer["output"][0]["content"][0]["transcript"].startswith("Hello!")
    assert violations(talk.said) == []


@pytest.mark.parametrize(("ms", "said"), [(0, "0.00"), (50, "50.00"), (99, "99.00")])
def test_a_commit_needs_100_ms(ms: int, said: str) -> None:
    talk = Talk()
    talk.update(audio=MANUAL)
    talk.speak(QUIET_MS * ms)
    wrong = talk.send({"type": "input_audio_buffer.commit", "event_id": "mine"})
    assert codes(wrong) == [("input_audio_buffer_commit_empty", None)]
    assert f"buffer only has {said}ms of audio" in wrong[0]["error"]["message"]
    assert codes([*talk.speak(QUIET_MS * 100), *talk.send({"type": "input_audio_buffer.commit"})]) == []


def test_clearing_empties_the_buffer_and_ends_speech_without_an_item() -> None:
    talk = Talk()
    talk.speak(spoken("weather", after_ms=0))
    assert kinds(talk.send({"type": "input_audio_buffer.clear"})) == ["input_audio_buffer.cleared"]
    assert talk.speak(QUIET_MS * 2_000) == []
    assert talk.server.items == ()
    assert violations([*talk.said, *talk.speak(spoken("weather"))]) == []


def test_a_commit_while_the_user_speaks_ends_the_speech() -> None:
    talk = Talk()
    talk.speak(spoken("weather", after_ms=0))
    assert kinds(talk.send({"type": "input_audio_buffer.commit"})) == TURN[1:]
    assert violations(talk.said) == []


def test_turning_detection_off_ends_the_speech_and_keeps_the_sound() -> None:
    talk = Talk()
    talk.speak(spoken("weather", after_ms=0))
    assert kinds(talk.update(audio=MANUAL)) == ["input_audio_buffer.speech_stopped", "session.updated"]
    assert kinds(talk.send({"type": "input_audio_buffer.commit"})) == TURN[2:]


@pytest.mark.parametrize("kind", ["audio/pcmu", "audio/pcma"])
def test_g711_is_heard_answered_and_given_back_as_it_was(kind: str) -> None:
    talk = Talk(reply=lambda _: "xxxx")
    talk.update(
        audio={"input": {"format": {"type": kind}, "turn_detection": None}, "output": {"format": {"type": kind}}}
    )
    sent = to_wire(spoken("weather"), kind)
    talk.send({"type": "input_audio_buffer.append", "audio": base64.b64encode(sent).decode()})
    item_id = talk.send({"type": "input_audio_buffer.commit"})[0]["item_id"]
    got = talk.send({"type": "conversation.item.retrieve", "item_id": item_id})
    assert base64.b64decode(got[0]["item"]["content"][0]["audio"]) == sent
    deltas = of_kind(talk.send({"type": "response.create"}), "response.output_audio.delta")
    assert sum(len(base64.b64decode(event["delta"])) for event in deltas) == 250 * 8


def test_g711_makes_the_same_turn_as_pcm() -> None:
    pcm, ulaw = Talk(), Talk()
    pcm.speak(spoken("goodbye"))
    ulaw.update(audio={"input": {"format": {"type": "audio/pcmu"}}})
    ulaw.send(
        {
            "type": "input_audio_buffer.append",
            "audio": base64.b64encode(to_wire(spoken("goodbye"), "audio/pcmu")).decode(),
        }
    )
    for kind in ("input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"):
        assert [e.keys() for e in of_kind(pcm.said, kind)] == [e.keys() for e in of_kind(ulaw.said, kind)]
    assert len(of_kind(ulaw.said, "input_audio_buffer.committed")) == 1


def test_half_a_sample_waits_for_its_other_half() -> None:
    talk = Talk()
    talk.update(audio=MANUAL)
    for _ in range(2):
        talk.send({"type": "input_audio_buffer.append", "audio": base64.b64encode(bytes(4_801)).decode()})
    item_id = talk.send({"type": "input_audio_buffer.commit"})[0]["item_id"]
    got = talk.send({"type": "conversation.item.retrieve", "item_id": item_id})[0]["item"]["content"][0]["audio"]
    assert len(base64.b64decode(got)) == 9_602


# --- transcription ------------------------------------------------------------------------------------------------

TRANSCRIBED = "conversation.item.input_audio_transcription"


def transcribing(model: str, **settings: Any) -> Talk:
    """Return a talk whose input is transcribed by this model."""
    talk = Talk(hear=lambda _: "Hello, my name.", settings=Settings(**({"speed": 0} | settings)))
    talk.update(audio={"input": {"transcription": {"model": model}}})
    return talk


@pytest.mark.parametrize(
    ("model", "deltas"),
    [
        ("gpt-4o-transcribe", ["Hello", ",", " my", " name", "."]),
        ("gpt-realtime-whisper", [" Hello", ",", " my", " name", "."]),
        ("whisper-1", ["Hello, my name."]),
    ],
)
def test_words_come_as_deltas_and_then_whole(model: str, deltas: list[str]) -> None:
    said = transcribing(model).speak(spoken("weather"))
    assert [event["delta"] for event in of_kind(said, f"{TRANSCRIBED}.delta")] == deltas
    assert only(said, f"{TRANSCRIBED}.completed")["transcript"] == "Hello, my name."


def test_transcription_is_billed_in_tokens_or_seconds_by_its_model() -> None:
    tokens = only(transcribing("gpt-4o-transcribe").speak(spoken("weather")), f"{TRANSCRIBED}.completed")["usage"]
    seconds = only(transcribing("whisper-1").speak(spoken("weather")), f"{TRANSCRIBED}.completed")["usage"]
    assert tokens == {
        "type": "tokens",
        "total_tokens": 27,
        "input_tokens": 23,
        "input_token_details": {"text_tokens": 0, "audio_tokens": 23},
        "output_tokens": 4,
    }
    assert seconds == {"type": "duration", "seconds": 3}


def test_transcription_and_answer_run_beside_one_another() -> None:
    talk = transcribing("gpt-4o-transcribe", speed=1)
    talk.speak(spoken("weather"))
    talk.wait(60_000)
    order = kinds(talk.said)
    assert order.index("response.created") < order.index(f"{TRANSCRIBED}.delta")
    assert order.index(f"{TRANSCRIBED}.completed") < order.index("response.done")
    assert violations(talk.said) == []


def test_words_may_come_after_the_answer_and_in_another_order_than_the_turns() -> None:
    for speed in (0, 1):
        late = iter([Words("first", 20_000), Words("second")])
        talk = transcribing("whisper-1", speed=speed)
        talk.hear = lambda _, late=late: next(late)
        talk.speak(spoken("weather"))
        talk.wait(10_000)
        talk.speak(spoken("goodbye"))
        talk.wait(60_000)
        told = [event["transcript"] for event in of_kind(talk.said, f"{TRANSCRIBED}.completed")]
        assert told == (["first", "second"] if speed == 0 else ["second", "first"])
        assert kinds(talk.said).index("response.done") < kinds(talk.said).index(f"{TRANSCRIBED}.delta")
        assert violations(talk.said) == []


def test_words_may_come_before_their_item() -> None:
    talk = transcribing("gpt-realtime-whisper", early_transcripts=True)
    said = talk.speak(spoken("weather"))
    assert kinds(said)[:7] == [*TURN[:2], f"{TRANSCRIBED}.delta", *TURN[2:], "response.created"]
    assert only(said, f"{TRANSCRIBED}.completed")["transcript"] == "Hello, my name."
    assert len(of_kind(said, f"{TRANSCRIBED}.delta")) == 5
    assert violations(talk.said) == []


def test_without_transcription_the_client_is_not_told_the_words() -> None:
    talk = Talk(hear=lambda _: "secret")
    assert [e for e in talk.speak(spoken("weather")) if e["type"].startswith(TRANSCRIBED)] == []
    assert talk.turns[0].text == "secret"


def test_a_transcription_can_fail_and_the_turn_goes_on() -> None:
    talk = transcribing("whisper-1")
    talk.hear = lambda _: Unheard("DeploymentNotFound", "No such model.")
    said = talk.speak(spoken("weather"))
    assert only(said, f"{TRANSCRIBED}.failed")["error"] == {
        "type": "server_error",
        "code": "DeploymentNotFound",
        "message": "No such model.",
        "param": None,
    }
    assert only(said, "response.done")["response"]["status"] == "completed"


def test_a_transcription_session_writes_down_and_answers_nothing() -> None:
    talk = Talk(settings=Settings(speed=0, intent="transcription"), hear=lambda _: "words")
    assert talk.said[0]["session"]["type"] == "transcription"
    talk.send(
        {
            "type": "session.update",
            "session": {"type": "transcription", "audio": {"input": {"transcription": {"model": "whisper-1"}}}},
        }
    )
    assert kinds(talk.speak(spoken("weather"))) == [*TURN, f"{TRANSCRIBED}.delta", f"{TRANSCRIBED}.completed"]
    assert codes(talk.send({"type": "response.create"})) == [("invalid_request", None)]


# --- detectors ----------------------------------------------------------------------------------------------------


class Metronome:
    """A detector that hears speech from 100 to 300 ms, whatever the sound is."""

    def __init__(self, rules: TurnRules, start_ms: int) -> None:
        self.rules = rules
        self.fed = start_ms * 48

    def feed(self, pcm: bytes) -> list[VadEvent]:
        before, self.fed = self.fed // 48, (self.fed + len(pcm)) // 1
        now = self.fed // 48
        found: list[VadEvent] = []
        if before < 100 <= now:
            found.append(SpeechStarted(100, now))
        if before < 300 <= now:
            found.append(SpeechStopped(300))
        return found

    def reset(self) -> None:
        pass


def test_a_detector_that_is_given_decides() -> None:
    talk = Talk(settings=Settings(speed=0, make_vad=Metronome))
    said = talk.speak(QUIET_MS * 400)
    assert kinds(said)[:5] == TURN
    assert (said[0]["audio_start_ms"], said[1]["audio_end_ms"]) == (100, 300)


# --- nobody speaks ------------------------------------------------------------------------------------------------

NUDGE = [
    "input_audio_buffer.timeout_triggered",
    "conversation.item.added",
    "conversation.item.done",
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.done",
    "response.created",
]


def waiting(**settings: Any) -> Talk:
    """Return a talk whose server waits 5 s for the user, after an answer of 800 ms at 0 ms of input."""
    talk = Talk(reply=lambda _: "x" * 13 if len(talk.turns) < 2 else "still there?", settings=Settings(**settings))
    talk.update(audio=vad(idle_timeout_ms=5_000))
    talk.ask("hello")
    return talk


def test_a_silent_user_is_spoken_to_after_the_sound_of_the_answer() -> None:
    talk = waiting(speed=0)
    assert talk.speak(QUIET_MS * 5_119, piece_ms=1) == []
    said = talk.speak(QUIET_MS * 1)
    assert kinds(said)[:7] == NUDGE
    triggered, prompt, user = said[0], said[1]["item"], said[4]["item"]
    assert (triggered["audio_start_ms"], triggered["audio_end_ms"], triggered["item_id"]) == (0, 5_120, user["id"])
    assert (prompt["role"], said[3]["previous_item_id"]) == ("system", prompt["id"])
    assert only(said, "response.done")["response"]["output"][0]["content"][0]["transcript"] == "still there?"
    assert violations(talk.said) == []


def test_a_user_who_sends_no_sound_is_waited_for_by_the_clock() -> None:
    talk = waiting(speed=1)
    before = 250 + 130 + 812 + 5_120
    assert of_kind(talk.wait(before - 1), NUDGE[0]) == []
    assert len(of_kind(talk.wait(2), NUDGE[0])) == 1


def test_the_silence_has_an_empty_transcript() -> None:
    talk = Talk(settings=Settings(speed=0))
    talk.update(audio={"input": {"transcription": {"model": "whisper-1"}, **vad(idle_timeout_ms=5_000)["input"]}})
    talk.ask("hello")
    said = talk.speak(QUIET_MS * 5_200)
    assert only(said, f"{TRANSCRIBED}.completed")["transcript"] == ""


def test_speech_and_typed_turns_end_the_wait() -> None:
    talk = waiting(speed=0)
    talk.speak(QUIET_MS * 3_000)
    talk.ask("me again")
    assert of_kind(talk.speak(QUIET_MS * 3_000), NUDGE[0]) == []
    assert len(of_kind(talk.speak(QUIET_MS * 2_200), NUDGE[0])) == 1
