"""Sound files that are whole at any moment: WAV, FLAC and Opus written while a session runs. Blocking.

After a kill a file is readable as it is: WAV up to the last `flush_ms`, FLAC up to the last whole block of 4,096
samples before that, Opus up to its last full page (about a second). WAV needs the core install only, FLAC and Opus the
`audio` extra.
"""

import os
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from struct import pack
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from realtime_sdk.audio.extras import Extra
from realtime_sdk.audio.pcm import PCM16_24K, Joiner, PcmFormat
from realtime_sdk.errors import AudioFormatError

__all__ = ["AudioSink", "write_sound"]

soundfile = Extra("soundfile", extra="audio")

_OPUS_RATES_HZ = (8_000, 12_000, 16_000, 24_000, 48_000)
_WAV_LIMIT = 0xFFFFFFFF - 36


class _Writer(Protocol):
    """One file format: whole samples of PCM16 in, a readable file after every flush."""

    def write(self, pcm: bytes) -> None: ...

    def flush(self) -> None: ...

    def close(self) -> None: ...


class _Encoder(Protocol):
    def buffer_write(self, pcm: bytes, dtype: str) -> None: ...

    def close(self) -> None: ...


class AudioSink:
    """A sound file that grows: PCM16 in, WAV, FLAC or Ogg Opus by the suffix of `path`.

    A file that exists is left alone (FileExistsError) unless `overwrite`. It is readable by its owner only. Writing
    is blocking; every `flush_ms` of sound what the file says of itself is brought up to date. Raises AudioFormatError
    for another suffix, for PCM that is not 16 bits wide, and for rates and channels that the format does not have
    (Opus has 8, 12, 16, 24 and 48 kHz); OSError where the file system does. Then no file is made or changed.
    """

    def __init__(
        self,
        path: str | Path,
        pcm_format: PcmFormat = PCM16_24K,
        *,
        overwrite: bool = False,
        flush_ms: int = 100,
    ) -> None:
        self._format = pcm_format
        self._joiner = Joiner(pcm_format.sample_size)
        self._flush_size = pcm_format.bytes_in_ms(flush_ms)
        self._unflushed = 0
        self._written = 0
        self._writer: _Writer | None = _writer(Path(path), pcm_format, overwrite=overwrite)

    @property
    def written_ms(self) -> int:
        """Sound written so far, in whole milliseconds."""
        return self._format.ms_in_bytes(self._written)

    def write(self, pcm: bytes) -> None:
        """Append sound, cut anywhere. Raises ValueError after `close`, OSError where the file takes no more."""
        if self._writer is None:
            raise ValueError("the sink is closed")
        whole = self._joiner.feed(pcm)
        self._writer.write(whole)
        self._written += len(whole)
        self._unflushed += len(whole)
        if self._unflushed >= self._flush_size:
            self.flush()

    def flush(self) -> None:
        """Make what was written readable now."""
        if self._writer is not None:
            self._writer.flush()
            self._unflushed = 0

    def close(self) -> None:
        """Finish the file; closing twice does nothing."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def write_sound(path: str | Path, pcm: bytes, pcm_format: PcmFormat = PCM16_24K, *, overwrite: bool = False) -> None:
    """Write a whole sound file. Formats and errors as for AudioSink."""
    with AudioSink(path, pcm_format, overwrite=overwrite) as sink:
        sink.write(pcm)


class _WavWriter:
    """A header, then bytes; the two lengths in the header are written again at each flush."""

    def __init__(self, path: Path, pcm_format: PcmFormat) -> None:
        self._file: BinaryIO = path.open("wb", buffering=0)
        self._format = pcm_format
        self._size = 0
        self._file.write(self._header())

    def write(self, pcm: bytes) -> None:
        # A full disk takes a part and says so; only of the rest it says why.
        left = memoryview(pcm)
        while left:
            taken = self._file.write(left)
            self._size += taken
            left = left[taken:]

    def flush(self) -> None:
        self._file.seek(0)
        self._file.write(self._header())
        self._file.seek(0, os.SEEK_END)

    def close(self) -> None:
        with self._file:
            self.flush()

    def _header(self) -> bytes:
        # Beyond 4 GiB the lengths cannot be said; readers then go on to the end of the file.
        size = min(self._size, _WAV_LIMIT)
        form = self._format
        layout = (1, form.channels, form.rate_hz, form.bytes_per_second, form.sample_size, 8 * form.sample_width)
        return pack("<4sI4s4sIHHIIHH4sI", b"RIFF", size + 36, b"WAVE", b"fmt ", 16, *layout, b"data", size)


class _EncodedWriter:
    """libsndfile's encoder of one format."""

    def __init__(self, path: Path, pcm_format: PcmFormat) -> None:
        self._path = path
        self._encoder = _encoder(str(path), pcm_format, path.suffix.lower())

    def write(self, pcm: bytes) -> None:
        try:
            self._encoder.buffer_write(pcm, "int16")
        except soundfile.LibsndfileError as error:
            raise OSError(f"{self._path} cannot be written: {error}") from error

    def flush(self) -> None:
        """Pages and frames are in the file as soon as they are full."""

    def close(self) -> None:
        self._encoder.close()


