"""Log files as bytes: opened, unpacked, made. The only place of the log that opens a file.

Files made here are readable by their owner alone. Nothing here knows a line.
"""

import os
import stat
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from itertools import chain
from typing import IO, Final, Protocol, TypeAlias

from realtime_sdk.errors import LogFormatError

__all__ = [
    "BUFFER_BYTES",
    "LogPath",
    "Openable",
    "Output",
    "create",
    "is_gzip",
    "open_input",
    "read_chunks",
    "replacing",
    "write_whole",
]

BUFFER_BYTES: Final = 1 << 16
_CHUNK: Final = 1 << 20
_GZIP_CHUNK: Final = 1 << 14  # deflate grows at most 1,032 times: 16 MiB, whoever made the file
_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP_WBITS: Final = 31
_GZIP_LEVEL: Final = 1  # sound in base64 gives away little more for more work


class Openable(Protocol):
    """A path of another kind than the operating system's, that opens itself (`UPath` for object stores)."""

    def open(self, mode: str, /) -> IO[bytes]:
        """The file, to read (`rb`) or write (`wb`) bytes."""
        ...


LogPath: TypeAlias = str | os.PathLike[str] | Openable
"""Where a log file is: a path, or anything that has `open("rb")`."""


class Output(Protocol):
    """What lines are written to: a binary file, or the like."""

    def write(self, chunk: bytes, /) -> int:
        """Write some of the chunk, and say how many bytes."""
        ...

    def flush(self) -> None:
        """Hand everything written to the operating system."""
        ...

    def fileno(self) -> int:
        """The file's descriptor."""
        ...

    def close(self) -> None:
        """Flush and close."""
        ...


def is_gzip(path: LogPath) -> bool:
    """Whether a file of this name is written gzipped: its name ends in `.gz`."""
    name = os.fspath(path) if isinstance(path, str | os.PathLike) else str(getattr(path, "name", path))
    return name.endswith(".gz")


# --- reading ----------------------------------------------------------------------------------------------------------


def open_input(path: LogPath) -> IO[bytes]:
    """The file, open for reading bytes. OSError as `open` raises it."""
    if isinstance(path, str | os.PathLike):
        return open(path, "rb")  # noqa: PTH123 - the caller closes it
    return path.open("rb")


def read_chunks(file: IO[bytes]) -> Iterator[bytes]:
    """The file's bytes in pieces of at most 16 MiB, unpacked if it is gzipped (told by its first two bytes).

    EOFError after the last piece of a gzip file that breaks off; LogFormatError where one is damaged.
    """
    magic = file.read(2)
    if magic != _GZIP_MAGIC:
        return chain((magic,), iter(partial(file.read, _CHUNK), b""))
    return _unpack(chain((magic,), iter(partial(file.read, _GZIP_CHUNK), b"")))


def _unpack(chunks: Iterator[bytes]) -> Iterator[bytes]:
    inflate = zlib.decompressobj(_GZIP_WBITS)
    for chunk in chunks:
        rest = chunk
        while rest:
            if inflate.eof:  # one gzip stream after another is a gzip file too
                inflate = zlib.decompressobj(_GZIP_WBITS)
            try:
                yield inflate.decompress(rest)
            except zlib.error as error:
                raise LogFormatError(f"the gzip stream is damaged: {error}") from None
            rest = inflate.unused_data
    if not inflate.eof:
        raise EOFError


# --- writing ----------------------------------------------------------------------------------------------------------


def create(path: LogPath, *, replace: bool, buffer_bytes: int, gzip: bool) -> Output:
    """A new file, readable by its owner alone (mode 0600). `buffer_bytes` 0: each write goes to the system.

    FileExistsError if there is a file with something in it and `replace` is False; other OSErrors as of `open`.
    """
    output: Output
    if isinstance(path, str | os.PathLike):
        output = open(_create_private(path, replace=replace), "wb", buffering=buffer_bytes)  # noqa: SIM115
    else:
        output = path.open("wb")
    return _GzipOutput(output) if gzip else output


@contextmanager
def replacing(path: LogPath) -> Generator[Output]:
    """A file that takes the path's place when the context ends well; when it does not, what was there stays."""
    target = os.path.realpath(path) if isinstance(path, str | os.PathLike) else None
    if target is None or (os.path.exists(target) and not os.path.isfile(target)):  # noqa: PTH110, PTH113
        with closing(create(path, replace=True, buffer_bytes=BUFFER_BYTES, gzip=is_gzip(path))) as output:
            yield output
        return
    part = f"{target}.{os.getpid()}.part"
    try:
        with closing(create(part, replace=True, buffer_bytes=BUFFER_BYTES, gzip=is_gzip(path))) as output:
            yield output
            output.flush()
            os.fsync(output.fileno())
        os.replace(part, target)  # noqa: PTH105
    finally:
        with suppress(FileNotFoundError):
            os.unlink(part)  # noqa: PTH108


def _create_private(path: str | os.PathLike[str], *, replace: bool) -> int:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode):  # a device or a pipe stays as it is
            if status.st_size and not replace:
                raise FileExistsError(
                    f"{os.fspath(path)} has something in it, and is not overwritten unasked: name another, or move it"
                )
            if hasattr(os, "fchmod"):
                os.fchmod(descriptor, 0o600)
            os.ftruncate(descriptor, 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def write_whole(output: Output, chunk: bytes) -> None:
    """Write all of the chunk. OSError where the rest does not fit."""
    written = output.write(chunk)
    while written < len(chunk):
        chunk = chunk[written:]
        written = output.write(chunk)


class _GzipOutput:
    """Packs what is written. After each `flush` the file can be read up to there; without times and names in it."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._is_whole = True
        self._deflate = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WBITS)

    def write(self, chunk: bytes, /) -> int:
        self._put(self._deflate.compress(chunk))
        return len(chunk)

    def flush(self) -> None:
        self._put(self._deflate.flush(zlib.Z_SYNC_FLUSH))
        self._output.flush()

    def fileno(self) -> int:
        return self._output.fileno()

    def close(self) -> None:
        try:
            if self._is_whole:
                self._put(self._deflate.flush(zlib.Z_FINISH))
        finally:
            self._output.close()

    def _put(self, packed: bytes) -> None:
        self._is_whole = False  # after a gap nothing may follow: a stream that breaks off can be read, that one not
        write_whole(self._output, packed)
        self._is_whole = True
