"""The voice lasts as long as speech and is the same everywhere; the ear knows its clips however they come."""

from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from realtime_sdk.audio.pcm import PCM16_8K, PCM16_24K
from realtime_sdk.audio.vad import loudness
from realtime_sdk.audio.wav import Sound, wav_bytes
from realtime_sdk.errors import AudioFormatError, ScenarioError
from realtime_sdk.simulator.brain import Utterance
from realtime_sdk.simulator.brain.sounds import CODECS, from_wire, to_wire
from realtime_sdk.simulator.brain.tape import Tape
from realtime_sdk.simulator.ear import known_clips, neutral_words, recognise, shipped_clips
from realtime_sdk.simulator.espeak import espeak, has_espeak
from realtime_sdk.simulator.voice import speech, speech_size
from tests.simulator.talk import clip

WORDS = {
    "weather": "What is the weather in Paris?",
    "goodbye": "Thank you, goodbye.",
    "hello": "Hello, what can you do?",
}


@given(st.text(max_size=20), st.sampled_from([0.25, 0.5, 1.0, 1.5]))
def test_a_character_takes_62_ms_and_a_half(text: str, speed: float) -> None:
    pcm = speech(text, speed=speed)
    assert len(pcm) == speech_size(text, speed=speed)
    assert abs(len(pcm) / 48 - len(text) * 62.5 / speed) < 0.2 * len(text) + 0.1
    assert len(pcm) % 6 == 0


def test_the_voice_is_the_same_on_every_machine() -> None:
    assert sha256(speech("Hello, what can I do for you?", voice="marin")).hexdigest()[:16] == "31893e28f3887999"


def test_the_voice_can_be_heard_and_voices_differ() -> None:
    assert loudness(speech("hello")) > 0.7
    assert speech("hello", voice="marin") != speech("hello", voice="alloy")


@pytest.mark.parametrize("name", WORDS)
@pytest.mark.parametrize("kind", CODECS)
def test_a_clip_is_known_with_silence_around_it_and_after_g711(name: str, kind: str) -> None:
    heard = from_wire(to_wire(clip(name), kind), kind)
    for before_ms, after_ms in ((0, 0), (300, 500), (2_013, 7)):
        assert recognise(bytes(48 * before_ms) + heard + bytes(48 * after_ms), shipped_clips()) == WORDS[name]


@pytest.mark.parametrize("name", WORDS)
def test_what_is_no_clip_is_not_recognised(name: str) -> None:
    pcm = clip(name)
    for other in (b"", bytes(48_000), pcm[: len(pcm) // 2], pcm + pcm, speech("Hello, what can you do?")):
        assert recognise(other, shipped_clips()) is None


def test_clips_of_ones_own_are_recognised(tmp_path: Path) -> None:
    path = tmp_path / "own.wav"
    path.write_bytes(wav_bytes(Sound(speech("some words of mine"), PCM16_24K)))
    assert recognise(bytes(4_800) + speech("some words of mine"), known_clips({path: "mine"})) == "mine"
    path.write_bytes(wav_bytes(Sound(speech("x"), PCM16_8K)))
    with pytest.raises(AudioFormatError, match="24 kHz"):
        known_clips({path: "mine"})


def test_unknown_speech_has_neutral_words() -> None:
    assert neutral_words(Utterance(item_id="i", number=1, pcm=b"", duration_ms=1_640)) == "(speech of 1.6 seconds)"


@given(st.lists(st.tuples(st.integers(0, 4), st.binary(max_size=8)), max_size=20))
def test_a_tape_never_changes(steps: list[tuple[int, bytes]]) -> None:
    tapes, expected = [Tape()], [b""]
    for back, piece in steps:
        place = max(len(tapes) - 1 - back, 0)
        tapes.append(tapes[place].append(piece))
        expected.append(expected[place] + piece)
        assert [tape.whole for tape in tapes] == expected
        assert [tape.cut(1, 3) for tape in tapes] == [whole[1:3] for whole in expected]


@given(st.binary(max_size=30), st.sampled_from(CODECS[1:]))
def test_g711_comes_back_as_it_was(sound: bytes, kind: str) -> None:
    pcm = from_wire(sound, kind)
    assert len(pcm) == 6 * len(sound)
    again = from_wire(to_wire(pcm, kind), kind)
    assert again == pcm


async def test_espeak_speaks_or_says_that_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    if has_espeak():
        assert len(await espeak("hello")) > 48 * 200
    monkeypatch.setattr("realtime_sdk.simulator.espeak.shutil.which", lambda _: None)
    with pytest.raises(ScenarioError, match="needs espeak-ng"):
        await espeak("hello")
