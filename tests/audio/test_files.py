import gc
import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import anyio
import pytest

from realtime_sdk.audio.files import stream_file
from realtime_sdk.audio.formats import PCM, PCMU
from realtime_sdk.audio.pacing import pace
from realtime_sdk.audio.pcm import PCM16_24K, PCM16_48K
from realtime_sdk.audio.reading import read_sound
from realtime_sdk.audio.wav import Sound, wav_bytes
from realtime_sdk.errors import AudioFormatError
from tests.audio.sounds import tone
from tests.conftest import LOOPS


class Virtual:
    """A clock that jumps to whatever is waited for."""

    def __init__(self) -> None:
        self.at = 100.0
        self.waits: list[float] = []

    def now(self) -> float:
        return self.at

    async def sleep_until(self, at: float) -> None:
        await anyio.lowlevel.checkpoint()
        self.waits.append(round(at - 100.0, 6))
        self.at = max(self.at, at)


async def test_a_file_comes_in_pieces_at_the_pace_of_speech() -> None:
    original, clock = tone(110), Virtual()
    pieces = [piece async for piece in stream_file(io.BytesIO(wav_bytes(Sound(original))), clock=clock)]
    assert b"".join(pieces) == original
    assert [PCM.ms_in_bytes(len(piece)) for piece in pieces] == [20, 20, 20, 20, 20, 10]
    assert clock.waits == [0.0, 0.02, 0.04, 0.06, 0.08, 0.1]


async def test_speed_divides_the_waits_and_none_waits_for_nothing() -> None:
    sound = wav_bytes(Sound(tone(100)))
    fast, at_once = Virtual(), Virtual()
    async for _ in stream_file(io.BytesIO(sound), piece_ms=50, speed=4, clock=fast):
        pass
    async for _ in stream_file(io.BytesIO(sound), piece_ms=50, speed=None, clock=at_once):
        pass
    assert (fast.waits, at_once.waits) == ([0.0, 0.0125], [0.0, 0.0])


async def test_a_slow_consumer_catches_up() -> None:
    clock = Virtual()
    async for _ in pace([b"a", b"b", b"c"], 20, clock=clock):
        clock.at += 0.05
    assert clock.waits == [0.0, 0.02, 0.04]


async def test_the_loops_own_clock_is_the_default() -> None:
    started = anyio.current_time()
    assert [piece async for piece in pace([b"a", b"b", b"c"], 2)] == [b"a", b"b", b"c"]
    assert anyio.current_time() - started >= 0.004


async def test_silence_follows_without_a_seam() -> None:
    pieces = [
        piece async for piece in stream_file(io.BytesIO(wav_bytes(Sound(tone(30)))), speed=None, then_silence_ms=50)
    ]
    assert b"".join(pieces) == tone(30) + PCM16_24K.silence(50)
    assert {len(piece) for piece in pieces} == {960}


async def test_stereo_at_48_khz_goes_out_as_telephony(tmp_path: Path) -> None:
    (tmp_path / "wide.wav").write_bytes(wav_bytes(Sound(tone(500, PCM16_48K), PCM16_48K)))
    pieces = [piece async for piece in stream_file(tmp_path / "wide.wav", wire=PCMU, speed=None)]
    assert [len(piece) for piece in pieces] == [160] * 25
    assert b"".join(pieces) == PCMU.from_pcm16(read_sound(tmp_path / "wide.wav", PCMU.pcm).pcm)


async def test_sound_from_a_pipe_is_passed_on_as_it_comes() -> None:
    ours, theirs = os.pipe()
    content = wav_bytes(Sound(tone(60)))
    with os.fdopen(ours, "rb") as pipe, os.fdopen(theirs, "wb", buffering=0) as out:
        out.write(content[: 44 + 960 * 2])
        stream = stream_file(pipe, speed=None)
        first = await anext(stream)
        out.write(content[44 + 960 * 2 :])
        out.close()
        assert first + b"".join([piece async for piece in stream]) == content[44:]


