"""Translation sessions of the simulator: in virtual time against the brain, and end to end against the session."""

from typing import Any

import pybase64
import pytest

import realtime_sdk as rt
from realtime_sdk.dialects import TRANSLATION
from realtime_sdk.protocol import translation
from realtime_sdk.simulator import Scenario, Unheard, on, simulate
from realtime_sdk.simulator.brain import Fault, Settings
from tests.simulator.talk import Talk, codes, kinds, of_kind, only

QUIET_MS = 48


def talk(**options: Any) -> Talk:
    """Return a translation session, whose phrases are heard as `hello there`."""
    settings = Settings(speed=options.pop("speed", 0), intent="translation")
    return Talk(settings=settings, hear=lambda _: "hello there", dialect=TRANSLATION, **options)


def loud(ms: int) -> bytes:
    """Return a tone: loud enough to be speech."""
    return (b"\x00\x40" * 24 + b"\x00\xc0" * 24) * (ms // 2)


def append(pcm: bytes) -> dict[str, Any]:
    return {"type": "session.input_audio_buffer.append", "audio": pybase64.b64encode_as_string(pcm)}


def update(**audio: Any) -> dict[str, Any]:
    return {"type": "session.update", "session": {"audio": audio}}


TRANSCRIBE = update(input={"transcription": {"model": "gpt-realtime-whisper"}})
SPANISH = update(output={"language": "es"})
PHRASE = (append(loud(600)), append(bytes(800 * QUIET_MS)))
HEAR = {"model": "gpt-realtime-whisper"}
CLOSE = {"type": "session.close"}


def text(events: list[dict[str, Any]], kind: str) -> str:
    return "".join(event["delta"] for event in of_kind(events, kind))


def test_a_session_begins_with_its_settings_and_shows_the_changed_ones() -> None:
    session = talk()
    created = only(session.said, "session.created")["session"]
    assert created["type"] == "translation"
    updated = only(session.send(SPANISH), "session.updated")["session"]
    assert updated == {**created, "audio": {**created["audio"], "output": {"language": "es"}}}


def test_a_phrase_comes_back_as_transcripts_and_as_frames_of_a_fifth_of_a_second() -> None:
    session = talk()
    session.send(TRANSCRIBE, SPANISH)
    said = session.send(*PHRASE)
    assert text(said, "session.input_transcript.delta") == "hello there "
    assert text(said, "session.output_transcript.delta") == "[es] hello there "
    frames = of_kind(said, "session.output_audio.delta")
    assert {len(pybase64.b64decode(frame["delta"])) for frame in frames} == {200 * QUIET_MS}
    elapsed = [frame["elapsed_ms"] for frame in frames]
    assert elapsed == list(range(elapsed[0], elapsed[0] + 200 * len(frames), 200))
    assert all((frame["sample_rate"], frame["channels"], frame["format"]) == (24_000, 1, "pcm16") for frame in frames)


def test_without_transcription_only_the_translation_comes() -> None:
    session = talk()
    assert set(kinds(session.send(*PHRASE))) == {"session.output_transcript.delta", "session.output_audio.delta"}


def test_silence_says_nothing() -> None:
    assert talk().send(append(bytes(3_000 * QUIET_MS))) == []


def test_the_silence_between_phrases_is_the_clients_and_time_alone_ends_none() -> None:
    session = talk(speed=1)
    assert session.send(append(loud(600))) == []
    assert session.wait(60_000) == []
    said = [*session.send(append(bytes(800 * QUIET_MS))), *session.wait(10_000)]
    assert text(said, "session.output_transcript.delta") == "[en] hello there "
    assert session.wait(60_000) == []  # nor does the server say silence


def test_what_is_said_stands_at_frames_of_the_input_and_deltas_may_share_one() -> None:
    session = talk()
    session.send(TRANSCRIBE)
    said = [*session.send(*PHRASE), *session.send(*PHRASE)]
    assert {event["elapsed_ms"] % 200 for event in said} == {0}
    heard = [event["elapsed_ms"] for event in of_kind(said, "session.input_transcript.delta")]
    frames = [event["elapsed_ms"] for event in of_kind(said, "session.output_audio.delta")]
    assert heard == [1_200] * 3 + [2_600] * 3
    assert frames == [*range(1_200, 2_200, 200), *range(2_600, 3_600, 200)]


def test_the_words_of_a_phrase_come_after_those_of_the_phrase_before() -> None:
    session = talk(speed=1)
    session.send(TRANSCRIBE)
    said = [*session.send(*PHRASE, *PHRASE), *session.wait(10_000)]
    assert text(said, "session.input_transcript.delta") == "hello there hello there "


def test_at_real_time_the_frames_come_as_they_are_spoken() -> None:
    session = talk(speed=1)
    session.send(*PHRASE)
    heard = [len(of_kind(session.wait(200), "session.output_audio.delta")) for _ in range(4)]
    assert heard == [1, 1, 1, 1]


def test_closing_says_what_is_left_and_then_that_it_is_closed() -> None:
    session = talk(speed=1)
    session.send(append(loud(600)))
    first = session.send(CLOSE)
    assert of_kind(first, "session.closed") == []
    assert codes(session.send(append(loud(20)))) == [("invalid_state", "audio")]
    said = [*first, *session.wait(10_000)]
    assert text(said, "session.output_transcript.delta") == "[en] hello there "
    assert said[-1]["type"] == "session.closed"
    assert session.send(CLOSE) == []


def test_a_session_without_a_word_closes_at_once() -> None:
    assert kinds(talk().send(CLOSE)) == ["session.closed"]


def test_what_such_a_session_does_not_know_is_refused() -> None:
    session = talk()
    assert codes(session.send({"type": "response.create", "event_id": "mine"})) == [("invalid_value", "type")]
    assert codes(session.send({"event_id": "mine"})) == [("missing_required_parameter", "type")]
    assert codes(session.send(update(outputs={}))) == [("unknown_parameter", "session.audio.outputs")]
    assert codes(session.send({**append(b""), "audio": "!"})) == [("invalid_value", "audio")]
    assert session.said[-1]["error"]["type"] == "invalid_request_error"


def test_a_phrase_that_nobody_understands_is_passed_over() -> None:
    session = Talk(settings=Settings(speed=0, intent="translation"), hear=lambda _: Unheard(), dialect=TRANSLATION)
    session.send(*PHRASE)
    assert session.send(CLOSE)[-1]["type"] == "session.closed"


def test_it_expires_as_every_session_does() -> None:
    session = talk()
    assert codes(session.happen(Fault("expire"))) == [("session_expired", None)]
    assert session.closing is not None


@pytest.mark.parametrize("speed", [0, 50])
async def test_a_translation_session_works_end_to_end_and_is_told_again_from_its_log(speed: float) -> None:
    scenario = Scenario(on("good morning").say("buenos días"), hears=["Good morning", "And you?"])
    async with simulate(scenario, speed=speed) as server:
        async with rt.connect(server.translations, language="es", transcription=HEAR) as session:
            for _ in range(2):
                await session.append_audio(loud(600))
                await session.append_audio(bytes(800 * QUIET_MS))
            await session.request(translation.client_events.SessionClose())
            done = session.state.translation
            assert done.input_transcript == "Good morning And you? "
            assert done.output_transcript == "buenos días [es] And you? "
            assert done.audio_bytes > 48_000
            assert done.closed
        assert session.state.anomalies == ()
        assert session.state == rt.replay(session.log)
        (seen,) = server.sessions
        assert rt.replay(seen.log).translation == done
