import io
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from threading import Thread, Timer

import numpy as np
import pytest
import soundfile

from realtime_sdk.audio.pcm import PCM16_8K, PCM16_24K, PCM16_48K, PcmFormat
from realtime_sdk.audio.reading import open_sound, read_sound
from realtime_sdk.audio.wav import Sound, wav_bytes
from realtime_sdk.errors import AudioFormatError
from tests.audio.sounds import tone

STEREO_48K = PcmFormat(48_000, 2)
LOSSLESS = [("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("AIFF", "PCM_16"), ("AU", "PCM_16")]
LOSSY = [("WAV", "ULAW"), ("WAV", "ALAW"), ("OGG", "OPUS"), ("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III")]


def encoded(form: str, subtype: str, sound: Sound) -> bytes:
    target = io.BytesIO()
    samples = np.frombuffer(sound.pcm, "<i2").reshape(-1, sound.pcm_format.channels)
    soundfile.write(target, samples, sound.pcm_format.rate_hz, subtype, format=form)
    return target.getvalue()


def through_a_pipe(content: bytes, read: Callable[[io.BufferedReader], Sound]) -> Sound:
    ours, theirs = os.pipe()

    def pour() -> None:
        with os.fdopen(theirs, "wb") as out:
            for start in range(0, len(content), 1_000):
                out.write(content[start : start + 1_000])

    Thread(target=pour).start()
    with os.fdopen(ours, "rb") as pipe:
        return read(pipe)


def assert_alike(sound: Sound, original: bytes) -> None:
    got, expected = (np.frombuffer(pcm, "<i2").astype(float) for pcm in (sound.pcm, original))
    assert abs(len(got) - len(expected)) <= 0.06 * sound.pcm_format.rate_hz
    level = np.sqrt((got**2).mean())
    assert level == pytest.approx(np.sqrt((expected**2).mean()), rel=0.1)
    spectrum = np.abs(np.fft.rfft(got[: len(expected)]))
    assert np.argmax(spectrum) * sound.pcm_format.rate_hz / len(got[: len(expected)]) == pytest.approx(440, abs=5)


@pytest.mark.parametrize(("form", "subtype"), LOSSLESS)
def test_lossless_files_come_in_bit_for_bit(tmp_path: Path, form: str, subtype: str) -> None:
    original = Sound(tone(300))
    (tmp_path / "sound").write_bytes(encoded(form, subtype, original))
    assert read_sound(tmp_path / "sound") == original
    with (tmp_path / "sound").open("rb") as file:
        assert read_sound(file) == original
        assert not file.closed


@pytest.mark.parametrize(("form", "subtype"), LOSSY)
def test_lossy_files_come_in_as_the_same_tone(tmp_path: Path, form: str, subtype: str) -> None:
    # libsndfile's own MP3 encoder garbles the second channel of joint stereo.
    pcm_format = PCM16_48K if form == "MP3" else STEREO_48K
    (tmp_path / "sound").write_bytes(encoded(form, subtype, Sound(tone(600, pcm_format), pcm_format)))
    assert_alike(read_sound(str(tmp_path / "sound")), tone(600))


@pytest.mark.parametrize(("form", "subtype"), [*LOSSLESS, *LOSSY, ("WAV", "GSM610"), ("AU", "G721_32")])
def test_every_format_comes_out_of_a_pipe_too(form: str, subtype: str) -> None:
    content = encoded(form, subtype, Sound(tone(600)))
    assert_alike(through_a_pipe(content, read_sound), tone(600))
    assert through_a_pipe(content, read_sound) == read_sound(io.BytesIO(content))


def test_a_pipe_whose_sound_has_no_stated_end_is_read_to_its_end() -> None:
    content = wav_bytes(Sound(tone(100)))
    for size in (0xFFFFFFFF, 0x7FFFF000):
        endless = content[:40] + size.to_bytes(4, "little") + content[44:]
        assert through_a_pipe(endless, read_sound).pcm == tone(100)


class ClosedOnTheWay(io.BytesIO):
    """A pipe that its owner closes while the rest of it is awaited."""

    def seekable(self) -> bool:
        return False

    def read1(self, size: int | None = -1) -> bytes:
        if self.tell() > 24:
            self.close()
        return super().read(min(size or 0, 4_820))


def test_what_came_out_of_a_pipe_before_it_was_closed_is_there() -> None:
    original = Sound(tone(100))
    pipe = ClosedOnTheWay(wav_bytes(original))
    assert read_sound(pipe).pcm == original.pcm[:4_800]
    assert pipe.closed


@pytest.mark.parametrize("said", [2, 1_004])
def test_who_waits_for_a_pipe_can_be_interrupted(said: int) -> None:
    ours, theirs = os.pipe()
    with os.fdopen(ours, "rb") as pipe, os.fdopen(theirs, "wb", buffering=0) as out:
        out.write(wav_bytes(Sound(tone(60)))[:said])
        rescue = Timer(5, out.close)
        rescue.start()
        before = signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(KeyboardInterrupt):
            read_sound(pipe)
        assert not out.closed
        signal.signal(signal.SIGALRM, before)
        rescue.cancel()
    for thread in threading.enumerate():
        if thread.name.startswith("sound file"):
            thread.join(5)
            assert not thread.is_alive()


def test_a_named_pipe_is_read_as_a_pipe(tmp_path: Path) -> None:
    fifo = tmp_path / "live.wav"
    os.mkfifo(fifo)
    original = Sound(tone(100))
    writer = Thread(target=fifo.write_bytes, args=(wav_bytes(original),))
    writer.start()
    assert read_sound(fifo) == original
    writer.join()


def test_sound_comes_in_any_rate_and_channel_count() -> None:
    stereo = Sound(tone(200, STEREO_48K), STEREO_48K)
    for target in (PCM16_8K, PCM16_24K, PCM16_48K, PcmFormat(44_100, 2), PcmFormat(16_000, 3, 3)):
        sound = read_sound(io.BytesIO(wav_bytes(stereo)), target)
        assert (sound.pcm_format, sound.duration_ms) == (target, 200)
    assert read_sound(io.BytesIO(wav_bytes(stereo)), STEREO_48K) == stereo


def test_a_reader_tells_what_the_file_is() -> None:
    with open_sound(io.BytesIO(encoded("WAV", "ULAW", Sound(tone(50, PCM16_8K), PCM16_8K)))) as reader:
        assert (reader.form, reader.rate_hz, reader.channels, reader.live) == ("WAV/ULAW", 8_000, 1, False)
        assert [len(reader.read(30)), len(reader.read(30)), len(reader.read(30))] == [240, 160, 0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00", "MP4 or M4A"),
        (b"\x1aE\xdf\xa3 webm and so on", "Matroska or WebM"),
        (b"this is a text, not a sound", "cannot be read"),
        (b"RIFF\x10\x00\x00\x00WAVE", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_named_with_the_reason(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "odd.bin"
    path.write_bytes(content)
    with pytest.raises(AudioFormatError, match=rf"odd\.bin.*{said}"):
        read_sound(path)
    with pytest.raises(AudioFormatError, match=f"^the stream.*{said}"):
        through_a_pipe(content, read_sound)


def test_raw_sound_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "call.RAW").write_bytes(tone(100))
    with pytest.raises(AudioFormatError, match=r"call\.RAW is raw sound.*use realtime_sdk\.audio\.resample"):
        read_sound(tmp_path / "call.RAW")


@pytest.mark.parametrize(("form", "subtype"), [*LOSSLESS, ("OGG", "VORBIS"), ("CAF", "PCM_16")])
def test_an_open_file_is_read_from_where_it_stands(form: str, subtype: str) -> None:
    content = encoded(form, subtype, Sound(tone(300)))
    file = io.BytesIO(b"before" + content)
    file.seek(6)
    assert read_sound(file) == read_sound(io.BytesIO(content))


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_sound(tmp_path / "none.wav")


def test_of_a_torn_file_comes_what_is_there_or_it_is_called_broken() -> None:
    original = Sound(tone(1_000))
    wav = read_sound(io.BytesIO(wav_bytes(original)[:24_044]))
    assert wav.pcm == original.pcm[:24_000]
    flac = encoded("FLAC", "PCM_16", original)
    with pytest.raises(AudioFormatError, match="lost sync"):
        read_sound(io.BytesIO(flac[: len(flac) // 2]))