async def test_what_a_pipes_buffer_holds_is_not_waited_for() -> None:
    ours, theirs = os.pipe()
    with os.fdopen(ours, "rb") as pipe, os.fdopen(theirs, "wb", buffering=0) as out:
        out.write(b"sound follows\n" + wav_bytes(Sound(tone(60)))[:1_964])
        assert pipe.readline() == b"sound follows\n"
        stream = stream_file(pipe, speed=None)
        with anyio.fail_after(5):
            assert await anext(stream) + await anext(stream) == tone(40)
        await stream.aclose()
        await no_thread_is_left()
        assert os.get_blocking(ours)


async def no_thread_is_left() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("sound file"):
            await anyio.to_thread.run_sync(thread.join, 5)
            assert not thread.is_alive()


async def test_a_file_is_closed_that_was_found_after_nobody_wanted_it_any_more() -> None:
    ours, theirs = os.pipe()
    content = wav_bytes(Sound(tone(60)))
    with os.fdopen(ours, "rb") as pipe, os.fdopen(theirs, "wb", buffering=0) as out:
        out.write(content[:2])
        with anyio.move_on_after(0.05) as scope:
            await anext(stream_file(pipe, speed=None))
        assert scope.cancelled_caught
        out.write(content[2:])
        await no_thread_is_left()
    gc.collect()  # the warning of a socket that nobody closed would come now


async def test_a_stream_from_a_stalled_pipe_can_be_cancelled() -> None:
    ours, theirs = os.pipe()
    pipe, out = os.fdopen(ours, "rb"), os.fdopen(theirs, "wb", buffering=0)
    out.write(wav_bytes(Sound(tone(60)))[:1_004])
    stream = stream_file(pipe, speed=None)
    await anext(stream)
    with anyio.move_on_after(0.05) as scope:
        await anext(stream)
    assert scope.cancelled_caught
    await stream.aclose()
    await no_thread_is_left()
    out.write(b"more")
    assert pipe.read(4) == b"more"
    out.close()
    pipe.close()


ABANDONS = """
import sys, anyio
from realtime_sdk.audio.files import stream_file
source = sys.argv[2] if len(sys.argv) > 2 else sys.stdin.buffer
async def main():
    with anyio.move_on_after(0.05) as scope:
        async for _ in stream_file(source, speed=None):
            pass
    assert scope.cancelled_caught
anyio.run(main, backend=sys.argv[1])
"""


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("said", [b"", b"RI", wav_bytes(Sound(tone(60)))[:1_004], None])
def test_a_program_ends_though_a_pipe_of_its_has_not(tmp_path: Path, loop: str, said: bytes | None) -> None:
    source = []
    if said is None:  # a named pipe that nobody writes to
        os.mkfifo(tmp_path / "live.wav")
        source = [tmp_path / "live.wav"]
    command = [sys.executable, "-c", ABANDONS, loop, *source]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as program:
        assert program.stdin
        assert program.stderr
        program.stdin.write(said or b"")
        try:
            assert program.wait(timeout=10) == 0
        finally:
            program.kill()
        assert program.stderr.read() == b""


@pytest.mark.parametrize("wrong", [{"speed": 0}, {"speed": -1}, {"piece_ms": 0}])
async def test_a_pace_that_goes_nowhere_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        await anext(stream_file(io.BytesIO(wav_bytes(Sound(tone(10)))), **wrong))


async def test_what_cannot_be_read_is_refused_before_the_first_piece(tmp_path: Path) -> None:
    (tmp_path / "odd.mp4").write_bytes(b"\x00\x00\x00\x20ftypisom")
    with pytest.raises(AudioFormatError, match="MP4"):
        await anext(stream_file(tmp_path / "odd.mp4"))
    with pytest.raises(FileNotFoundError):
        await anext(stream_file(tmp_path / "none.wav"))
