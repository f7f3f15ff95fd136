import io
from pathlib import Path

import pytest
import soundfile
from hypothesis import given, strategies as st

from realtime_sdk.audio.pcm import PCM16_8K, PCM16_24K, PcmFormat
from realtime_sdk.audio.reading import read_sound
from realtime_sdk.audio.wav import Sound, read_wav, wav_bytes
from realtime_sdk.errors import AudioFormatError


@given(st.binary(max_size=50), st.integers(1, 4), st.integers(2, 4), st.integers(1_000, 96_000))
def test_sound_comes_back_from_wav_bytes(raw: bytes, channels: int, width: int, rate_hz: int) -> None:
    pcm_format = PcmFormat(rate_hz, channels, width)
    sound = Sound(raw[: len(raw) - len(raw) % pcm_format.sample_size], pcm_format)
    assert read_wav(io.BytesIO(wav_bytes(sound))) == sound


def test_a_file_is_read_by_path(tmp_path: Path) -> None:
    sound = Sound(PCM16_24K.silence(20))
    (tmp_path / "quiet.wav").write_bytes(wav_bytes(sound))
    assert read_wav(tmp_path / "quiet.wav") == read_wav(str(tmp_path / "quiet.wav")) == sound
    assert sound.duration_ms == 20


@pytest.mark.parametrize("content", [b"", b"RIFF", b"OggS" + bytes(60), b"RIFF\x24\x00\x00\x00WAVEfmt "])
def test_what_is_no_wav_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd.wav").write_bytes(content)
    with pytest.raises(AudioFormatError, match=r"odd\.wav"):
        read_wav(tmp_path / "odd.wav")


@pytest.mark.parametrize("subtype", ["PCM_U8", "ULAW"])
def test_wav_files_of_another_kind_are_refused_with_who_reads_them(subtype: str) -> None:
    file = io.BytesIO()
    soundfile.write(file, [0.0, 0.5], 8_000, subtype, format="WAV")
    file.seek(0)
    with pytest.raises(
        AudioFormatError, match=r"^the stream is .*realtime_sdk\.audio\.reading\.read_sound reads other"
    ):
        read_wav(file)
    file.seek(0)
    assert len(read_sound(file, PCM16_8K).pcm) == 2 * 2


def test_eight_bit_sound_is_refused() -> None:
    with pytest.raises(AudioFormatError, match="8-bit"):
        wav_bytes(Sound(b"", PcmFormat(8_000, 1, 1)))
