"""The log in memory: appended, indexed, bounded, counted."""

import logging
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from realtime_sdk.log import EventLog, Keep, LogHeader, LogRecord, LogStatistics, SinkError
from tests.log.frames import AUDIO, SMALL, innocent_frames

SECRET = b'{"type":"session.update","session":{"tools":[{"type":"mcp","authorization":"hunter2"}]}}'
CLEAN = SECRET.replace(b"hunter2", b"[redacted]")
POINTER = ("/session/tools/0/authorization",)
SILENT = AUDIO[: AUDIO.index(b"AAEC")] + b'"}'


def said(keep: Keep) -> EventLog:
    log = EventLog(keep=keep)
    log.append("local", b'{"type":"local.connection_opened"}', at_ns=0)
    log.append("client", SECRET, at_ns=10)
    log.append("server", AUDIO, at_ns=20)
    log.append("server", SMALL, at_ns=30)
    return log


RECORDS = (
    LogRecord(0, 0, "local", b'{"type":"local.connection_opened"}'),
    LogRecord(1, 10, "client", CLEAN, POINTER),
    LogRecord(2, 20, "server", AUDIO),
    LogRecord(3, 30, "server", SMALL),
)
WITHOUT_AUDIO = (*RECORDS[:2], LogRecord(2, 20, "server", SILENT, (), 800), RECORDS[3])
FIGURES = LogStatistics(
    records=4,
    kept=4,
    dropped=0,
    missing=0,
    by_sender={"client": 1, "server": 2, "local": 1},
    bytes=sum(len(record.frame) for record in RECORDS),
    redacted=1,
    audio_left_out=0,
    first_at_ns=0,
    last_at_ns=30,
    sink_errors=0,
    torn=None,
)


def changed(**fields: object) -> LogStatistics:
    return LogStatistics(**{name: fields.get(name, getattr(FIGURES, name)) for name in LogStatistics.__slots__})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("keep", "kept", "figures"),
    [
        ("all", RECORDS, FIGURES),
        ("without_audio", WITHOUT_AUDIO, changed(audio_left_out=1, bytes=FIGURES.bytes - 800)),
        (2, RECORDS[2:], changed(kept=2, dropped=2)),
        (9, RECORDS, FIGURES),
        (0, (), changed(kept=0, dropped=4)),
        ("none", (), changed(kept=0, dropped=4)),
    ],
)
def test_a_log_keeps_what_its_policy_says_and_counts_the_rest(
    keep: Keep, kept: tuple[LogRecord, ...], figures: LogStatistics
) -> None:
    log = said(keep)
    assert tuple(log) == kept
    assert len(log) == len(kept)
    assert log.stats() == log.stats() == figures
    assert log.append("server", AUDIO, at_ns=40) == LogRecord(4, 40, "server", AUDIO)
    assert log.stats().records == 5


def test_a_policy_that_is_none_is_refused() -> None:
    for keep in ("some", -1, None):
        with pytest.raises(ValueError, match="keep is"):
            EventLog(keep=keep)  # type: ignore[arg-type]


def test_a_record_holds_the_very_bytes_that_came() -> None:
    log = EventLog()
    assert log.append("server", AUDIO, at_ns=None).frame is AUDIO
    assert log[0].frame is AUDIO
    assert log[0].at_ns is None


@given(innocent_frames)
def test_any_frame_stays_byte_for_byte(frame: bytes) -> None:
    log = EventLog()
    assert log.append("server", frame, at_ns=1) == LogRecord(0, 1, "server", frame)


def test_another_sender_is_refused() -> None:
    log = EventLog()
    with pytest.raises(ValueError, match="a sender is one of client, server, local"):
        log.append("proxy", b"{}", at_ns=0)  # type: ignore[arg-type]
    assert len(log) == 0


@pytest.mark.parametrize("keep", ["all", 3])
def test_indexes_and_slices_go_over_what_is_kept(keep: Keep) -> None:
    log = said(keep)
    kept = RECORDS[-len(log) :]
    assert [log[at] for at in range(len(log))] == list(kept)
    assert log[-1] == kept[-1]
    ends = (None, -5, -1, 0, 1, 2, 9)
    for start, stop, step in product(ends, ends, (None, 1, 2, -1)):
        assert log[start:stop:step] == kept[start:stop:step]
    with pytest.raises(IndexError):
        log[4]


@pytest.mark.parametrize("keep", ["all", 3])
def test_an_iteration_goes_over_what_was_kept_when_it_began(keep: Keep) -> None:
    log = said(keep)
    seen = []
    for record in log:
        log.append("server", SMALL, at_ns=99)
        seen.append(record)
    assert tuple(seen) == RECORDS[-len(seen) :]
    assert len(seen) == (4 if keep == "all" else 3)


