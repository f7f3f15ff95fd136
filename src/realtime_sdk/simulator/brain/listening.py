"""When the user speaks: a detector as a value. What it decides depends on the sound alone, not on how it was cut.

The rules are audio's (`TurnGate`); here they are copied before each step, so that two futures of one server do not
disturb each other. A detector that is given from outside is an object of its own and heard by one server only.
"""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from realtime_sdk.audio.pcm import PCM16_24K
from realtime_sdk.audio.vad import TurnGate, TurnRules, Vad, VadEvent, loudness
from realtime_sdk.simulator.brain.sounds import ms_of

__all__ = ["EnergyListening", "GivenListening", "Listening", "MakeVad", "listen"]

WINDOW_MS = 32
_WINDOW_SIZE = PCM16_24K.bytes_in_ms(WINDOW_MS)
_STRIDE = 3  # loudness needs no more than 8,000 samples a second

MakeVad: TypeAlias = Callable[[TurnRules, int], Vad]
"""Makes a detector for mono PCM16 at 24 kHz, out of the rules and the position in ms where it begins."""


class Listening(Protocol):
    """A detector in the middle of a stream."""

    def feed(self, pcm: bytes) -> "tuple[Listening, tuple[VadEvent, ...]]":
        """The detector after these bytes, and what became certain with them."""
        ...

    def forget(self) -> "Listening":
        """The detector without the speech in progress; positions go on counting."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class EnergyListening:
    """Loudness in windows of 32 ms, and the rules of turns."""

    gate: TurnGate
    position: int
    """How much was fed, in bytes since the session began."""
    rest: bytes = b""

    def feed(self, pcm: bytes) -> tuple[Listening, tuple[VadEvent, ...]]:
        """The detector after these bytes, and what became certain with them."""
        gate, sound = copy(self.gate), self.rest + pcm
        full = len(sound) - len(sound) % _WINDOW_SIZE
        found = [
            gate.step(loudness(sound[start : start + _WINDOW_SIZE], stride=_STRIDE))
            for start in range(0, full, _WINDOW_SIZE)
        ]
        listening = EnergyListening(gate, self.position + len(pcm), sound[full:])
        return listening, tuple(event for event in found if event is not None)

    def forget(self) -> Listening:
        """The detector without the speech in progress; positions go on counting."""
        gate = copy(self.gate)
        gate.reset(now_ms=ms_of(self.position))
        return EnergyListening(gate, self.position)


@dataclass(frozen=True, slots=True, eq=False)
class GivenListening:
    """A detector of the user's."""

    vad: Vad

    def feed(self, pcm: bytes) -> tuple[Listening, tuple[VadEvent, ...]]:
        """The same detector, and what became certain with these bytes."""
        return self, tuple(self.vad.feed(pcm))

    def forget(self) -> Listening:
        """The same detector, which has forgotten the speech in progress."""
        self.vad.reset()
        return self


def listen(rules: TurnRules, *, position: int, make_vad: MakeVad | None = None) -> Listening:
    """A detector that begins `position` bytes into the session's sound."""
    start_ms = ms_of(position)
    if make_vad is not None:
        return GivenListening(make_vad(rules, start_ms))
    return EnergyListening(TurnGate(rules, window_ms=WINDOW_MS, start_ms=start_ms), position)