class _FlacWriter(_EncodedWriter):
    """FLAC, with the count of samples in STREAMINFO kept true: libsndfile does not read a file that lacks it."""

    _BLOCK_AT = 10
    _COUNT_AT = 21

    def __init__(self, path: Path, pcm_format: PcmFormat) -> None:
        super().__init__(path, pcm_format)
        self._header = path.open("r+b", buffering=0)
        self._sample_size = pcm_format.sample_size
        self._samples = 0

    def write(self, pcm: bytes) -> None:
        super().write(pcm)
        self._samples += len(pcm) // self._sample_size

    def flush(self) -> None:
        self._header.seek(self._BLOCK_AT)
        block = int.from_bytes(self._header.read(2), "big")
        # The encoder holds back the block it is in, and the sample after a full one (RFC 9639 §8.2 for the layout).
        whole = (self._samples - 1) // block * block if self._samples and block else 0
        self._header.seek(self._COUNT_AT)
        upper = self._header.read(1)[0] & 0xF0
        self._header.seek(self._COUNT_AT)
        self._header.write(bytes([upper | whole >> 32 & 0x0F]) + (whole & 0xFFFFFFFF).to_bytes(4, "big"))

    def close(self) -> None:
        with self._header:
            super().close()


_WRITERS: Mapping[str, Callable[[Path, PcmFormat], _Writer]] = {
    ".wav": _WavWriter,
    ".flac": _FlacWriter,
    ".opus": _EncodedWriter,
    ".ogg": _EncodedWriter,
}

_ENCODINGS = {".flac": ("FLAC", "PCM_16"), ".opus": ("OGG", "OPUS"), ".ogg": ("OGG", "OPUS")}


def _writer(path: Path, pcm_format: PcmFormat, *, overwrite: bool) -> _Writer:
    suffix = path.suffix.lower()
    if suffix not in _WRITERS:
        raise AudioFormatError(f"{path} has no suffix of {', '.join(_WRITERS)}")
    if pcm_format.sample_width != PCM16_24K.sample_width:
        raise AudioFormatError(f"sound files are written from PCM16, not from {pcm_format.sample_width} bytes a sample")
    if suffix in _ENCODINGS:
        _try_encoding(suffix, pcm_format)
    existing = os.O_TRUNC if overwrite else os.O_EXCL
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | existing, 0o600))
    return _WRITERS[suffix](path, pcm_format)


def _try_encoding(suffix: str, pcm_format: PcmFormat) -> None:
    """Open the encoder on nothing, so that no file is touched where there is none, or it refuses."""
    form, rate_hz = _ENCODINGS[suffix][1], pcm_format.rate_hz
    if form == "OPUS" and rate_hz not in _OPUS_RATES_HZ:
        raise AudioFormatError(f"Opus has 8, 12, 16, 24 or 48 kHz, not {rate_hz} Hz; resample first")
    try:
        _encoder(BytesIO(), pcm_format, suffix).close()
    except soundfile.LibsndfileError as error:
        raise AudioFormatError(f"{suffix} cannot hold {pcm_format.channels} channels at {rate_hz} Hz") from error


def _encoder(target: str | BinaryIO, pcm_format: PcmFormat, suffix: str) -> _Encoder:
    form, subtype = _ENCODINGS[suffix]
    encoder: _Encoder = soundfile.SoundFile(
        target, "w", pcm_format.rate_hz, pcm_format.channels, subtype=subtype, format=form
    )
    return encoder
