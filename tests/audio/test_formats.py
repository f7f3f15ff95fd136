import pytest

from realtime_sdk.audio.formats import PCM, PCMA, PCMU, WIRE_FORMATS, WireFormat, wire_format
from realtime_sdk.errors import AudioFormatError


def test_sizes_on_the_wire_are_48_and_8_bytes_a_millisecond() -> None:
    assert [(form.name, form.bytes_per_ms) for form in (PCM, PCMU, PCMA)] == [
        ("audio/pcm", 48),
        ("audio/pcmu", 8),
        ("audio/pcma", 8),
    ]


def test_ga_and_beta_names_mean_the_same_formats() -> None:
    assert [wire_format(name) for name in ("pcm16", "g711_ulaw", "g711_alaw")] == [PCM, PCMU, PCMA]
    assert wire_format(None) is PCM


@pytest.mark.parametrize("form", [PCM, PCMU, PCMA])
def test_silence_is_silent_after_decoding(form: WireFormat) -> None:
    decoded = form.to_pcm16(form.silence(20))
    assert form.ms_in_bytes(len(form.silence(20))) == 20
    assert max(abs(value) for value in memoryview(decoded).cast("h")) <= 8


@pytest.mark.parametrize("form", [PCM, PCMU, PCMA])
def test_what_was_decoded_encodes_to_the_same_length(form: WireFormat) -> None:
    sound = form.silence(40)
    assert form.from_pcm16(form.to_pcm16(sound)) == sound


def test_linear_pcm_may_have_another_rate_and_g711_may_not() -> None:
    assert wire_format("audio/pcm", rate_hz=16_000).bytes_per_ms == 32
    assert wire_format("audio/pcmu", rate_hz=8_000) is PCMU
    with pytest.raises(AudioFormatError, match="8000"):
        wire_format("audio/pcmu", rate_hz=16_000)


def test_an_unknown_name_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(AudioFormatError, match="audio/pcma"):
        wire_format("audio/opus")
    assert "audio/opus" not in WIRE_FORMATS
