"""Sound files of any format that libsndfile reads, as float blocks or whole. Blocking; `files` is the async side.

WAV (linear, G.711), FLAC, Ogg Opus and Vorbis, MP3, AIFF, AU and more, from a path, an open file or a pipe.
Needs the `audio` extra.
"""

from __future__ import annotations

import os
import select
import socket
import stat
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from io import BufferedReader, FileIO
from pathlib import Path
from queue import SimpleQueue
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile
from threading import Lock, Thread
from typing import TYPE_CHECKING, BinaryIO, NoReturn, Protocol, TypeAlias, TypeVar, cast

from realtime_sdk.audio.extras import Extra
from realtime_sdk.audio.pcm import PCM16_24K, PcmFormat
from realtime_sdk.audio.resample import FloatsToPcm
from realtime_sdk.audio.wav import Sound
from realtime_sdk.errors import AudioFormatError

if TYPE_CHECKING:
    from realtime_sdk.audio.floats import Floats

__all__ = ["SoundReader", "SoundSource", "open_sound", "read_sound"]

soundfile = Extra("soundfile", extra="audio")

SoundSource: TypeAlias = str | Path | BinaryIO
_Halt: TypeAlias = Callable[[], object]
A = TypeVar("A")
R = TypeVar("R")

_BLOCK_MS = 1_000
_PIECE = 1 << 16
_HEAD = 24

# What people try and libsndfile cannot: (offset, magic) → name.
_FOREIGN = {
    (4, b"ftyp"): "MP4 or M4A (AAC)",
    (0, b"\x1aE\xdf\xa3"): "Matroska or WebM",
    (0, b"0&\xb2u"): "WMA",
    (0, b"\xff\xf1"): "raw AAC",
    (0, b"\xff\xf9"): "raw AAC",
    (0, b"#!AMR"): "AMR",
}
# What libsndfile reads without jumping about: magic, and where the coding stands: linear, float and G.711. Anything
# else that comes out of a pipe is collected first.
_STREAMS = (
    (b"OggS", 0, (b"OggS",)),
    (b"RIFF", 20, (b"\1\0", b"\3\0", b"\6\0", b"\7\0", b"\xfe\xff")),
    (b".snd", 12, tuple(bytes([0, 0, 0, coding]) for coding in (1, 2, 3, 4, 5, 6, 7, 27))),
)
_IN_MEMORY = 16 << 20


class _Decoder(Protocol):
    samplerate: int
    channels: int
    frames: int
    format: str
    subtype: str

    def read(self, frames: int, dtype: str, *, always_2d: bool) -> Floats: ...

    def close(self) -> None: ...


