"""Who speaks when: scores of 32 ms windows become speech started and stopped. No clock, no numpy.

`TurnGate` holds the rules and knows no sound, `EnergyVad` scores windows by their loudness. What a detector decides
depends on the sound alone, never on how it was cut into pieces. The times are those of the wire: `audio_start_ms` lies
`prefix_padding_ms` before the first spoken window, `audio_end_ms` at the end of the silence that ended the turn.
"""

from dataclasses import dataclass
from math import log10
from operator import mul
from typing import Protocol

from realtime_sdk.audio.pcm import PCM16_24K, Chunker, Joiner, PcmFormat, pcm16
from realtime_sdk.errors import AudioFormatError

__all__ = ["EnergyVad", "SpeechStarted", "SpeechStopped", "TurnGate", "TurnRules", "Vad", "VadEvent", "loudness"]

WINDOW_MS = 32
_QUIET_DBFS = -60.0
_LOUD_DBFS = -20.0
_FULL_SCALE = 32_768.0


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Speech was detected: it is taken from `audio_start_ms` on; `at_ms` is how much sound had been fed by then."""

    audio_start_ms: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """Speech has ended at `audio_end_ms`, the silence that proves it included."""

    audio_end_ms: int


VadEvent = SpeechStarted | SpeechStopped


class Vad(Protocol):
    """A detector of speech in a stream of mono PCM16."""

    def feed(self, pcm: bytes) -> list[VadEvent]:
        """What became certain with these bytes (cut anywhere), oldest first."""
        ...

    def reset(self) -> None:
        """Forget the speech in progress and what waits for a full window; positions go on counting."""
        ...


@dataclass(frozen=True, slots=True)
class TurnRules:
    """When a turn begins and ends: the fields of the wire's `server_vad`, and how long a sound must last to be speech.

    `threshold` is 0 to 1; a window scoring at least that much is speech.
    """

    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500
    min_speech_ms: int = 2 * WINDOW_MS

    def __post_init__(self) -> None:
        if (
            not 0 <= self.threshold <= 1
            or min(self.prefix_padding_ms, self.silence_duration_ms, self.min_speech_ms) < 0
        ):
            raise AudioFormatError(f"no rules for turns: {self}")


class TurnGate:
    """Turns out of one score (0 to 1) a window. Starts `start_ms` into the stream."""

    def __init__(self, rules: TurnRules, *, window_ms: int = WINDOW_MS, start_ms: int = 0) -> None:
        self._rules = rules
        self._window_ms = window_ms
        self._now_ms = start_ms
        self._free_from_ms = start_ms
        self._run_ms = 0
        self._speaking = False

    @property
    def speaking(self) -> bool:
        """Whether a turn has started and not stopped."""
        return self._speaking

    @property
    def now_ms(self) -> int:
        """How much of the stream was judged."""
        return self._now_ms

    def step(self, score: float) -> VadEvent | None:
        """Take the score of the next window; what it proves, or None."""
        self._now_ms += self._window_ms
        spoken = score >= self._rules.threshold
        # A run is what contradicts the present belief: speech while silent, silence while speaking.
        self._run_ms = self._run_ms + self._window_ms if spoken != self._speaking else 0
        if self._run_ms == 0 or self._run_ms < self._needed_ms():
            return None
        return self._stopped() if self._speaking else self._started()

    def reset(self, *, now_ms: int | None = None) -> None:
        """Believe in silence again; the next turn starts at `now_ms` at the earliest (None: where the stream is)."""
        self._now_ms = self._now_ms if now_ms is None else now_ms
        self._free_from_ms = self._now_ms
        self._speaking, self._run_ms = False, 0

    def _needed_ms(self) -> int:
        return self._rules.silence_duration_ms if self._speaking else self._rules.min_speech_ms

    def _started(self) -> SpeechStarted:
        padded_ms = self._now_ms - self._run_ms - self._rules.prefix_padding_ms
        self._speaking, self._run_ms = True, 0
        return SpeechStarted(max(padded_ms, self._free_from_ms), self._now_ms)

    def _stopped(self) -> SpeechStopped:
        self.reset()
        return SpeechStopped(self._now_ms)


class EnergyVad:
    """A Vad that listens to loudness: enough for clean microphones, test signals and simulators.

    Takes mono PCM16 in `pcm_format`. The score of a window is its RMS in dBFS, -60 as 0 and -20 as 1, so that the
    default threshold of 0.5 is -40 dBFS. Same sound, same decisions, on every machine.
    """

    def __init__(self, rules: TurnRules | None = None, *, pcm_format: PcmFormat = PCM16_24K, start_ms: int = 0) -> None:
        if pcm_format.sample_size != 2:
            raise AudioFormatError("the energy gate takes mono PCM16")
        self._format = pcm_format
        self._start_ms = start_ms
        self._samples = 0
        self._joiner = Joiner(pcm_format.sample_size)
        self._windows = Chunker(pcm_format.bytes_in_ms(WINDOW_MS))
        self._gate = TurnGate(rules or TurnRules(), start_ms=start_ms)
        # Loudness needs no more than 8,000 samples a second.
        self._stride = max(1, pcm_format.rate_hz // 8_000)

    @property
    def speaking(self) -> bool:
        """Whether a turn has started and not stopped."""
        return self._gate.speaking

    def feed(self, pcm: bytes) -> list[VadEvent]:
        """What became certain with these bytes (cut anywhere), oldest first."""
        whole = self._joiner.feed(pcm)
        self._samples += self._format.samples_in_bytes(len(whole))
        found = (self._gate.step(loudness(window, stride=self._stride)) for window in self._windows.feed(whole))
        return [event for event in found if event is not None]

    def reset(self) -> None:
        """Forget the speech in progress and what waits for a full window; positions go on counting."""
        self._windows.finish()
        self._gate.reset(now_ms=self._start_ms + self._format.ms_in_samples(self._samples))


def loudness(window: bytes, *, stride: int = 1) -> float:
    """The RMS of one in `stride` samples of PCM16, 0 at -60 dBFS or less, 1 at -20 dBFS or more, linear in dB."""
    samples = pcm16(window)
    if stride > 1:
        # Two runs, one sample apart: where one meets every zero of a high tone, the other does not.
        half = len(samples) // 2 // stride * stride
        samples = samples[:half:stride] + samples[half + 1 :: stride]
    power = sum(map(mul, samples, samples)) / len(samples) if samples else 0.0
    if power == 0:
        return 0.0
    dbfs = 10 * log10(power / _FULL_SCALE**2)
    return min(max((dbfs - _QUIET_DBFS) / (_LOUD_DBFS - _QUIET_DBFS), 0.0), 1.0)
