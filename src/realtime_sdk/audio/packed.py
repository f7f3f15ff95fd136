"""A log whose sound lies beside it as FLAC: `pack`, `unpack`, and reading it as if it was whole (`audio` extra).

`call.packed.jsonl` is a log like any other with its audio left out; the folder `call.packed.audio` holds one FLAC file
for each sender and format, and `index.jsonl`: `[seq, stream, [[offset, samples, torn byte in hex], …]]` a frame, in
order. The log appears last, when all of it is on the disk, so that a kill at any moment leaves a whole log.
"""

import json
import os
import shutil
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from itertools import zip_longest
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self, cast

from realtime_sdk.audio.extras import Extra
from realtime_sdk.audio.formats import WireFormat, wire_format
from realtime_sdk.audio.packing import Payload, Placed, put_back, samples_of, take_out, wire_bytes
from realtime_sdk.audio.sink import AudioSink
from realtime_sdk.audio.wires import Wires
from realtime_sdk.errors import LogFormatError
from realtime_sdk.fold import Update, updates
from realtime_sdk.log import FORMAT, EventLog, FileSink, LogHeader, LogPath, LogRecord, LogStream

__all__ = ["PackedLog", "Packing", "open_log", "pack", "unpack"]

soundfile = Extra("soundfile", extra="audio")

_META: Final = "packed"
_INDEX: Final = "index.jsonl"
_FLUSH_MS: Final = 60_000
_BLOCK: Final = 1 << 16

LogFile = str | PathLike[str]


@dataclass(frozen=True, slots=True)
class Packing:
    """What `pack` made: the log, the folder of its sound, and what became of the bytes."""

    path: Path
    folder: Path
    records: int
    packed: int
    bytes_before: int
    bytes_after: int
    torn: str | None = None


def pack(log: LogFile, path: LogFile | None = None) -> Packing:
    """Write a log with its sound as FLAC beside it: `call.packed.jsonl` for `call.jsonl`, or `path`. The log stays.

    Each record is read back and compared before the packed log appears. What cannot be given back byte for byte stays
    in its frame. FileExistsError if there is one already, or its folder has the sound of another log; LogFormatError
    if the log cannot be read.
    """
    source = Path(log)
    target = Path(path) if path is not None else _named(source, ".packed")
    folder = _folder(target)
    _refuse(target)
    _refuse_folder(folder)
    part, folder_part = target.with_name(f".part-{target.name}"), folder.with_name(f".part-{folder.name}")
    try:
        packed, records, torn = _write(source, part, folder_part, folder.name)
        _compare(source, part, folder_part)
        _clear_debris(folder)
        folder_part.replace(folder)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
        shutil.rmtree(folder_part, ignore_errors=True)
    after = target.stat().st_size + sum(file.stat().st_size for file in folder.iterdir())
    return Packing(target, folder, records, packed, source.stat().st_size, after, torn)


