"""Microphone and speaker as Kani's users know them: one speaker for the program, a microphone as a stream of bytes.

Nothing is opened by importing this; the `devices` extra is needed when something is.
"""

import atexit
import io
import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Final

import pybase64

from realtime_sdk.audio.devices import DeviceError, Microphone, Speaker, microphones
from realtime_sdk.audio.echo import EchoGate
from realtime_sdk.audio.extras import MissingExtraError
from realtime_sdk.audio.floats import from_floats, to_channels
from realtime_sdk.audio.pacing import pace
from realtime_sdk.audio.pcm import PCM16_24K
from realtime_sdk.audio.player import Player
from realtime_sdk.audio.reading import start_reading
from realtime_sdk.audio.resample import FloatResampler
from realtime_sdk.audio.spoken import Sound24k

__all__ = ["audio_to_b64", "get_audio_stream", "list_mics", "play_audio"]

_AT_EXIT_S: Final = 60
_BLOCK_MS: Final = 1_000


class OneSpeaker:
    """The program's speaker: opened by the first sound, closed when the program ends and all was heard."""

    def __init__(self) -> None:
        self._speaker: Any = None
        self._interruptions = 0
        self._is_open = False

    def feed(self, sound: Sound24k) -> bool:
        """Play this after all that came before it."""
        if self._speaker is None:
            self._speaker = Speaker()
        return bool(self._speaker.feed(sound))

    def play(self, pcm: bytes) -> None:
        """Play sound that belongs to no item."""
        self.feed(Sound24k(f"sound {self._interruptions}", 0, pcm))

    def interrupt(self) -> Any:
        """Forget what was not heard yet; tells how far each item was."""
        self._interruptions += 1
        return () if self._speaker is None else self._speaker.interrupt()

    @property
    def playing(self) -> bool:
        """Whether something is still to be heard."""
        return self._speaker is not None and bool(self._speaker.playing)

    async def open(self) -> None:
        """Open the device, if it is not open. Raises DeviceError."""
        if self._speaker is None:
            self._speaker = Speaker()
        if not self._is_open:
            self._is_open = True
            try:
                await self._speaker.__aenter__()
            except BaseException:
                self._is_open = False
                raise
            atexit.register(self._finish)

    def _finish(self) -> None:
        until = time.monotonic() + _AT_EXIT_S
        while self.playing and time.monotonic() < until:
            time.sleep(0.02)
        if self._speaker is not None:
            self._speaker.close()


SPEAKER: Final = OneSpeaker()


async def play_audio(audio_bytes: bytes) -> None:
    """Play sound (mono PCM16 at 24 kHz) after all that came before it; returns at once.

    To be given as `audio_callback`: in `full_duplex` what was not heard is dropped when the user speaks. When the
    program ends what is left is played. Raises DeviceError if there is no speaker, MissingExtraError without the extra
    `devices`.
    """
    SPEAKER.play(audio_bytes)
    await SPEAKER.open()


play_audio.player = SPEAKER  # type: ignore[attr-defined]


async def get_audio_stream(mic_id: int | str | None = None) -> AsyncGenerator[bytes, None]:
    """The sound of a microphone, mono PCM16 at 24 kHz, in pieces of 20 ms; it does not end by itself.

    `mic_id` is the index or the name that `list_mics` shows. None is the system's default microphone, and so is 0 where
    no microphone is listed. Raises DeviceError, MissingExtraError.
    """
    choice = None if mic_id == 0 and not microphones() else mic_id
    async with Microphone(choice) as microphone:
        async for pcm in microphone:
            yield pcm


@dataclass(frozen=True)
class SoundHere:
    """What a conversation is held through. `gate` is in the microphone; `missing` says what cannot be opened."""

    microphone: AsyncIterator[bytes]
    speaker: Any
    gate: EchoGate
    missing: tuple[str, ...] = ()


async def sound_here(mic_id: int | str | None, *, headphones: bool = False) -> SoundHere:
    """Microphone and speaker; in place of a device that cannot be opened, one that is silent.

    Unless there are `headphones`, the microphone is mute while the speaker is heard.
    """
    missing: list[str] = []
    gate = EchoGate(headphones=headphones)
    microphone: AsyncIterator[bytes] = get_audio_stream(mic_id)
    speaker: Any = play_audio
    try:
        microphone = _beginning_with(await anext(microphone), microphone)
    except (DeviceError, MissingExtraError) as error:
        missing.append(str(error))
        microphone = pace(repeat(PCM16_24K.silence(20)), 20)
    try:
        await SPEAKER.open()
        microphone = gate.through(microphone, SPEAKER)
    except (DeviceError, MissingExtraError) as error:
        missing.append(str(error))
        speaker = Player()
    return SoundHere(microphone, speaker, gate, tuple(missing))


async def _beginning_with(first: bytes, rest: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    yield first
    async for pcm in rest:
        yield pcm


def list_mics() -> None:
    """Print the microphones of this machine, each with its id."""
    for device in microphones():
        print(f"{device.index}: {device.name}")


def audio_to_b64(audio_bytes: bytes) -> str:
    """The sound of an audio file of any known format, as base64 of mono PCM16 at 24 kHz. Needs the `audio` extra."""
    reader = start_reading(io.BytesIO(audio_bytes))
    rates = FloatResampler(reader.rate_hz, PCM16_24K.rate_hz)
    blocks: list[bytes] = []
    while len(block := reader.read(_BLOCK_MS)):
        blocks.append(from_floats(rates.feed(to_channels(block, 1))))
    reader.close()
    return pybase64.b64encode(b"".join([*blocks, from_floats(rates.finish())])).decode()
