"""The file that grows with the session: who may read it, when it reaches the disk, what happens when it cannot."""

import errno
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime_sdk.log import Durability, EventLog, FileSink, LogHeader, LogRecord, file_sink as file_sink_module
from tests.log.frames import AUDIO, SMALL
from tests.log.test_stream import InMemory

HEADER = LogHeader(dialect="openai", started_at="2026-11-24T10:00:00Z")
FULL = Path("/dev/full")
needs_a_full_disk = pytest.mark.skipif(not FULL.exists(), reason="no /dev/full on this system")


@pytest.fixture(params=["log.jsonl", "log.jsonl.gz"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / str(request.param)


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def ticks(step_ms: int) -> Iterator[int]:
    now_ns = 0
    while True:
        yield now_ns
        now_ns += step_ms * 1_000_000


def filled(log: EventLog, count: int) -> EventLog:
    for at in range(count):
        log.append("server", SMALL, at_ns=at)
    return log


@pytest.mark.parametrize(
    "durability",
    [Durability(), Durability(flush_every_ms=None), Durability(flush_every_ms=50), Durability(fsync_every_ms=0)],
)
def test_a_closed_file_holds_the_whole_log(path: Path, durability: Durability) -> None:
    with EventLog(HEADER) as log:
        log.add_sink(FileSink(path, HEADER, durability=durability))
        filled(log, 300).append("client", AUDIO, at_ns=None)
    loaded = EventLog.load(path)
    assert (loaded.header, list(loaded), loaded.torn) == (HEADER, list(log), None)


def test_a_log_without_records_is_a_file_with_a_header(path: Path) -> None:
    FileSink(path, HEADER).close()
    assert (EventLog.load(path).header, len(EventLog.load(path))) == (HEADER, 0)


def test_each_record_can_be_read_as_soon_as_it_is_written(path: Path) -> None:
    with EventLog() as log:
        log.add_sink(FileSink(path))
        for count in range(1, 4):
            filled(log, 1)
            assert len(EventLog.load(path)) == count


def test_records_may_gather_until_their_interval_is_over(tmp_path: Path) -> None:
    clock = ticks(40)
    with EventLog() as log:
        log.add_sink(
            FileSink(tmp_path / "log", durability=Durability(flush_every_ms=100), clock_ns=lambda: next(clock))
        )
        assert [len(EventLog.load(tmp_path / "log")) for _ in range(7) if filled(log, 1)] == [0, 0, 3, 3, 3, 6, 6]
    assert len(EventLog.load(tmp_path / "log")) == 7


def test_records_without_an_interval_gather_until_the_buffer_is_full(tmp_path: Path) -> None:
    with EventLog() as log:
        log.add_sink(FileSink(tmp_path / "log", durability=Durability(flush_every_ms=None)))
        filled(log, 1)
        assert len(EventLog.load(tmp_path / "log")) == 0
        filled(log, 2_000)
        assert 1_000 < len(EventLog.load(tmp_path / "log")) < 2_001
    assert len(EventLog.load(tmp_path / "log")) == 2_001


@pytest.mark.parametrize(
    ("durability", "syncs"),
    [
        (Durability(), 0),
        (Durability(fsync_every_ms=0), 6 + 1),
        (Durability(fsync_every_ms=100), 2 + 1),
        (Durability(flush_every_ms=None, fsync_every_ms=100), 2 + 1),
    ],
)
def test_records_are_synced_as_often_as_asked(
    durability: Durability, syncs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(file_sink_module.os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    clock = ticks(40)
    with EventLog() as log:
        log.add_sink(FileSink(tmp_path / "log", durability=durability, clock_ns=lambda: next(clock)))
        filled(log, 6)
    assert len(synced) == syncs
    assert synced == sorted(synced)
    assert synced[-1:] in ([], [(tmp_path / "log").stat().st_size])


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_only_the_owner_may_read_what_is_written(path: Path, open_umask: None) -> None:
    FileSink(path).close()
    assert mode(path) == 0o600
    path.write_bytes(b"")
    path.chmod(0o666)
    FileSink(path).close()
    assert mode(path) == 0o600
    path.chmod(0o666)
    FileSink(path, replace=True).close()
    assert mode(path) == 0o600
    path.chmod(0o666)
    filled(EventLog(), 3).save(path)
    assert mode(path) == 0o600


def test_a_file_with_something_in_it_is_not_overwritten_unasked(path: Path) -> None:
    path.write_bytes(b"the only recording")
    with pytest.raises(FileExistsError, match="has something in it"):
        FileSink(path)
    assert path.read_bytes() == b"the only recording"
    FileSink(path, HEADER, replace=True).close()
    assert EventLog.load(path).header == HEADER


def test_a_folder_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FileSink(tmp_path / "none" / "log.jsonl")


@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.gz"])
def test_a_path_that_opens_itself_is_written_and_read(name: str) -> None:
    place = InMemory(name=name)
    with EventLog() as log:
        log.add_sink(FileSink(place))
        for count in range(1, 4):
            filled(log, 1)
            assert place.flushed == count
    assert list(EventLog.load(place)) == list(log)
    assert place.content.startswith(b"\x1f\x8b") == name.endswith(".gz")
    with pytest.raises(ValueError, match="only a file of this machine can be synced"):
        FileSink(place, durability=Durability(fsync_every_ms=0))


@needs_a_full_disk
@pytest.mark.parametrize("durability", [Durability(), Durability(flush_every_ms=None), Durability(fsync_every_ms=0)])
def test_a_full_disk_is_reported_and_the_log_goes_on(durability: Durability, caplog: pytest.LogCaptureFixture) -> None:
    others: list[LogRecord] = []
    with EventLog() as log:
        full = FileSink(FULL, HEADER, durability=durability)
        log.add_sink(full)
        log.add_sink(others.append)
        filled(log, 2_000)
    assert others == list(log)
    assert len(log) == 2_000
    [failure] = log.sink_errors
    assert failure.sink is full
    assert isinstance(failure.error, OSError)
    assert failure.error.errno == errno.ENOSPC
    assert (failure.seq == 0) == (durability.flush_every_ms == 0)
    assert [record.getMessage() for record in caplog.records] == [
        f"log sink FileSink failed at record {failure.seq} and was detached: OSError: No space left on device"
    ]
    assert FULL.is_char_device()


@needs_a_full_disk
def test_saving_to_a_full_disk_is_an_error() -> None:
    with pytest.raises(OSError, match="No space left on device"):
        filled(EventLog(), 3).save(FULL)
    assert FULL.is_char_device()


@pytest.mark.parametrize("durability", [Durability(), Durability(flush_every_ms=None)])
def test_a_disk_that_takes_only_a_part_leaves_a_torn_file(path: Path, durability: Durability) -> None:
    resource = pytest.importorskip("resource")
    signal = pytest.importorskip("signal")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with EventLog() as log:
        log.add_sink(FileSink(path, HEADER, durability=durability))
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1010, before[1]))
            for at in range(2_000):
                log.append("server", b'{"n":"%d"}' % at**40, at_ns=at)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, ignored)
    [failure] = log.sink_errors
    assert isinstance(failure.error, OSError)
    assert failure.error.errno == errno.EFBIG
    loaded = EventLog.load(path)
    assert list(loaded) == list(log)[: len(loaded)]
    assert len(loaded) == failure.seq if durability == Durability() else 0 < len(loaded) < failure.seq
    assert path.stat().st_size == 1010
    assert loaded.torn is not None


def test_a_saved_log_replaces_the_file_or_leaves_it_alone(path: Path) -> None:
    first = filled(EventLog(HEADER), 3)
    first.save(path)
    link = path.with_name("link" + path.name)
    link.symlink_to(path)
    filled(first, 1).save(link)
    assert link.is_symlink()
    assert list(EventLog.load(path)) == list(first)
    content = path.read_bytes()
    with pytest.raises(ValueError, match="serialize"):
        EventLog(LogHeader(meta={"cannot": object()})).save(path)
    assert path.read_bytes() == content
    assert sorted(entry.name for entry in path.parent.iterdir()) == sorted([path.name, link.name])


def test_a_record_that_no_reader_would_take_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime_sdk.log.format.LONGEST_LINE", 500)
    with EventLog() as log:
        log.add_sink(FileSink(tmp_path / "log.jsonl"))
        log.append("server", SMALL, at_ns=0)
        log.append("server", AUDIO, at_ns=1)
    assert [failure.seq for failure in log.sink_errors] == [1]
    assert list(EventLog.load(tmp_path / "log.jsonl")) == list(log)[:1]


def test_closing_twice_is_closing_once(path: Path) -> None:
    sink = FileSink(path, HEADER)
    sink.close()
    content = path.read_bytes()
    sink.close()
    assert path.read_bytes() == content
    assert repr(sink) == f"FileSink({str(path)!r})"