class SoundReader:
    """An open sound file: what it is, and its sound in blocks."""

    def __init__(self, decoder: _Decoder, name: str, *, halt: _Halt | None = None, belongings: ExitStack) -> None:
        self._decoder = decoder
        self._name = name
        self._belongings = belongings
        self._reading = Lock()
        self._closed = False
        self._halt = halt
        self.live: bool = halt is not None
        self.rate_hz: int = decoder.samplerate
        self.channels: int = decoder.channels
        self.form: str = f"{decoder.format}/{decoder.subtype}"

    def read(self, ms: int) -> Floats:
        """The next `ms` of sound, shape (samples, channels); less at the end, then none.

        Raises AudioFormatError where the file is broken.
        """
        try:
            with self._reading:
                return self._decoder.read(-(-ms * self.rate_hz // 1_000), "float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise AudioFormatError(f"{self._name} is broken: {_reason(error)}") from error
        finally:
            if self._closed:
                self.close()

    def close(self) -> None:
        """Close the file; one that another thread is reading is closed by that thread, after its read."""
        self._closed = True
        if self._reading.acquire(blocking=False):
            with self._belongings:
                self._decoder.close()
            self._reading.release()
        elif self._halt is not None:
            self._halt()


@contextmanager
def open_sound(source: SoundSource) -> Generator[SoundReader]:
    """The sound file at a path, in an open binary file, or coming out of a pipe.

    A file opened by the caller stays open. Raises AudioFormatError that says what is wrong, OSError where there is no
    such file.
    """
    reader = start_reading(source)
    try:
        yield reader
    finally:
        reader.close()


def start_reading(source: SoundSource) -> SoundReader:
    """What `open_sound` gives, to be closed by the caller."""
    name = source if isinstance(source, str | Path) else getattr(source, "name", None)
    name = str(name) if isinstance(name, str | Path) else "the stream"
    with ExitStack() as belongings:
        decoder, halt = _decoder(source, name, belongings)
        return SoundReader(decoder, name, halt=halt, belongings=belongings.pop_all())
    raise AssertionError("an ExitStack without callbacks swallows nothing")


def read_sound(source: SoundSource, target: PcmFormat = PCM16_24K) -> Sound:
    """All of a sound file as PCM in the target format. Errors as for `open_sound`. Ctrl-C ends the wait for a pipe."""
    with open_sound(source) as reader:
        stream = FloatsToPcm(reader.rate_hz, reader.channels, target)
        pieces: list[bytes] = []
        while len(block := _aside(reader.read, _BLOCK_MS) if reader.live else reader.read(_BLOCK_MS)):
            pieces.append(stream.feed(block))
        return Sound(b"".join([*pieces, stream.finish()]), target)


def _aside(call: Callable[[A], R], argument: A) -> R:
    """What a call gives, made in another thread: signals end no wait inside libsndfile."""
    given: SimpleQueue[Callable[[], R]] = SimpleQueue()

    def run() -> None:
        try:
            result = call(argument)
        except BaseException as error:
            given.put(partial(_raise, error))
        else:
            given.put(lambda: result)

    Thread(target=run, name="sound file reader", daemon=True).start()
    return given.get()()


def _raise(error: BaseException) -> NoReturn:
    raise error


def _decoder(source: SoundSource, name: str, belongings: ExitStack) -> tuple[_Decoder, _Halt | None]:
    """The decoder, and, if its sound comes as it is made (out of a pipe), what ends the wait for more."""
    if isinstance(source, str | Path):
        return _decoder_at(Path(source), name, belongings)
    if source.seekable():
        # libsndfile jumps to places counted from the start of a file: where sound begins later, it gets a copy.
        file = source if source.tell() == 0 else _collected(b"", source, belongings)
        return _decoder_of(file, name), None
    return _decoder_of_pipe(source, name, belongings, ExitStack())


def _decoder_at(path: Path, name: str, belongings: ExitStack) -> tuple[_Decoder, _Halt | None]:
    if not stat.S_ISREG(path.stat().st_mode):
        with ExitStack() as opened:
            return _decoder_of_pipe(opened.enter_context(path.open("rb")), name, belongings, opened)
    with path.open("rb") as file:
        _check(file.read(_HEAD), name)
    return _opened(str(path), name), None


def _decoder_of(file: BinaryIO, name: str) -> _Decoder:
    _check(file.read(_HEAD), name)
    file.seek(0)
    return _opened(file, name)


def _decoder_of_pipe(
    pipe: BinaryIO, name: str, belongings: ExitStack, opened: ExitStack
) -> tuple[_Decoder, _Halt | None]:
    """`opened` closes the pipe if it is ours; a pump that goes on takes that over."""
    head = _read_head(pipe)
    _check(head, name)
    if _streams(head) and os.name == "posix":
        ours = belongings.enter_context(_pumped(head, pipe, opened.pop_all()))
        return _opened(os.dup(ours.fileno()), name), partial(ours.shutdown, socket.SHUT_RDWR)
    return _decoder_of(_collected(head, pipe, belongings), name), None


def _streams(head: bytes) -> bool:
    return any(head.startswith(magic) and head.startswith(codings, at) for magic, at, codings in _STREAMS)


def _read_head(pipe: BinaryIO) -> bytes:
    head, read = _buffered(pipe), _reading(pipe)
    while len(head) < _HEAD and (piece := _waited(pipe) and read(_HEAD - len(head))):
        head += piece
    return head


def _collected(head: bytes, pipe: BinaryIO, belongings: ExitStack) -> BinaryIO:
    whole = belongings.enter_context(SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115 - it lives as long as its decoder
    whole.write(head)
    copyfileobj(pipe, whole)
    whole.seek(0)
    return cast("BinaryIO", whole)  # typeshed does not count it as one, though it has all that is read here


def _pumped(head: bytes, pipe: BinaryIO, stack: ExitStack) -> socket.socket:
    """What gives `head` and the rest of `pipe`: libsndfile wants a descriptor, from the first byte on.

    A socket: unlike a pipe it can be shut down while somebody waits for it.
    """
    ours, theirs = socket.socketpair()
    Thread(target=_pump, args=(head, pipe, theirs.detach(), stack), name="sound file pump", daemon=True).start()
    return ours


def _pump(head: bytes, pipe: BinaryIO, target: int, stack: ExitStack) -> None:
    read = _reading(pipe)
    # Nobody reads on, or the caller has closed the pipe (ValueError).
    with stack, suppress(BrokenPipeError, ValueError), os.fdopen(target, "wb", buffering=0) as out:
        out.write(head)
        while piece := _waited(pipe, out) and read(_PIECE):
            _write_all(out, piece)


def _buffered(pipe: BinaryIO) -> bytes:
    """What the pipe's buffer holds already: nobody need wait for that."""
    raw: object = getattr(pipe, "raw", None)
    if os.name != "posix" or not isinstance(pipe, BufferedReader) or not isinstance(raw, FileIO):
        return b""
    blocks = os.get_blocking(pipe.fileno())
    os.set_blocking(pipe.fileno(), False)
    try:
        held = len(pipe.peek())
    finally:
        os.set_blocking(pipe.fileno(), blocks)
    return pipe.read1(held) if held else b""


def _reading(pipe: BinaryIO) -> Callable[[int], bytes]:
    """What reads as much as is there."""
    read: Callable[[int], bytes] = getattr(pipe, "read1", pipe.read)
    return read


def _waited(pipe: BinaryIO, out: FileIO | None = None) -> bool:
    """Wait until a pipe of the system has more, or has ended; False once nobody reads `out` any more.

    Who waits in `read` holds the pipe's lock, and a program that ends meanwhile is aborted by the interpreter.
    """
    raw = getattr(pipe, "raw", pipe)
    if os.name != "posix" or not isinstance(raw, FileIO):
        return True
    poll = select.poll()
    poll.register(raw, select.POLLIN)
    if out is not None:
        poll.register(out, 0)
    ready = dict(poll.poll())
    return raw.fileno() in ready


def _write_all(out: FileIO, piece: bytes) -> None:
    left = memoryview(piece)
    while left:
        left = left[out.write(left) :]


def _opened(target: str | int | BinaryIO, name: str) -> _Decoder:
    try:
        decoder: _Decoder = soundfile.SoundFile(target)
    except soundfile.LibsndfileError as error:
        raise AudioFormatError(f"{name} cannot be read: {_reason(error)}") from error
    except TypeError as error:  # soundfile's word for a file whose name ends in .raw
        raise AudioFormatError(
            f"{name} is raw sound, which does not say its rate; read its bytes and use realtime_sdk.audio.resample"
        ) from error
    return decoder


def _check(head: bytes, name: str) -> None:
    if not head:
        raise AudioFormatError(f"{name} is empty")
    for (offset, magic), form in _FOREIGN.items():
        if head.startswith(magic, offset):
            raise AudioFormatError(f"{name} is {form}, which cannot be read; convert it to FLAC, Ogg, MP3 or WAV first")


def _reason(error: Exception) -> str:
    said = str(getattr(error, "error_string", "")).strip(" .")
    return said or "its sound is cut off or damaged"
