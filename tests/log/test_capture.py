"""Captures of other tools: events with a sender, bare events, recordings of real sessions."""

import json
from pathlib import Path

import pytest

from realtime_sdk.log import EventLog, LogHeader, LogRecord
from realtime_sdk.log.capture import CLIENT_TYPES, sender_of
from realtime_sdk.protocol.registries import BETA, GA, TRANSLATION


def write(path: Path, *lines: bytes, end: bytes = b"\n") -> Path:
    path.write_bytes(b"".join(line + end for line in lines))
    return path


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_events_with_a_sender_are_read_without_times(tmp_path: Path, mark: bytes, end: bytes) -> None:
    path = write(
        tmp_path / "capture.jsonl",
        mark + b'{"sender":"server","event":{"type":"session.created"}}',
        b'{"event": {"b" : 1.0}, "sender": "client", "note": "foreign"}',
        b"",
        b'{"sender":"server","text":"not json"}',
        end=end,
    )
    log = EventLog.load(path)
    assert log.header == LogHeader(format=0)
    assert list(log) == [
        LogRecord(0, None, "server", b'{"type":"session.created"}'),
        LogRecord(1, None, "client", b'{"b" : 1.0}'),
        LogRecord(2, None, "server", b"not json"),
    ]
    assert (log.stats().first_at_ns, log.torn) == (None, None)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_bare_events_are_told_apart_by_their_type(tmp_path: Path, end: bytes) -> None:
    lines = (
        b'{"type":"session.created", "session":{}}',
        b'{"type":"session.update"}',
        b'{"event_id":"e","type":"something.new"}',
        b'{"type":"local.playback_heard"}',
        b'{"type":null}',
    )
    log = EventLog.load(write(tmp_path / "bare.jsonl", *lines, end=end))
    senders = ("server", "client", "server", "local", "server")
    assert list(log) == [LogRecord(seq, None, senders[seq], line) for seq, line in enumerate(lines)]


def test_a_log_that_lost_its_header_keeps_its_places_and_times(tmp_path: Path) -> None:
    log = EventLog()
    for at_ns in range(3):
        log.append("server", b"not json", at_ns=at_ns)
    log.save(tmp_path / "log.jsonl")
    lines = (tmp_path / "log.jsonl").read_bytes().splitlines()[2:]
    assert list(EventLog.load(write(tmp_path / "tail.jsonl", *lines))) == list(log)[1:]


def test_secrets_in_a_capture_do_not_enter_the_log(tmp_path: Path) -> None:
    lines = (
        b'{"sender":"server","event":{"client_secret":{"value":"ek_1"}}}',
        b'{"sender":"client","text":"Authorization: Bearer abc"}',
        b'{"sender":"client","redacted":["/a","/b"],"event":{"a":"[redacted]","b":"ek_1","c":"ek_1"}}',
    )
    assert list(EventLog.load(write(tmp_path / "capture.jsonl", *lines))) == [
        LogRecord(0, None, "server", b'{"client_secret":{"value":"[redacted]"}}', ("/client_secret/value",)),
        LogRecord(1, None, "client", b"Authorization: [redacted]", ("",)),
        LogRecord(2, None, "client", b'{"a":"[redacted]","b":"[redacted]","c":"[redacted]"}', ("/a", "/b", "/c")),
    ]


def test_the_clients_words_are_those_of_the_protocol() -> None:
    clients = {name for registry in (GA, BETA, TRANSLATION) for name in registry.client}
    servers = {name for registry in (GA, BETA, TRANSLATION) for name in registry.server}
    assert clients == CLIENT_TYPES
    assert {sender_of(name) for name in servers} == {"server"}


def test_the_recordings_are_read_as_they_are(shared_logs: Path, tmp_path: Path) -> None:
    paths = sorted(shared_logs.glob("*.jsonl"))
    assert len(paths) > 10
    for path in paths:
        log = EventLog.load(path)
        values = [json.loads(line) for line in path.read_bytes().splitlines()]
        assert [(record.sender, json.loads(record.frame)) for record in log] == [
            (value["sender"], value["event"]) for value in values
        ]
        assert all(record.at_ns is None and record.redacted == () for record in log)
        assert sum(path.read_bytes().count(record.frame) > 0 for record in log) == len(log)
        for name in ("copy.jsonl", "copy.jsonl.gz"):
            log.save(tmp_path / name)
            copy = EventLog.load(tmp_path / name)
            assert list(copy) == list(log)
            assert copy.header == LogHeader(format=1)
