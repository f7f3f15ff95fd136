"""A microphone that does not hear the assistant: it is mute while the assistant is heard, and a little longer. Pure."""

from realtime_sdk.audio.formats import PCM, WireFormat

__all__ = ["EchoGate"]


class EchoGate:
    """Silence in place of the microphone's sound while the speaker sounds: the assistant must not answer itself.

    What is let through lasts as long as what came in. With `headphones` there is no echo: all is let through, and the
    user can speak over the assistant. `tail_ms` is how long a room still sounds after the speaker.
    """

    def __init__(self, wire: WireFormat = PCM, *, headphones: bool = False, tail_ms: int = 250) -> None:
        self._wire = wire
        self._headphones = headphones
        self._tail_ms = tail_ms
        self._mute_ms = 0

    def feed(self, sound: bytes, *, heard: bool) -> bytes:
        """A piece of the microphone's sound, or as much silence. `heard` says whether the assistant sounds now."""
        if self._headphones:
            return sound
        if heard:
            self._mute_ms = self._tail_ms
        elif self._mute_ms <= 0:
            return sound
        else:
            self._mute_ms -= self._wire.ms_in_bytes(len(sound))
        samples = len(sound) // self._wire.sample_size
        return bytes([self._wire.silent_byte]) * (samples * self._wire.sample_size)
