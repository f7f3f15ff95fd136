import struct

import pytest
from hypothesis import given, strategies as st

from realtime_sdk.audio.pcm import PCM16_8K, PCM16_24K, PcmFormat
from realtime_sdk.audio.vad import EnergyVad, SpeechStarted, SpeechStopped, TurnGate, TurnRules, loudness
from realtime_sdk.errors import AudioFormatError
from tests.audio.sounds import tone

SILENCE = PCM16_24K.silence(640)
SPOKEN = b"".join([SILENCE, tone(960), SILENCE, tone(320), SILENCE])
TURNS = [
    SpeechStarted(audio_start_ms=340, at_ms=704),
    SpeechStopped(audio_end_ms=2_112),
    SpeechStarted(audio_start_ms=2_112, at_ms=2_304),
    SpeechStopped(audio_end_ms=3_072),
]


def test_speech_starts_before_the_tone_by_the_padding_and_stops_after_the_silence() -> None:
    vad = EnergyVad()
    assert vad.feed(SPOKEN) == TURNS
    assert not vad.speaking


@given(st.lists(st.integers(1, 50_000), max_size=20))
def test_decisions_do_not_depend_on_the_cuts(sizes: list[int]) -> None:
    vad, found, rest = EnergyVad(), [], SPOKEN
    for size in sizes:
        found += vad.feed(rest[:size])
        rest = rest[size:]
    assert found + vad.feed(rest) == TURNS


def test_telephony_is_heard_alike() -> None:
    spoken = PCM16_8K.silence(640) + tone(960, PCM16_8K) + PCM16_8K.silence(640)
    assert EnergyVad(pcm_format=PCM16_8K).feed(spoken) == [SpeechStarted(340, 704), SpeechStopped(2_112)]


@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 48_000])
def test_a_tone_of_any_height_is_heard(rate_hz: int) -> None:
    pcm_format = PcmFormat(rate_hz)
    for hz in (100, 1_000, 2_000, 4_000, 6_000, 8_000, 10_000):
        spoken = tone(320, pcm_format, hz=hz)
        if hz < rate_hz / 2:
            assert EnergyVad(pcm_format=pcm_format).feed(spoken) == [SpeechStarted(0, 64)]


def test_quiet_sound_and_a_click_are_no_speech() -> None:
    quiet = tone(1_000, amplitude=200)
    click = PCM16_24K.silence(320) + tone(20) + PCM16_24K.silence(320)
    assert EnergyVad().feed(quiet + click) == []


def test_a_lower_threshold_hears_quiet_sound() -> None:
    assert EnergyVad(TurnRules(threshold=0.2)).feed(tone(320, amplitude=200)) == [SpeechStarted(0, 64)]


def test_a_pause_shorter_than_the_silence_ends_nothing() -> None:
    spoken = tone(320) + PCM16_24K.silence(448) + tone(320)
    assert EnergyVad().feed(spoken) == [SpeechStarted(0, 64)]


def test_after_a_reset_positions_count_on_and_the_torn_byte_is_kept() -> None:
    vad = EnergyVad()
    spoken = tone(500)
    vad.feed(spoken[:12_001])
    assert vad.speaking
    vad.reset()
    assert not vad.speaking
    assert vad.feed(spoken[12_001:]) == [SpeechStarted(250, 314)]


def test_a_detector_can_start_in_the_middle_of_a_stream() -> None:
    assert EnergyVad(start_ms=5_000).feed(tone(320)) == [SpeechStarted(5_000, 5_064)]


@given(st.lists(st.floats(0, 1), max_size=200), st.integers(0, 400), st.integers(0, 400), st.integers(0, 200))
def test_starts_and_stops_alternate_and_never_overlap(
    scores: list[float], prefix_ms: int, silence_ms: int, speech_ms: int
) -> None:
    gate = TurnGate(TurnRules(0.5, prefix_ms, silence_ms, speech_ms))
    events = [event for event in map(gate.step, scores) if event is not None]
    assert all(isinstance(event, SpeechStarted) for event in events[0::2])
    assert all(isinstance(event, SpeechStopped) for event in events[1::2])
    times = [event.audio_start_ms if isinstance(event, SpeechStarted) else event.audio_end_ms for event in events]
    assert times == sorted(times)
    assert gate.now_ms == 32 * len(scores)


def test_loudness_runs_from_60_to_20_db_below_full_scale() -> None:
    assert loudness(b"") == loudness(bytes(64)) == 0.0
    assert loudness(struct.pack("<4h", 328, -328, 328, -328)) == pytest.approx(0.5, abs=0.001)
    assert loudness(struct.pack("<4h", 9_999, -9_999, 9_999, -9_999)) == 1.0
    assert loudness(b"\x00\x80") == 1.0


def test_what_is_no_mono_pcm16_and_no_rule_is_refused() -> None:
    with pytest.raises(AudioFormatError):
        EnergyVad(pcm_format=PcmFormat(24_000, 2))
    with pytest.raises(AudioFormatError):
        TurnRules(threshold=2)
