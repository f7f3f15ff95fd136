import struct

import numpy as np
from hypothesis import given, strategies as st

from realtime_sdk.audio.floats import from_floats, gain, mix, to_channels, to_floats
from realtime_sdk.audio.pcm import PcmFormat


@given(st.binary(max_size=120), st.integers(1, 3), st.integers(1, 3))
def test_pcm_up_to_24_bits_comes_back_bit_for_bit(raw: bytes, channels: int, width: int) -> None:
    pcm_format = PcmFormat(24_000, channels, width)
    samples = to_floats(raw, pcm_format)
    whole = raw[: len(raw) - len(raw) % pcm_format.sample_size]
    assert samples.shape == (len(whole) // pcm_format.sample_size, channels)
    assert samples.dtype == np.float32
    assert from_floats(samples, sample_width=width) == whole


def test_32_bits_keep_24_of_them() -> None:
    values = (0, 1 << 30, -(1 << 31), 127, -256, (1 << 31) - 128)
    pcm = struct.pack("<6i", *values)
    back = struct.unpack("<6i", from_floats(to_floats(pcm, PcmFormat(24_000, 1, 4)), sample_width=4))
    assert back == values


def test_full_scale_is_clipped_and_no_number_is_silence() -> None:
    samples = np.array([[2.0], [-2.0], [np.nan], [0.5]], np.float32)
    assert struct.unpack("<4h", from_floats(samples)) == (32_767, -32_768, 0, 16_384)


def test_channels_become_one_as_their_mean_and_one_is_spread() -> None:
    stereo = np.array([[1.0, 0.0], [0.5, 0.5]], np.float32)
    assert to_channels(stereo, 1).tolist() == [[0.5], [0.5]]
    assert to_channels(stereo[:, :1], 3).tolist() == [[1.0] * 3, [0.5] * 3]
    assert to_channels(stereo, 2) is stereo


def test_six_decibels_are_about_twice_as_loud_and_clipped() -> None:
    assert struct.unpack("<3h", gain(struct.pack("<3h", 1_000, -1_000, 30_000), 6.0206)) == (2_000, -2_000, 32_767)


@given(st.binary(max_size=60))
def test_no_gain_changes_nothing(raw: bytes) -> None:
    assert gain(raw, 0) == raw[: len(raw) & ~1]


def test_a_mix_is_the_clipped_sum_as_long_as_the_longest() -> None:
    assert mix([struct.pack("<3h", 1, 30_000, 5), struct.pack("<2h", 2, 30_000)]) == struct.pack("<3h", 3, 32_767, 5)
    assert mix([]) == b""