@given(st.lists(st.sampled_from([None, 1, 2, 5])), st.sampled_from(["all", "without_audio", "none", 0, 1, 3]))
def test_the_figures_are_the_same_whenever_they_are_asked_for(times: list[int | None], keep: Keep) -> None:
    asked, unasked = EventLog(keep=keep), EventLog(keep=keep)
    for at_ns in times:
        asked.append("client", SMALL, at_ns=at_ns)
        unasked.append("client", SMALL, at_ns=at_ns)
        asked.stats()
    known = [at_ns for at_ns in times if at_ns is not None]
    assert asked.stats() == unasked.stats()
    assert asked.stats().first_at_ns == (known[0] if known else None)
    assert asked.stats().last_at_ns == (known[-1] if known else None)


class Broken:
    """A sink that fails at its nth record, and once more when it is closed."""

    def __init__(self, at: int, error: Exception) -> None:
        self.left = at
        self.error = error
        self.closed = 0

    def write(self, record: LogRecord) -> None:
        self.left -= 1
        if self.left < 0:
            raise self.error

    def close(self) -> None:
        self.closed += 1
        raise self.error


def test_every_sink_gets_every_record_from_when_it_was_added() -> None:
    log = EventLog(keep="without_audio")
    early: list[LogRecord] = []
    late: list[LogRecord] = []
    log.add_sink(early.append)
    log.append("client", SECRET, at_ns=1)
    log.add_sink(late.append)
    log.append("server", AUDIO, at_ns=2)
    log.remove_sink(early.append)
    log.append("server", SMALL, at_ns=3)
    assert early == [LogRecord(0, 1, "client", CLEAN, POINTER), LogRecord(1, 2, "server", AUDIO)]
    assert late == [LogRecord(1, 2, "server", AUDIO), LogRecord(2, 3, "server", SMALL)]


def test_a_sink_that_fails_is_reported_and_detached_and_all_else_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    told: list[SinkError] = []
    before: list[LogRecord] = []
    after: list[LogRecord] = []
    broken = Broken(1, ValueError(f"cannot take {SMALL!r}"))
    log = EventLog(on_sink_error=told.append)
    for sink in (before.append, broken, after.append):
        log.add_sink(sink)
    for at_ns in range(3):
        log.append("server", SMALL, at_ns=at_ns)
    assert before == after == list(log)
    assert len(log) == 3
    assert broken.closed == 1
    assert told == list(log.sink_errors) == [SinkError(broken, broken.error, 1)]
    assert log.stats().sink_errors == 1
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, "log sink Broken failed at record 1 and was detached: ValueError")
    ]


def test_who_is_told_of_a_failing_sink_may_fail_too(caplog: pytest.LogCaptureFixture) -> None:
    def tell(failure: SinkError) -> None:
        raise RuntimeError(SMALL)

    log = EventLog(on_sink_error=tell)
    log.add_sink(Broken(0, OSError(28, "No space left on device")))
    log.append("server", SMALL, at_ns=0)
    assert len(log) == 1
    assert [record.getMessage() for record in caplog.records] == [
        "log sink Broken failed at record 0 and was detached: OSError: No space left on device",
        "on_sink_error raised RuntimeError",
    ]


def test_closing_a_log_closes_its_sinks_and_reports_what_fails() -> None:
    broken = Broken(9, ValueError())
    with EventLog() as log:
        log.add_sink(broken)
        log.append("server", SMALL, at_ns=0)
    assert broken.closed == 1
    assert log.sink_errors == (SinkError(broken, broken.error, 1),)
    log.append("server", SMALL, at_ns=1)
    log.close()
    assert (len(log), broken.closed, broken.left) == (2, 1, 8)


def test_a_log_goes_on_after_it_was_loaded(tmp_path: Path) -> None:
    said(2).save(tmp_path / "tail.jsonl")
    log = EventLog.load(tmp_path / "tail.jsonl")
    assert [record.seq for record in log] == [2, 3]
    assert log.append("client", SMALL, at_ns=50).seq == 4
    assert log.stats() == changed(
        records=3, kept=3, by_sender={"client": 1, "server": 2, "local": 0}, redacted=0, first_at_ns=20, last_at_ns=50,
        bytes=len(AUDIO) + 2 * len(SMALL),
    )  # fmt: skip


@pytest.mark.parametrize("keep", ["all", "without_audio", 2, "none"])
def test_a_file_can_be_loaded_under_any_policy(keep: Keep, tmp_path: Path) -> None:
    said("all").save(tmp_path / "all.jsonl")
    log = EventLog.load(tmp_path / "all.jsonl", keep=keep)
    assert tuple(log) == tuple(said(keep))
    assert log.stats() == said(keep).stats()
    assert log.append("client", SMALL, at_ns=50).seq == 4


def test_the_header_is_the_callers() -> None:
    header = LogHeader(dialect="openai", started_at="2026-11-24T10:00:00Z", meta={"call": 7})
    assert EventLog(header).header is header
    assert EventLog().header == LogHeader(format=1)
    assert repr(said(2)) == "<EventLog of 2 records, keep=2>"
