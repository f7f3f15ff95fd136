"""Sound files into a session: any format libsndfile reads, as wire-ready pieces in the time of real speech.

Reading happens in a thread of its own. Needs the `audio` extra. Out of a session into files: `sink`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from realtime_sdk.audio.bell import Aside
from realtime_sdk.audio.formats import PCM, WireFormat
from realtime_sdk.audio.pacing import Clock, Pacer
from realtime_sdk.audio.pcm import Chunker
from realtime_sdk.audio.reading import SoundReader, SoundSource, start_reading
from realtime_sdk.audio.resample import FloatsToPcm, Quality

__all__ = ["stream_file"]

_BLOCK_MS = 1_000


async def stream_file(
    source: SoundSource,
    *,
    wire: WireFormat = PCM,
    piece_ms: int = 20,
    speed: float | None = 1.0,
    then_silence_ms: int = 0,
    quality: Quality = "HQ",
    clock: Clock | None = None,
) -> AsyncIterator[bytes]:
    """The sound of a file as pieces of `piece_ms` in a wire format, ready to be appended.

    `source` is a path, an open binary file or a pipe; sound from a pipe is passed on as it comes. Pieces come at
    `speed` 1 as fast as they were spoken, the first at once; at None without waiting. `then_silence_ms` of silence
    follow, so that a server's VAD ends the turn. The last piece may be shorter. Raises AudioFormatError that says what
    is wrong with a file that cannot be read, OSError where there is none, ValueError for a speed or a piece that is
    not above 0.
    """
    pacer = Pacer(piece_ms, speed=speed, clock=clock)
    aside = Aside("sound file reader")
    started: list[SoundReader] = []

    def close() -> None:
        for reader in started:
            reader.close()

    try:
        await aside.run(lambda: started.append(start_reading(source)))
        cutter = _Cutter(started[0], wire, piece_ms, quality=quality, then_silence_ms=then_silence_ms)
        while (pieces := await aside.run(cutter.next)) is not None:
            for piece in pieces:
                await pacer.next()
                yield piece
    finally:
        close()
        aside.close(close)


class _Cutter:
    """The pieces of one file, some at a time. Runs in the thread."""

    def __init__(
        self, reader: SoundReader, wire: WireFormat, piece_ms: int, *, quality: Quality, then_silence_ms: int
    ) -> None:
        self._reader = reader
        self._wire = wire
        self._block_ms = piece_ms if reader.live else _BLOCK_MS
        self._stream = FloatsToPcm(reader.rate_hz, reader.channels, wire.pcm, quality=quality)
        self._chunker = Chunker(wire.bytes_in_ms(piece_ms))
        self._silence = wire.silence(then_silence_ms)
        self._ended = False

    def next(self) -> list[bytes] | None:
        """The pieces of the next block, maybe none yet; None at the end."""
        if self._ended:
            return None
        block = self._reader.read(self._block_ms)
        if len(block):
            return self._chunker.feed(self._wire.from_pcm16(self._stream.feed(block)))
        self._ended = True
        full = self._chunker.feed(self._wire.from_pcm16(self._stream.finish()) + self._silence)
        return [*full, rest] if (rest := self._chunker.finish()) else full
