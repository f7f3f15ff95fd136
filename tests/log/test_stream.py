"""A log file read in bounded memory, whole, torn, damaged."""

import gzip
import io
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given, strategies as st

from realtime_sdk.errors import LogFormatError
from realtime_sdk.log import EventLog, LogHeader, LogRecord, LogStream, Sender, stream as stream_module
from tests.log.frames import AUDIO, SMALL, innocent_frames

HEADER = LogHeader(dialect="openai", started_at="2026-11-24T10:00:00Z")


class InMemory:
    """A path of another kind: it opens itself."""

    def __init__(self, content: bytes = b"", name: str = "log.jsonl") -> None:
        self.content = content
        self.name = name
        self.flushed = 0

    def open(self, mode: str, /) -> IO[bytes]:
        assert mode in {"rb", "wb"}
        return io.BytesIO(self.content) if mode == "rb" else Written(self)

    def __str__(self) -> str:
        return f"memory:{self.name}"


class Written(io.BytesIO):
    """What is written to an InMemory path; the path holds it once it is closed."""

    def __init__(self, path: InMemory) -> None:
        super().__init__()
        self._path = path

    def flush(self) -> None:
        self._path.flushed += 1

    def close(self) -> None:
        if not self.closed:
            self._path.content = self.getvalue()
        super().close()


def written(log: EventLog, name: str = "log.jsonl") -> bytes:
    path = InMemory(name=name)
    log.save(path)
    return path.content


def said(*frames: bytes) -> EventLog:
    log = EventLog(HEADER)
    for at, frame in enumerate(frames):
        sender: Sender = "client" if at % 2 else "server"
        log.append(sender, frame, at_ns=at * 1000 if at % 3 else None)
    return log


LOG = said(
    SMALL, b"two\nlines \xe2\x80\xa8", b"\xff\x00", b'{"a":"]}\\"{"}', b'{"authorization":"hunter2"}', b" {}", b"{}"
)


def test_a_file_gives_back_the_log_byte_for_byte() -> None:
    for name in ("log.jsonl", "log.jsonl.gz"):
        log = EventLog.load(InMemory(written(LOG, name)))
        assert (log.header, list(log), log.torn) == (HEADER, list(LOG), None)


@given(st.lists(innocent_frames, max_size=6), st.sampled_from(["log.jsonl", "log.jsonl.gz"]))
def test_innocent_frames_come_back_from_a_file(frames: list[bytes], name: str) -> None:
    log = said(*frames)
    assert [record.frame for record in EventLog.load(InMemory(written(log, name)))] == frames
    assert list(EventLog.load(InMemory(written(log, name)))) == list(log)


def test_a_file_cut_at_any_byte_is_a_prefix_of_the_log() -> None:
    content = written(LOG)
    ends = [at for at in range(len(content)) if content[at : at + 1] == b"\n"]
    for cut in range(len(content) + 1):
        log = EventLog.load(InMemory(content[:cut]))
        whole = sum(end <= cut for end in ends)  # a line is whole when only its end is missing
        assert list(log) == list(LOG)[: max(whole - 1, 0)]
        assert log.header == (HEADER if whole else LogHeader(format=0))
        left = content[:cut].rpartition(b"\n")[2]
        torn = bool(left) and cut not in ends
        line = content[:cut].count(b"\n") + 1
        assert log.torn == (f"line {line} breaks off after {len(left)} bytes and is left out" if torn else None)


def test_a_gzip_file_cut_at_any_byte_is_a_prefix_of_the_log() -> None:
    content = written(LOG, "log.jsonl.gz")
    lengths = set()
    for cut in range(2, len(content)):
        log = EventLog.load(InMemory(content[:cut]))
        assert list(log) == list(LOG)[: len(log)]
        assert log.torn is not None
        lengths.add(len(log))
    assert max(lengths) == len(LOG)


@pytest.mark.parametrize("line", [b'{"sender":"server","event":{"a":1}}', b'{"type":"a","b":[1,2]}'])
def test_a_capture_cut_at_any_byte_is_a_prefix_of_it(line: bytes) -> None:
    content = line + b"\n" + line + b"\n"
    for cut in range(len(content) + 1):
        log = EventLog.load(InMemory(content[:cut]))
        assert len(log) == (cut >= len(line)) + (cut >= 2 * len(line) + 1)
        assert (log.torn is None) == (cut in {0, len(line), len(line) + 1, len(content) - 1, len(content)})


def test_a_file_without_a_last_line_end_has_nothing_torn() -> None:
    log = EventLog.load(InMemory(written(LOG).rstrip(b"\n")))
    assert (list(log), log.torn) == (list(LOG), None)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"{"])
