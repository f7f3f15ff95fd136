"""How the simulator knows what was said: by recognising a sound it knows. Pure but for reading the shipped clips once.

A clip is found by its content, whatever stands before and behind it, in whatever pieces it came and after G.711 too:
the loudness over time of what was heard is laid over the clip's, and the best overlay decides.
"""

import tomllib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import sqrt
from operator import mul
from pathlib import Path
from typing import TypeAlias

from realtime_sdk.audio.pcm import PCM16_24K, chunks, pcm16
from realtime_sdk.audio.wav import read_wav
from realtime_sdk.errors import AudioFormatError
from realtime_sdk.simulator.brain.happenings import Unheard, Utterance, Words

__all__ = ["Clip", "Ear", "known_clips", "shipped_clips", "neutral_words", "recognise"]

Ear: TypeAlias = Callable[[Utterance], "str | Words | Unheard | Awaitable[str | Words | Unheard | None] | None"]
"""Writes an utterance down.

Gives its words (`Words` to tell them late), why there are none (`Unheard`), or None to let the next ear try.
"""

_FRAME_MS = 20
_FRAME_SIZE = PCM16_24K.bytes_in_ms(_FRAME_MS)
_STRIDE = 3
_LIKENESS = 0.9
_LONGEST_CLIP_FRAMES = 1_500  # half a minute: longer speech is no clip


@dataclass(frozen=True, slots=True)
class Clip:
    """A sound that is known: its loudness over time, and what is said in it."""

    transcript: str
    shape: tuple[float, ...]


def known_clips(sounds: Mapping[str | Path, str]) -> tuple[Clip, ...]:
    """A table of clips: WAV files (mono PCM16 at 24 kHz) and what is said in them. AudioFormatError for other files."""
    return tuple(Clip(words, _shape(_read(path))) for path, words in sounds.items())


@cache
def shipped_clips() -> tuple[Clip, ...]:
    """The clips that come with this package."""
    folder = files("realtime_sdk.simulator") / "clips"
    table = tomllib.loads((folder / "clips.toml").read_text(encoding="utf-8"))
    found: list[Clip] = []
    for entry in table.values():
        with (folder / entry["file"]).open("rb") as stream:
            found.append(Clip(entry["transcript"], _shape(read_wav(stream).pcm)))
    return tuple(found)


def recognise(pcm: bytes, clips: Iterable[Clip]) -> str | None:
    """What is said in a sound, if it is one of the clips: mono PCM16 at 24 kHz. None if it is none of them."""
    heard = _shape(pcm)
    if not heard or len(heard) > _LONGEST_CLIP_FRAMES:
        return None
    alike = [(_likeness(heard, clip.shape), clip.transcript) for clip in clips]
    best, transcript = max(alike, default=(0.0, ""))
    return transcript if best >= _LIKENESS else None


def neutral_words(utterance: Utterance) -> str:
    """What stands for speech that nobody could write down."""
    return f"(speech of {utterance.duration_ms / 1_000:.1f} seconds)"


def _read(path: str | Path) -> bytes:
    sound = read_wav(path)
    if sound.pcm_format != PCM16_24K:
        raise AudioFormatError(f"{path} must be mono PCM16 at 24 kHz to be recognised")
    return sound.pcm


def _shape(pcm: bytes) -> tuple[float, ...]:
    """The loudness of each 20 ms, silence cut off at both ends."""
    loud = [_rms(frame) for frame in chunks(pcm, _FRAME_SIZE)]
    floor = max(loud, default=0.0) / 50
    spoken = [place for place, value in enumerate(loud) if value > floor]
    return tuple(loud[spoken[0] : spoken[-1] + 1]) if spoken else ()


def _rms(frame: bytes) -> float:
    samples = pcm16(frame)[::_STRIDE]
    return sqrt(_product(samples, samples) / len(samples)) if samples else 0.0


def _likeness(heard: tuple[float, ...], known: tuple[float, ...]) -> float:
    """How well two shapes lie over one another at their best place: 1 if one is a multiple of the other."""
    size = sqrt(_product(heard, heard) * _product(known, known))
    if not size:
        return 0.0
    shifts = range(-len(known) // 2, max(len(heard) - len(known) // 2, 1))
    return max(_product(heard[max(shift, 0) :], known[max(-shift, 0) :]) for shift in shifts) / size


def _product(one: Iterable[float], other: Iterable[float]) -> float:
    """The sum of the products, as far as both go; without Python's own loop, for every turn comes through here."""
    total: float = sum(map(mul, one, other))
    return total
