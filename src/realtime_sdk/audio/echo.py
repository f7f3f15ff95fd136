"""A microphone that does not hear the assistant: it is mute while the assistant is heard, and a little longer. Pure."""

from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from realtime_sdk.audio.formats import PCM, WireFormat
from realtime_sdk.audio.pcm import Joiner

__all__ = ["EchoGate", "Sounding"]


class Sounding(Protocol):
    """What says whether it is heard now; every player does."""

    @property
    def playing(self) -> bool:
        """Whether something is still to be heard."""
        ...


class EchoGate:
    """Silence in place of the microphone's sound while the speaker sounds: the assistant must not answer itself.

        async for sound in EchoGate().through(microphone, speaker):
            await session.append_audio(sound)

    What is let through lasts as long as what came in. With `headphones` there is no echo: all is let through, and the
    user can speak over the assistant. `tail_ms` is how long a room still sounds after the speaker.
    """

    def __init__(self, wire: WireFormat = PCM, *, headphones: bool = False, tail_ms: int = 250) -> None:
        self._wire = wire
        self._headphones = headphones
        self._tail = wire.bytes_in_ms(tail_ms)
        self._mute = 0
        self._joiner = Joiner(wire.sample_size)
        self._is_closed = False

    @property
    def closed(self) -> bool:
        """Whether the last piece became silence."""
        return self._is_closed

    def feed(self, sound: bytes, *, heard: bool) -> bytes:
        """A piece of the microphone's sound, cut anywhere, or as much silence: whole samples, may be empty.

        `heard` says whether the assistant sounds now.
        """
        whole = self._joiner.feed(sound)
        self._is_closed = not self._headphones and (heard or self._mute > 0)
        if not self._is_closed:
            return whole
        self._mute = self._tail if heard else self._mute - len(whole)
        return bytes([self._wire.silent_byte]) * len(whole)

    def through(self, microphone: AsyncIterable[bytes], speaker: Sounding) -> AsyncIterator[bytes]:
        """The microphone's sound, piece by piece, with silence while `speaker` plays. May be left at any time."""
        return _Gated(self, aiter(microphone), speaker)


@dataclass(frozen=True)
class _Gated(AsyncIterator[bytes]):
    """No generator: trio complains of one that is left before its end."""

    gate: EchoGate
    microphone: AsyncIterator[bytes]
    speaker: Sounding

    async def __anext__(self) -> bytes:
        sound = await anext(self.microphone)
        return self.gate.feed(sound, heard=self.speaker.playing)