def test_a_file_killed_before_its_header_is_an_empty_log(content: bytes) -> None:
    log = EventLog.load(InMemory(content))
    assert (list(log), log.header) == ([], LogHeader(format=0))
    assert (
        log.stats().torn == log.torn == ("line 1 breaks off after 1 bytes and is left out" if content == b"{" else None)
    )


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n", b"PK", b"hello", b"[1,2]\n", b'{"a":1}\n{"a":2}\n', b"\n\nx\n"]
)
def test_what_is_no_log_is_refused(content: bytes) -> None:
    line = 3 if content.startswith(b"\n") else 1
    with pytest.raises(LogFormatError, match=f"memory:log.jsonl, line {line}: ") as caught:
        EventLog.load(InMemory(content))
    assert (caught.value.path, caught.value.line) == ("memory:log.jsonl", line)


def drop_a_byte(lines: list[bytes]) -> None:
    lines[3] = lines[3].replace(b"}", b"", 1)


def swap(lines: list[bytes]) -> None:
    lines[2], lines[3] = lines[3], lines[2]


def repeat(lines: list[bytes]) -> None:
    lines[3] = lines[2]


def put_a_header_in(lines: list[bytes]) -> None:
    lines[3] = lines[0]


def zero(lines: list[bytes]) -> None:
    lines[3] = bytes(len(lines[3]))


@pytest.mark.parametrize("damage", [drop_a_byte, swap, repeat, put_a_header_in, zero])
def test_damage_in_the_middle_is_raised_with_its_line(damage: Callable[[list[bytes]], None]) -> None:
    lines = written(LOG).splitlines()
    damage(lines)
    seen: list[LogRecord] = []
    with (
        pytest.raises(LogFormatError, match=r"memory:log\.jsonl, line 4: ") as caught,
        LogStream(InMemory(b"\n".join(lines))) as stream,
    ):
        seen.extend(stream)
    assert caught.value.line == 4
    assert len(seen) == (1 if damage is swap else 2) + (damage is swap)


def test_lines_that_were_cut_out_are_counted() -> None:
    lines = written(LOG).splitlines(keepends=True)
    log = EventLog.load(InMemory(b"".join([*lines[:3], *lines[5:]])))
    assert [record.seq for record in log] == [0, 1, 4, 5, 6]
    assert log.stats().missing == 2


def test_a_newer_format_says_to_upgrade() -> None:
    content = written(LOG).replace(b'"format":1', b'"format":2')
    with pytest.raises(
        LogFormatError, match="line 1: format 2 is newer than 1, the newest read here: upgrade realtime-sdk"
    ):
        EventLog.load(InMemory(content))


def test_gzip_files_one_after_another_are_one_file() -> None:
    lines = written(LOG).splitlines(keepends=True)
    content = b"".join(gzip.compress(line) for line in lines)
    assert list(EventLog.load(InMemory(content))) == list(LOG)


def test_a_damaged_gzip_file_is_refused() -> None:
    lines = written(LOG).splitlines(keepends=True)
    content = b"".join([gzip.compress(b"".join(lines[:4])), b"\x00" * 50])
    with pytest.raises(LogFormatError, match="line 5: the gzip stream is damaged"):
        EventLog.load(InMemory(content))
    damaged = bytearray(gzip.compress(b"".join(lines)))
    damaged[20] ^= 0xFF
    with pytest.raises(LogFormatError, match="line "):
        EventLog.load(InMemory(bytes(damaged)))


def test_a_line_beyond_all_bounds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "LONGEST_LINE", 3 << 20)
    log = said(SMALL, b"x" * (5 << 20))
    with pytest.raises(LogFormatError, match="line 3: the line is longer than 3145728 bytes"):
        EventLog.load(InMemory(written(log)))


def test_a_line_longer_than_a_chunk_is_whole() -> None:
    log = said(SMALL, b'{"a":"' + b"y" * (3 << 20) + b'"}', SMALL)
    assert list(EventLog.load(InMemory(written(log)))) == list(log)


def test_a_stream_needs_the_memory_of_a_few_lines(tmp_path: Path) -> None:
    log = EventLog(keep="all")
    for at in range(20_000):
        log.append("server", AUDIO, at_ns=at)
    log.save(tmp_path / "long.jsonl")
    del log
    size = (tmp_path / "long.jsonl").stat().st_size
    tracemalloc.start()
    try:
        with EventLog.stream(tmp_path / "long.jsonl") as stream:
            count = sum(1 for _ in stream)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 20_000
    assert size > 18_000_000
    assert peak < 6_000_000


def test_a_stream_that_is_left_early_closes_its_file(tmp_path: Path) -> None:
    LOG.save(tmp_path / "log.jsonl")
    with EventLog.stream(tmp_path / "log.jsonl") as stream:
        assert stream.header == HEADER
        assert next(iter(stream)) == LOG[0]
    assert list(stream) == []
    with EventLog.stream(str(tmp_path / "log.jsonl")):
        pass


def test_a_file_that_is_not_there_is_an_ordinary_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        EventLog.load(tmp_path / "none.jsonl")
