"""Sound: how many times faster than real time each conversion is, and what kept audio costs in memory.

`rows()` gives (what, value, unit, goal) rows; goal None means that the figure is stated and nothing is promised.
"""

import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import pybase64
from pydantic_core import to_json

from realtime_sdk.audio.floats import from_floats, gain, mix, to_floats
from realtime_sdk.audio.formats import PCM, PCMA, PCMU, WireFormat
from realtime_sdk.audio.meters import level
from realtime_sdk.audio.packed import pack, unpack
from realtime_sdk.audio.pcm import PCM16_8K, PCM16_24K, PCM16_48K, Chunker, Joiner, PcmFormat
from realtime_sdk.audio.playback import PlaybackBuffer
from realtime_sdk.audio.reading import read_sound
from realtime_sdk.audio.resample import Recoder, Resampler
from realtime_sdk.audio.silero import SileroVad
from realtime_sdk.audio.sink import AudioSink
from realtime_sdk.audio.tracks import export_tracks
from realtime_sdk.audio.vad import EnergyVad
from realtime_sdk.log import EventLog, FileSink, LogHeader

SECONDS = 20
PIECE_MS = 20
ROUNDS = 3
KEPT_AUDIO_GOAL = 1.02
"""PERFORMANCE: kept audio costs at most 1.02 times its PCM."""


@dataclass(frozen=True)
class Row:
    """One figure. `goal` is the least (×) or the most (ratio) that it should be."""

    name: str
    value: float
    unit: str
    goal: float | None = None


def rows() -> list[Row]:
    """All figures of this room, measured one after the other, medians of three."""
    return [*conversions(), *detectors(), *files(), kept_audio()]


def speech(seconds: int = SECONDS, pcm_format: PcmFormat = PCM16_24K) -> bytes:
    """A deterministic sound with the spectrum of a voice: falling noise that swells four times a second."""
    random = np.random.default_rng(0)
    count = seconds * pcm_format.rate_hz
    noise = np.cumsum(random.standard_normal(count) * 0.02) * 0.05
    noise -= np.convolve(noise, np.ones(64) / 64, "same")
    swell = np.sin(np.linspace(0, 4 * np.pi * seconds, count)) ** 2
    mono = (np.clip(noise * swell * 20, -0.9, 0.9)).astype(np.float32).reshape(-1, 1)
    return from_floats(np.repeat(mono, pcm_format.channels, axis=1))


def pieces(sound: bytes, pcm_format: PcmFormat) -> list[bytes]:
    """The sound as a session has it: 20 ms at a time."""
    return Chunker(pcm_format.bytes_in_ms(PIECE_MS)).feed(sound)


def times_real_time(name: str, work: Callable[[], object], *, seconds: float = SECONDS) -> Row:
    """How many seconds of sound a second of one core gets through."""
    taken: list[float] = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return Row(name, seconds / median(taken), "× real time")


def conversions() -> Iterator[Row]:
    wide, narrow, stereo = speech(), speech(pcm_format=PCM16_8K), speech(pcm_format=PcmFormat(48_000, 2))
    ulaw, alaw = PCMU.from_pcm16(narrow), PCMA.from_pcm16(narrow)
    floats = to_floats(wide, PCM16_24K)
    yield times_real_time("µ-law → PCM16", lambda: PCMU.to_pcm16(ulaw))
    yield times_real_time("A-law → PCM16", lambda: PCMA.to_pcm16(alaw))
    yield times_real_time("PCM16 → µ-law", lambda: PCMU.from_pcm16(narrow))
    yield times_real_time("PCM16 → A-law", lambda: PCMA.from_pcm16(narrow))
    yield times_real_time("PCM16 → float32", lambda: to_floats(wide, PCM16_24K))
    yield times_real_time("float32 → PCM16", lambda: from_floats(floats))
    yield resampling("48 kHz stereo → 24 kHz, 20 ms pieces", stereo, PcmFormat(48_000, 2), PCM16_24K)
    yield resampling("8 → 24 kHz, 20 ms pieces", narrow, PCM16_8K, PCM16_24K)
    yield resampling("24 → 8 kHz, 20 ms pieces", wide, PCM16_24K, PCM16_8K)
    yield resampling("24 → 48 kHz, 20 ms pieces", wide, PCM16_24K, PCM16_48K)
    yield recoding("µ-law 8 kHz → PCM 24 kHz, 20 ms pieces", ulaw, PCMU, PCM)
    yield recoding("PCM 24 kHz → µ-law 8 kHz, 20 ms pieces", wide, PCM, PCMU)
    yield times_real_time("gain", lambda: gain(wide, -6))
    yield times_real_time("mix of two", lambda: mix((wide, wide)))
    base64 = [*map(pybase64.b64encode, pieces(wide, PCM16_24K))]
    yield times_real_time("base64 of 20 ms pieces", lambda: [*map(pybase64.b64encode, pieces(wide, PCM16_24K))])
    yield times_real_time("20 ms pieces of base64 → PCM", lambda: [*map(pybase64.b64decode, base64)])
    torn = Chunker(1_999).feed(wide)
    yield times_real_time("torn pieces → whole samples", lambda: [*map(Joiner().feed, torn)])
    yield times_real_time("torn pieces → 20 ms pieces", lambda: [*map(Chunker(960).feed, torn)])
    yield times_real_time("peak and RMS, 20 ms pieces", lambda: [*map(level, pieces(wide, PCM16_24K))])
    yield times_real_time("playback: feed, take, tick, report", lambda: play(wide))


