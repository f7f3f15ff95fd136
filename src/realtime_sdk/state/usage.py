"""What a session used: tokens by direction and modality, and input transcription, which is billed apart."""

from operator import add
from typing import NamedTuple

__all__ = ["Tokens", "TranscriptionUsage", "Usage"]


class Tokens(NamedTuple):
    """Tokens of one direction, by modality. `cached_*` are contained in the others, `reasoning` in `text`."""

    total: int = 0
    text: int = 0
    audio: int = 0
    image: int = 0
    cached: int = 0
    cached_text: int = 0
    cached_audio: int = 0
    cached_image: int = 0
    reasoning: int = 0

    def plus(self, other: "Tokens") -> "Tokens":
        """The sum of both."""
        return Tokens(*map(add, self, other))


class Usage(NamedTuple):
    """Tokens of responses, as `response.done` states them."""

    input: Tokens = Tokens()
    output: Tokens = Tokens()

    @property
    def total_tokens(self) -> int:
        """All tokens of both directions."""
        return self.input.total + self.output.total

    def plus(self, other: "Usage") -> "Usage":
        """The sum of both."""
        return Usage(self.input.plus(other.input), self.output.plus(other.output))


class TranscriptionUsage(NamedTuple):
    """What input transcription took, which is billed apart: tokens or seconds, as the model counts."""

    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0

    def plus(self, other: "TranscriptionUsage") -> "TranscriptionUsage":
        """The sum of both."""
        return TranscriptionUsage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.seconds + other.seconds,
        )
