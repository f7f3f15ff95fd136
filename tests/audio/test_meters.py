import struct

import pytest

from realtime_sdk.audio.meters import Level, level


def test_silence_and_nothing_are_at_the_floor() -> None:
    assert level(b"") == level(bytes(48)) == Level(0.0, 0.0)
    assert (Level().peak_dbfs, Level().rms_dbfs) == (-96.0, -96.0)


def test_peak_and_rms_of_a_square_wave_are_its_height() -> None:
    assert level(struct.pack("<4h", 16_384, -16_384, 16_384, -16_384) + b"\x01") == Level(0.5, 0.5)
    assert Level(0.5, 0.5).rms_dbfs == pytest.approx(-6.02, abs=0.01)


def test_the_lowest_value_is_full_scale() -> None:
    assert level(b"\x00\x80") == Level(1.0, 1.0)
    assert Level(1.0, 1.0).peak_dbfs == 0.0


def test_a_spike_has_a_high_peak_and_a_low_rms() -> None:
    spike = level(struct.pack("<100h", 16_384, *[0] * 99))
    assert (spike.peak, spike.rms) == (0.5, pytest.approx(0.05))