def resampling(name: str, sound: bytes, source: PcmFormat, target: PcmFormat) -> Row:
    def work() -> None:
        stream = Resampler(source, target)
        for piece in pieces(sound, source):
            stream.feed(piece)
        stream.finish()

    return times_real_time(name, work)


def recoding(name: str, sound: bytes, source: WireFormat, target: WireFormat) -> Row:
    def work() -> None:
        stream = Recoder(source, target)
        for piece in Chunker(source.bytes_in_ms(PIECE_MS)).feed(sound):
            stream.feed(piece)
        stream.finish()

    return times_real_time(name, work)


def play(sound: bytes) -> None:
    """Deltas of 200 ms in, 20 ms out at a time, the position asked for each time."""
    buffer = PlaybackBuffer(latency_ms=40)
    for delta in Chunker(9_600).feed(sound):
        buffer.feed("item", 0, delta)
    for now_ms in range(0, SECONDS * 1_000, PIECE_MS):
        buffer.take(960, at_ns=now_ms * 1_000_000)
        buffer.reports()


def detectors() -> Iterator[Row]:
    sound = pieces(speech(), PCM16_24K)
    yield times_real_time("energy gate", lambda: [*map(EnergyVad().feed, sound)])
    yield times_real_time("Silero", lambda: [*map(SileroVad().feed, sound)])


def files() -> Iterator[Row]:
    sound = speech()
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("wav", "flac", "opus"):
            path = Path(folder, f"out.{suffix}")
            yield times_real_time(f"write {suffix}, 20 ms pieces", partial(write, path, sound))
            yield times_real_time(f"read {suffix}", partial(read_sound, path))
            yield Row(f"size of {suffix}", path.stat().st_size / len(sound), "of its PCM")
        yield from logs(Path(folder))


def write(path: Path, sound: bytes) -> None:
    with AudioSink(path, overwrite=True) as sink:
        for piece in pieces(sound, PCM16_24K):
            sink.write(piece)


def logs(folder: Path) -> Iterator[Row]:
    """A full-duplex log: both sides speak all the time, so a second of it has two seconds of sound."""
    log = folder / "call.jsonl"
    write_log(log, speech())
    yield times_real_time("tracks of a log, stereo WAV", lambda: export_tracks(log, folder / "t.wav", overwrite=True))
    started = time.perf_counter()
    packing = pack(log)
    yield Row("log pack, with its check", SECONDS / (time.perf_counter() - started), "× real time")
    started = time.perf_counter()
    unpack(packing.path, folder / "again.jsonl")
    yield Row("log unpack", SECONDS / (time.perf_counter() - started), "× real time")
    yield Row("size of a packed log", packing.bytes_after / packing.bytes_before, "of the log")


def write_log(path: Path, sound: bytes) -> None:
    log = EventLog(LogHeader(dialect="openai"), keep="none")
    log.add_sink(FileSink(path, log.header))
    place = {"event_id": "event_1", "response_id": "r", "item_id": "a", "output_index": 0, "content_index": 0}
    for index, piece in enumerate(pieces(sound, PCM16_24K)):
        base64 = pybase64.b64encode(piece).decode()
        up = {"type": "input_audio_buffer.append", "audio": base64}
        down = {"type": "response.output_audio.delta", **place, "delta": base64}
        log.append("client", to_json(up), at_ns=index * PIECE_MS * 1_000_000)
        log.append("server", to_json(down), at_ns=index * PIECE_MS * 1_000_000)
    log.close()


def kept_audio() -> Row:
    """Ten minutes that wait to be played, against their PCM."""
    size = PCM.bytes_in_ms(600_000)
    tracemalloc.start()
    buffer = PlaybackBuffer()
    for _ in range(3_000):
        buffer.feed("item", 0, bytes(size // 3_000))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return Row("memory of audio that waits to be played", kept / size, "of its PCM", KEPT_AUDIO_GOAL)


if __name__ == "__main__":
    for row in rows():
        print(f"{row.name:45} {row.value:10.2f} {row.unit}")
