from itertools import pairwise

import numpy as np
import pytest

from realtime_sdk.audio.floats import mix
from realtime_sdk.audio.pcm import PCM16_8K, PCM16_24K, PcmFormat
from realtime_sdk.audio.resample import resample
from realtime_sdk.audio.silero import SileroVad
from realtime_sdk.audio.vad import EnergyVad, SpeechStarted, SpeechStopped, Vad
from realtime_sdk.errors import AudioFormatError
from tests.audio.sounds import clip

ONE_TURN = PCM16_24K.silence(640) + clip("weather") + PCM16_24K.silence(800)
TWO_TURNS = ONE_TURN + clip("goodbye") + PCM16_24K.silence(800)


def times(vad: Vad, sound: bytes, size: int = 10**9) -> list[int]:
    events = [event for start in range(0, len(sound), size) for event in vad.feed(sound[start : start + size])]
    assert all(type(one) is not type(other) for one, other in pairwise(events))
    return [event.audio_start_ms if isinstance(event, SpeechStarted) else event.audio_end_ms for event in events]


def test_both_detectors_hear_the_same_two_turns() -> None:
    loudness, voice = times(EnergyVad(), TWO_TURNS), times(SileroVad(), TWO_TURNS)
    assert len(loudness) == len(voice) == 4
    assert all(abs(one - other) <= 200 for one, other in zip(loudness, voice, strict=True))


def test_decisions_do_not_depend_on_the_cuts() -> None:
    assert times(SileroVad(), ONE_TURN, 961) == times(SileroVad(), ONE_TURN)


def test_noise_is_no_voice_and_voice_in_noise_is() -> None:
    noise = (np.random.default_rng(3).standard_normal(len(ONE_TURN) // 2) * 1_500).astype("<i2").tobytes()
    assert times(SileroVad(), noise) == []
    assert len(times(EnergyVad(), noise)) == 1
    assert len(times(SileroVad(), mix([ONE_TURN, noise]))) == 2


def test_telephony_is_heard_too_and_a_reset_forgets_the_turn() -> None:
    vad = SileroVad(pcm_format=PCM16_8K)
    telephone = resample(ONE_TURN[: 48 * 1_500], PCM16_24K, PCM16_8K)
    assert [type(event) for event in vad.feed(telephone)] == [SpeechStarted]
    assert vad.speaking
    vad.reset()
    assert not vad.speaking
    (started,) = vad.feed(resample(clip("goodbye"), PCM16_24K, PCM16_8K))
    assert isinstance(started, SpeechStarted)
    assert 1_500 <= started.audio_start_ms <= 1_800
    assert [type(event) for event in vad.feed(PCM16_8K.silence(1_000))] == [SpeechStopped]


def test_stereo_is_refused() -> None:
    with pytest.raises(AudioFormatError, match="mono"):
        SileroVad(pcm_format=PcmFormat(24_000, 2))
