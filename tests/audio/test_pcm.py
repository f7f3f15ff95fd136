from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from realtime_sdk.audio.pcm import PCM16_24K, Chunker, Joiner, PcmFormat, chunks, pcm16
from realtime_sdk.errors import AudioFormatError

formats = st.builds(PcmFormat, st.integers(1_000, 192_000), st.integers(1, 8), st.integers(1, 4))
pieces = st.lists(st.binary(max_size=20), max_size=20)


def test_a_millisecond_of_the_wire_is_48_bytes() -> None:
    assert PCM16_24K.bytes_in_ms(1) == 48
    assert PCM16_24K.ms_in_bytes(48_000) == 1_000
    assert PCM16_24K.bytes_per_second == 48_000


@given(formats, st.integers(0, 10**9))
def test_milliseconds_come_back_from_samples_and_bytes(pcm_format: PcmFormat, ms: int) -> None:
    assert pcm_format.ms_in_samples(pcm_format.samples_in_ms(ms)) == ms
    assert pcm_format.ms_in_bytes(pcm_format.bytes_in_ms(ms)) == ms


@given(formats, st.integers(0, 10**9))
def test_samples_come_back_from_bytes(pcm_format: PcmFormat, samples: int) -> None:
    size = samples * pcm_format.sample_size
    assert pcm_format.samples_in_bytes(size) == samples
    assert pcm_format.samples_in_bytes(size + pcm_format.sample_size - 1) == samples
    assert pcm_format.seconds_in_bytes(size) == Fraction(samples, pcm_format.rate_hz)


@given(formats, st.integers(0, 10**6), st.integers(0, 10**6))
def test_more_bytes_never_last_shorter(pcm_format: PcmFormat, size: int, more: int) -> None:
    assert pcm_format.ms_in_bytes(size) <= pcm_format.ms_in_bytes(size + more)


@pytest.mark.parametrize("wrong", [(0, 1, 2), (24_000, 0, 2), (24_000, 1, 5), (24_000, 1, 0)])
def test_a_format_that_cannot_be_is_refused(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(AudioFormatError):
        PcmFormat(*wrong)


def test_silence_is_zeros_of_the_asked_length() -> None:
    assert PcmFormat(44_100, 2).silence(10) == bytes(441 * 4)


def test_numbers_are_little_endian_and_a_torn_sample_is_left_out() -> None:
    assert pcm16(b"\x01\x00\xff\xff\x00\x80\x07").tolist() == [1, -1, -32_768]


@given(pieces, st.integers(1, 8))
def test_a_joiner_gives_whole_samples_and_loses_no_byte(cut: list[bytes], sample_size: int) -> None:
    joiner = Joiner(sample_size)
    fed = [joiner.feed(piece) for piece in cut]
    assert all(len(whole) % sample_size == 0 for whole in fed)
    assert joiner.waiting < sample_size
    assert b"".join(fed) + joiner.finish() == b"".join(cut)
    assert joiner.finish() == b""


@given(pieces, st.integers(1, 16))
def test_a_chunker_gives_the_chunks_of_the_whole(cut: list[bytes], size: int) -> None:
    chunker = Chunker(size)
    full = [chunk for piece in cut for chunk in chunker.feed(piece)]
    waiting = chunker.waiting
    rest = chunker.finish()
    assert waiting == len(rest) < size
    assert full + [rest] * bool(rest) == list(chunks(b"".join(cut), size))