def unpack(log: LogFile, path: LogFile | None = None) -> Path:
    """Write a packed log as the log it was made from: `call.jsonl` for `call.packed.jsonl`, or `path`.

    FileExistsError if there is one already; LogFormatError if the log is not packed, or its sound is damaged.
    """
    source = Path(log)
    target = Path(path) if path is not None else source.with_name(source.name.replace(".packed.", ".", 1))
    part = target.with_name(f".part-{target.name}")
    try:
        with PackedLog(source) as records:
            _refuse(target)
            with closing(FileSink(part, records.header, replace=True)) as sink:
                for record in records:
                    sink.write(record)
        _sync(part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def open_log(path: LogPath) -> "LogStream | PackedLog":
    """The records of a log file, one by one, in bounded memory; of a packed one of this machine with their sound."""
    stream = EventLog.stream(path)
    if _META not in stream.header.meta or not isinstance(path, str | PathLike):
        return stream
    stream.close()
    return PackedLog(path)


class PackedLog(Iterable[LogRecord]):
    """The records of a packed log with their sound, once, as `EventLog.stream` gives those of any other.

    LogFormatError if the log is not packed, or where its sound is missing or damaged.
    """

    def __init__(self, path: LogFile, *, folder: Path | None = None) -> None:
        self._path = Path(path)
        self._stream = EventLog.stream(path)
        self._stack = ExitStack()
        self._stack.callback(self._stream.close)
        self._readers: dict[str, _FlacReader] = {}
        packed = self._stream.header.meta.get(_META)
        if not isinstance(packed, dict):
            self.close()
            raise LogFormatError(f"{path} is not a packed log", path=self._path)
        self._folder = folder or _found_folder(self._path, str(cast("dict[str, object]", packed).get("folder")))
        meta = {name: value for name, value in self._stream.header.meta.items() if name != _META}
        self.header: LogHeader = replace(self._stream.header, meta=meta)

    @property
    def torn(self) -> str | None:
        """What was left out at the end of the file; None if nothing was."""
        return self._stream.torn

    def __iter__(self) -> Iterator[LogRecord]:
        try:
            yield from self._restored()
        except (OSError, ValueError, KeyError, soundfile.LibsndfileError) as error:
            raise LogFormatError(
                f"the sound of {self._path} is missing or damaged: {error}", path=self._path
            ) from error
        finally:
            self.close()

    def close(self) -> None:
        """Close all files; no more records come."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _restored(self) -> Generator[LogRecord]:
        index = _read_index(self._folder / _INDEX)
        entry = next(index, None)
        for record in self._stream:
            if entry is not None and entry.seq == record.seq:
                yield self._restore(record, entry)
                entry = next(index, None)
            elif record.audio_left_out:
                raise ValueError(f"record {record.seq} is not in the index")
            else:
                yield record
        if self.torn is None and (entry is not None or not self._is_used_up()):
            raise ValueError("it is not the sound of this log")

    def _is_used_up(self) -> bool:
        """Whether all sound of the folder was put back."""
        streams = {file.stem for file in self._folder.glob("*.flac")}
        return streams == set(self._readers) and all(reader.at_end() for reader in self._readers.values())

    def _restore(self, record: LogRecord, entry: "_Entry") -> LogRecord:
        frame = put_back(record.frame, [Payload(placed, self._sound(entry.stream, placed)) for placed in entry.placed])
        left_out = record.audio_left_out - (len(frame) - len(record.frame))
        if left_out < 0:
            raise ValueError(f"record {record.seq} had less")
        return record._replace(frame=frame, audio_left_out=left_out)

    def _sound(self, stream: str, placed: Placed) -> bytes:
        reader = self._readers.get(stream)
        if reader is None:
            reader = self._readers[stream] = _FlacReader(self._folder / f"{stream}.flac")
            self._stack.callback(reader.close)
        return wire_bytes(reader.read(placed.samples), _wire_of(stream))


class _Decoder(Protocol):
    def buffer_read(self, frames: int, dtype: str) -> bytes: ...

    def close(self) -> None: ...


class _FlacReader:
    """The samples of a mono FLAC file, one stretch after the other. Reads ahead: a read of libsndfile is dear."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._decoder: _Decoder = soundfile.SoundFile(str(path))
        self._ahead = b""

    def read(self, samples: int) -> bytes:
        """The next samples as PCM16. ValueError where there are not so many."""
        while len(self._ahead) < 2 * samples:
            block = bytes(self._decoder.buffer_read(_BLOCK, "int16"))
            if not block:
                raise ValueError(f"{self._path.name} ends early")
            self._ahead += block
        pcm, self._ahead = self._ahead[: 2 * samples], self._ahead[2 * samples :]
        return pcm

    def at_end(self) -> bool:
        """Whether all samples were read."""
        return not self._ahead and not len(self._decoder.buffer_read(1, "int16"))

    def close(self) -> None:
        self._decoder.close()


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line of the index: which frame, which FLAC file, and its payloads."""

    seq: int
    stream: str
    placed: tuple[Placed, ...]

    def line(self) -> str:
        places = [[placed.offset, placed.samples, placed.torn.hex()] for placed in self.placed]
        return json.dumps([self.seq, self.stream, places], separators=(",", ":")) + "\n"


class _Packer:
    """The files of a packed log while it is written."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._wires = Wires()
        self._pieces: dict[str, bytearray] = {}
        self._sinks: dict[str, AudioSink] = {}
        self._index = stack.enter_context((folder / _INDEX).open("w", encoding="ascii"))
        self.packed = 0

    def take(self, update: Update) -> LogRecord:
        """The record of an update without its sound, which is written."""
        self._wires.follow(update)
        record = update.record
        if record.sender == "local":
            return record
        user = record.sender == "client"
        wire = self._wires.user(update) if user else self._wires.assistant(update, update.event)
        frame, payloads = take_out(record.frame, wire)
        if not payloads:
            if record.audio_left_out:
                self._index.write(_Entry(record.seq, "", ()).line())
            return record
        stream = _stream_of(record.sender, wire)
        waiting = self._pieces.setdefault(stream, bytearray())
        for payload in payloads:
            waiting += samples_of(payload.sound, wire)
        if len(waiting) >= _BLOCK:
            self._write(stream)
        self._index.write(_Entry(record.seq, stream, tuple(payload.placed for payload in payloads)).line())
        self.packed += 1
        return record._replace(frame=frame, audio_left_out=record.audio_left_out + len(record.frame) - len(frame))

    def finish(self) -> None:
        """Write what waits. An encoder gets its sound in large pieces: a small one costs as much."""
        for stream in self._pieces:
            self._write(stream)

    def _write(self, stream: str) -> None:
        if stream not in self._sinks:
            sink = AudioSink(self._folder / f"{stream}.flac", _wire_of(stream).pcm, flush_ms=_FLUSH_MS)
            self._sinks[stream] = self._stack.enter_context(sink)
        self._sinks[stream].write(bytes(self._pieces[stream]))
        self._pieces[stream].clear()


def _write(source: Path, part: Path, folder: Path, name: str) -> tuple[int, int, str | None]:
    """How many frames were packed, how many records there are, and what was torn off the source."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    count = 0
    with ExitStack() as stack:
        records = stack.enter_context(EventLog.stream(source))
        if _META in records.header.meta:
            raise LogFormatError(f"{source} is packed already", path=source)
        header = replace(records.header, meta={**records.header.meta, _META: {"folder": name}})
        sink = FileSink(part, header, replace=True)
        stack.callback(sink.close)
        packer = _Packer(folder, stack)
        for count, update in enumerate(updates(records), 1):  # noqa: B007 - the count is the result
            sink.write(packer.take(update))
        packer.finish()
        torn = records.torn
    for file in [*folder.iterdir(), part]:
        _sync(file)
    return packer.packed, count, torn


def _compare(source: Path, part: Path, folder: Path) -> None:
    with PackedLog(part, folder=folder) as packed, EventLog.stream(source) as records:
        if replace(records.header, format=FORMAT) != packed.header:
            raise AssertionError("the header of a packed log differs; the log was not packed")
        for one, other in zip_longest(records, packed):
            if one != other:
                raise AssertionError(f"record {one and one.seq} differs when unpacked; the log was not packed")


def _read_index(path: Path) -> Iterator[_Entry]:
    with path.open(encoding="ascii") as lines:
        for line in lines:
            seq, stream, places = cast("tuple[int, str, list[tuple[int, int, str]]]", json.loads(line))
            placed = tuple(Placed(offset, samples, bytes.fromhex(torn)) for offset, samples, torn in places)
            yield _Entry(seq, stream, placed)


def _stream_of(sender: str, wire: WireFormat) -> str:
    return f"{sender}-{wire.name.removeprefix('audio/')}-{wire.rate_hz}"


def _wire_of(stream: str) -> WireFormat:
    _, kind, rate_hz = stream.split("-")
    return wire_format(f"audio/{kind}", rate_hz=int(rate_hz))


def _named(log: Path, infix: str) -> Path:
    stem, dot, rest = log.name.partition(".")
    return log.with_name(f"{stem}{infix}{dot}{rest}")


def _folder(packed: Path) -> Path:
    bare = packed.with_suffix("") if packed.suffix == ".gz" else packed
    return bare.with_suffix(".audio")


def _found_folder(packed: Path, recorded: str) -> Path:
    """By the name that the log has now, else by the one it had."""
    folder = _folder(packed)
    return folder if folder.is_dir() else packed.with_name(Path(recorded).name)


def _refuse(path: Path) -> None:
    if path.exists():
        raise FileExistsError(f"{path} is there already, and is not overwritten unasked; name another path")


def _refuse_folder(folder: Path) -> None:
    """Only what a `pack` that was killed left may be replaced: sound without its log."""
    if not folder.exists():
        return
    if not (folder / _INDEX).is_file():
        _refuse(folder)
    for log in folder.parent.iterdir():
        if _is_packed_into(log, folder):
            raise FileExistsError(f"{folder} holds the sound of {log}; name another path")


def _is_packed_into(log: Path, folder: Path) -> bool:
    if log.name.startswith(".part-") or not (".jsonl" in log.name or _folder(log) == folder) or not log.is_file():
        return False
    try:
        with EventLog.stream(log) as records:
            packed = records.header.meta.get(_META)
    except (LogFormatError, OSError):
        return False
    return isinstance(packed, dict) and cast("dict[str, object]", packed).get("folder") == folder.name


def _clear_debris(folder: Path) -> None:
    """Remove what a `pack` that was killed at its last step left: sound without its log."""
    if (folder / _INDEX).is_file():
        shutil.rmtree(folder)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
