import struct
from hashlib import sha256

import pytest

from realtime_sdk.audio.g711 import alaw_to_pcm16, pcm16_to_alaw, pcm16_to_ulaw, ulaw_to_pcm16

ALL_SAMPLES = struct.pack("<65536h", *range(-32_768, 32_768))
ALL_CODES = bytes(range(256))

# Of the output of CPython 3.11's audioop over all values.
EXACT = [
    (pcm16_to_ulaw, ALL_SAMPLES, "81d633c9e6972a18c74a58720b96cb8ca0bdd096d4060b646dd708c3b846019a"),
    (pcm16_to_alaw, ALL_SAMPLES, "38488f6fd710f4686360edc4d38639f96c491595ef93f8eb8d62d5e07ca6ce7b"),
    (ulaw_to_pcm16, ALL_CODES, "3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827"),
    (alaw_to_pcm16, ALL_CODES, "e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174"),
]


@pytest.mark.parametrize(("convert", "given", "expected"), EXACT, ids=[row[0].__name__ for row in EXACT])
def test_every_value_is_bit_exact(convert, given, expected) -> None:
    assert sha256(convert(given)).hexdigest() == expected


def test_every_alaw_code_survives_the_round_trip() -> None:
    assert pcm16_to_alaw(alaw_to_pcm16(ALL_CODES)) == ALL_CODES


def test_every_ulaw_code_survives_the_round_trip_but_negative_zero() -> None:
    assert pcm16_to_ulaw(ulaw_to_pcm16(ALL_CODES)) == ALL_CODES.replace(b"\x7f", b"\xff")


def test_a_torn_sample_is_left_out() -> None:
    assert pcm16_to_ulaw(b"\x00\x00\x00") == b"\xff"
    assert pcm16_to_alaw(b"\x00") == b""
