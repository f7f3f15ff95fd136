"""PCM WAV files with the standard library alone, whole and in memory. Other formats: `reading`."""

import io
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from realtime_sdk.audio.pcm import PCM16_24K, PcmFormat
from realtime_sdk.errors import AudioFormatError

__all__ = ["Sound", "read_wav", "wav_bytes"]

_OTHERS = "realtime_sdk.audio.reading.read_sound reads other formats"


@dataclass(frozen=True, slots=True)
class Sound:
    """PCM and how to read it."""

    pcm: bytes
    pcm_format: PcmFormat = PCM16_24K

    @property
    def duration_ms(self) -> int:
        """How long it lasts, in whole milliseconds."""
        return self.pcm_format.ms_in_bytes(len(self.pcm))


def read_wav(source: str | Path | BinaryIO) -> Sound:
    """The whole of a linear PCM WAV file of 16 bits or more, as it is: no change of rate or channels.

    `source` is a path or a binary stream at its beginning. Raises AudioFormatError for anything else (8-bit WAV is
    unsigned and G.711 WAV is coded: `reading` reads them), OSError for a missing file.
    """
    try:
        with wave.open(str(source) if isinstance(source, Path) else source, "rb") as wav:
            if wav.getsampwidth() == 1:
                raise AudioFormatError(f"{_name(source)} is 8-bit WAV; {_OTHERS}")
            return Sound(wav.readframes(wav.getnframes()), _format(wav))
    except (wave.Error, EOFError) as error:
        why = str(error) or "it ends early"
        raise AudioFormatError(f"{_name(source)} is not a PCM WAV file: {why}; {_OTHERS}") from error


def wav_bytes(sound: Sound) -> bytes:
    """A WAV file that holds `sound`. Raises AudioFormatError for 8-bit sound."""
    if sound.pcm_format.sample_width == 1:
        raise AudioFormatError("8-bit WAV is unsigned; convert to PCM16 first")
    target = io.BytesIO()
    with wave.open(target, "wb") as wav:
        wav.setframerate(sound.pcm_format.rate_hz)
        wav.setnchannels(sound.pcm_format.channels)
        wav.setsampwidth(sound.pcm_format.sample_width)
        wav.writeframes(sound.pcm)
    return target.getvalue()


def _format(wav: wave.Wave_read) -> PcmFormat:
    return PcmFormat(wav.getframerate(), wav.getnchannels(), wav.getsampwidth())


def _name(source: str | Path | BinaryIO) -> str:
    name = source if isinstance(source, str | Path) else getattr(source, "name", None)
    return str(name) if isinstance(name, str | Path) else "the stream"
