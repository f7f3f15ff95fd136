import io
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from realtime_sdk.audio import sink
from realtime_sdk.audio.extras import Extra, MissingExtraError
from realtime_sdk.audio.pcm import PCM16_8K, PCM16_24K, PcmFormat
from realtime_sdk.audio.reading import read_sound
from realtime_sdk.audio.sink import AudioSink, write_sound
from realtime_sdk.audio.wav import Sound, read_wav, wav_bytes
from realtime_sdk.errors import AudioFormatError
from tests.audio.sounds import tone

STEREO = PcmFormat(48_000, 2)

KILLED = """
import os, signal, sys
from realtime_sdk.audio.sink import AudioSink
from realtime_sdk.audio.wav import read_wav
sinks = [AudioSink(path) for path in sys.argv[2:]]
pcm = read_wav(sys.argv[1]).pcm
for start in range(0, len(pcm), 961):
    for sink in sinks:
        sink.write(pcm[start : start + 961])
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".WAV"])
@pytest.mark.parametrize("pcm_format", [PCM16_24K, STEREO, PCM16_8K])
def test_lossless_sound_goes_out_and_in_bit_for_bit(tmp_path: Path, suffix: str, pcm_format: PcmFormat) -> None:
    sound = Sound(tone(730, pcm_format), pcm_format)
    path = tmp_path / f"out{suffix}"
    with AudioSink(path, pcm_format) as growing:
        for start in range(0, len(sound.pcm), 997):
            growing.write(sound.pcm[start : start + 997])
        assert growing.written_ms == 730
    assert read_sound(path, pcm_format) == sound


def test_a_wav_file_is_the_one_that_the_standard_library_writes(tmp_path: Path) -> None:
    sound = Sound(tone(40, STEREO), STEREO)
    write_sound(tmp_path / "out.wav", sound.pcm, STEREO)
    assert (tmp_path / "out.wav").read_bytes() == wav_bytes(sound)


@pytest.mark.parametrize("suffix", [".opus", ".ogg"])
def test_opus_goes_out_and_in(tmp_path: Path, suffix: str) -> None:
    write_sound(tmp_path / f"out{suffix}", tone(1_000))
    assert read_sound(tmp_path / f"out{suffix}").duration_ms == 1_000
    assert (tmp_path / f"out{suffix}").read_bytes()[28:36] == b"OpusHead"


def test_after_a_kill_every_file_is_readable(tmp_path: Path) -> None:
    original = tone(4_000)
    (tmp_path / "original.wav").write_bytes(wav_bytes(Sound(original)))
    lost_ms = {tmp_path / "killed.wav": 100, tmp_path / "killed.flac": 450, tmp_path / "killed.opus": 1_600}
    ended = subprocess.run([sys.executable, "-c", KILLED, tmp_path / "original.wav", *lost_ms], timeout=30)
    assert ended.returncode == -signal.SIGKILL
    for path, most_ms in lost_ms.items():
        saved = read_sound(path)
        assert 4_000 - most_ms <= saved.duration_ms <= 4_000
        assert path.suffix == ".opus" or original.startswith(saved.pcm)


FULL = """
import resource, sys
from realtime_sdk.audio.sink import AudioSink
sink = AudioSink(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    for _ in range(int(sys.argv[3])):
        sink.write(bytes(range(256)) * int(sys.argv[2]))
except OSError as error:
    print(error)
sink.close()
"""


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".opus"])
@pytest.mark.parametrize(("size", "times"), [(4_000, 1), (4, 20_000)])
def test_a_full_disk_is_said_and_what_was_written_stays(tmp_path: Path, suffix: str, size: int, times: int) -> None:
    path = tmp_path / f"out{suffix}"
    ended = subprocess.run([sys.executable, "-c", FULL, path, str(size), str(times)], capture_output=True, timeout=30)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"File too large" in ended.stdout if suffix == ".wav" else b"cannot be written" in ended.stdout
    if times > 1 or suffix == ".wav":
        saved = read_sound(path).pcm
        assert len(saved) > 10_000
        assert suffix == ".opus" or (bytes(range(256)) * 100_000).startswith(saved)


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_after_a_flush_everyone_can_read_what_is_there(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"growing{suffix}"
    with AudioSink(path, flush_ms=10_000_000) as growing:
        for _ in range(3):
            growing.write(tone(500))
            growing.flush()
            so_far = read_wav(path) if suffix == ".wav" else read_sound(path)
            assert growing.written_ms - 350 <= so_far.duration_ms <= growing.written_ms
    assert read_sound(path).duration_ms == 1_500


def test_a_file_that_exists_is_left_alone_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    path.write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        AudioSink(path)
    assert path.read_bytes() == b"precious"
    write_sound(path, b"", overwrite=True)
    assert read_wav(io.BytesIO(path.read_bytes())) == Sound(b"")


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    write_sound(tmp_path / "out.flac", tone(20))
    assert (tmp_path / "out.flac").stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_written_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(AudioFormatError, match="9 channels"):
        AudioSink(tmp_path / "out.flac", PcmFormat(24_000, 9))
    with pytest.raises(AudioFormatError, match=r"\.flac"):
        AudioSink(tmp_path / "out.mp3")
    with pytest.raises(AudioFormatError, match="PCM16"):
        AudioSink(tmp_path / "out.wav", PcmFormat(24_000, 1, 3))
    with pytest.raises(AudioFormatError, match="48 kHz"):
        AudioSink(tmp_path / "out.opus", PcmFormat(44_100))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".flac", ".opus"])
def test_without_the_extra_no_file_is_made_nor_emptied(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"old{suffix}").write_bytes(b"precious")
    monkeypatch.setattr(sink, "soundfile", Extra("no_such_package", extra="audio", package="soundfile"))
    for name in ("old", "new"):
        with pytest.raises(MissingExtraError, match=r"soundfile cannot.*realtime-sdk\[audio\]"):
            AudioSink(tmp_path / f"{name}{suffix}", overwrite=True)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(f"old{suffix}", b"precious")]


def test_a_closed_sink_takes_no_more(tmp_path: Path) -> None:
    closed = AudioSink(tmp_path / "out.wav")
    closed.close()
    closed.close()
    closed.flush()
    with pytest.raises(ValueError, match="closed"):
        closed.write(b"")
