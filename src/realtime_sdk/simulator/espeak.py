"""Speech by espeak-ng, for those who want to understand what the simulator says. A program of the system, run apart."""

import io
import shutil
from array import array

import anyio

from realtime_sdk.audio.pcm import PCM16_24K, pcm16
from realtime_sdk.audio.wav import read_wav
from realtime_sdk.errors import ScenarioError

__all__ = ["espeak", "has_espeak"]

_PROGRAM = "espeak-ng"


def has_espeak() -> bool:
    """Whether espeak-ng is installed."""
    return shutil.which(_PROGRAM) is not None


async def espeak(text: str, *, language: str = "en") -> bytes:
    """A text as speech: mono PCM16 at 24 kHz. ScenarioError if espeak-ng is not installed or fails."""
    program = shutil.which(_PROGRAM)
    if program is None:
        raise ScenarioError("voice='espeak' needs espeak-ng: install it, or leave the voice to the simulator")
    run = await anyio.run_process([program, "-v", language, "--stdout", "--stdin"], input=text.encode(), check=False)
    if run.returncode:
        raise ScenarioError(f"espeak-ng failed with status {run.returncode}")
    sound = read_wav(io.BytesIO(run.stdout))
    return _at_24_khz(sound.pcm, sound.pcm_format.rate_hz)


def _at_24_khz(pcm: bytes, rate_hz: int) -> bytes:
    """The same sound at 24 kHz, on straight lines between its samples: good enough for a test voice, without numpy."""
    samples = pcm16(pcm)
    wanted = len(samples) * PCM16_24K.rate_hz // rate_hz
    step = rate_hz / PCM16_24K.rate_hz
    made = array("h", bytes(2 * wanted))
    last = len(samples) - 1
    for place in range(wanted):
        left = int(place * step)
        share = place * step - left
        made[place] = round(samples[left] * (1 - share) + samples[min(left + 1, last)] * share)
    return pcm16(made.tobytes()).tobytes()
