import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from realtime_sdk.audio.formats import PCM, PCMA, PCMU, WireFormat
from realtime_sdk.audio.pcm import PCM16_16K, PCM16_24K, PCM16_48K, PcmFormat
from realtime_sdk.audio.resample import Recoder, Resampler, resample
from tests.audio.sounds import tone


def middle(pcm: bytes) -> np.ndarray:
    samples = np.frombuffer(pcm, "<i2").astype(float)
    return samples[len(samples) // 4 : -len(samples) // 4]


@settings(max_examples=20)
@given(
    st.sampled_from([PcmFormat(8_000), PcmFormat(44_100, 2), PCM16_48K, PcmFormat(22_050, 1, 3), PCM16_24K]),
    st.sampled_from([PCM16_24K, PCM16_16K, PcmFormat(48_000, 2), PcmFormat(8_000)]),
    st.lists(st.integers(1, 9_000), max_size=12),
    st.sampled_from(["QQ", "LQ", "HQ"]),
)
def test_a_stream_cut_anywhere_gives_the_bytes_of_one_call(source, target, sizes, quality) -> None:
    pcm = np.random.default_rng(7).bytes(source.bytes_in_ms(120))
    stream, ready, rest = Resampler(source, target, quality=quality), [], pcm
    for size in sizes:
        ready.append(stream.feed(rest[:size]))
        rest = rest[size:]
    ready += [stream.feed(rest), stream.finish()]
    assert b"".join(ready) == resample(pcm, source, target, quality=quality)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_tone_of_any_rate_is_the_same_tone_at_24_khz(rate_hz: int, channels: int) -> None:
    source = PcmFormat(rate_hz, channels)
    resampled = resample(tone(200, source), source)
    assert PCM16_24K.ms_in_bytes(len(resampled)) == 200
    assert np.abs(middle(resampled) - middle(tone(200))).max() < 40


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100, 48_000])
def test_there_and_back_keeps_the_length_and_the_sound(rate_hz: int) -> None:
    other = PcmFormat(rate_hz, 2)
    original = tone(300)
    back = resample(resample(original, PCM16_24K, other), other, PCM16_24K)
    assert len(back) == len(original)
    assert np.abs(middle(back) - middle(original)).max() < 20


def test_equal_formats_pass_through_but_torn_samples_wait() -> None:
    stream = Resampler(PCM16_24K, PCM16_24K)
    assert stream.feed(b"\x01\x02\x03") + stream.feed(b"\x04") == b"\x01\x02\x03\x04"
    assert (stream.delay_ms, stream.finish()) == (0, b"")


def test_what_is_inside_is_told_and_a_finished_stream_starts_anew() -> None:
    stream = Resampler(PCM16_48K)
    given_ = tone(100, PCM16_48K)
    first = stream.feed(given_)
    assert stream.delay_ms == 100 - math.ceil(len(first) / 48)
    assert 0 < stream.delay_ms <= 100
    first += stream.finish()
    assert stream.delay_ms == 0
    assert stream.feed(given_) + stream.finish() == first


@pytest.mark.parametrize("telephone", [PCMU, PCMA])
def test_telephony_goes_into_a_session_and_back(telephone: WireFormat) -> None:
    spoken = telephone.from_pcm16(tone(400, telephone.pcm))
    inward, outward = Recoder(telephone, PCM), Recoder(PCM, telephone)
    session = b"".join(inward.feed(spoken[start : start + 161]) for start in range(0, len(spoken), 161))
    session += inward.finish()
    assert PCM.ms_in_bytes(len(session)) == 400
    back = b"".join(outward.feed(session[start : start + 959]) for start in range(0, len(session), 959))
    back += outward.finish()
    assert len(back) == len(spoken)
    error = middle(telephone.to_pcm16(back)) - middle(telephone.to_pcm16(spoken))
    assert np.sqrt((error**2).mean()) < 350


def test_equal_wire_formats_pass_through() -> None:
    recoder = Recoder(PCMU, PCMU)
    assert recoder.feed(b"\x00\x7f") + recoder.finish() == b"\x00\x7f"
    assert recoder.delay_ms == 0
