"""Secrets planted everywhere, and everything that is written searched for them."""

import gzip
import json
import logging
from base64 import b64encode
from pathlib import Path

import pytest

from realtime_sdk.log import Durability, EventLog, FileSink, Keep, LogHeader, LogRecord
from tests.log.frames import AUDIO

MARK = "PLANTED"
EPHEMERAL = f"ek_{MARK}0123456789abcdef"
KEY = f"sk-proj-{MARK}_0123-456789"
VALUE = f"{MARK}-plain-value"
ESCAPED = "".join(f"\\u{ord(char):04x}" for char in EPHEMERAL)


def to_json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def tool(**fields: object) -> dict[str, object]:
    return {"type": "mcp", "server_label": "docs", **fields}


FRAMES = [
    to_json({"type": "session.update", "session": {"tools": [tool(authorization=VALUE, headers={"X-Any": VALUE})]}}),
    to_json({"type": "response.create", "response": {"tools": [tool(), tool(headers={"a": VALUE, "b": [VALUE]})]}}),
    to_json({"type": "session.created", "session": {"client_secret": {"value": EPHEMERAL, "expires_at": 1}}}),
    to_json({"value": EPHEMERAL, "expires_at": 1, "session": {"api_key": VALUE, "apiKey": VALUE, "API-KEY": VALUE}}),
    to_json({"type": "conversation.item.create", "item": {"content": [{"text": f"use {EPHEMERAL} or {KEY}."}]}}),
    to_json({"type": "response.function_call_arguments.done", "arguments": json.dumps({"api_key": VALUE})}),
    to_json({"item": {"output": json.dumps({"deep": json.dumps({"authorization": VALUE})})}}),
    to_json({"type": "error", "error": {"message": f"Incorrect API key provided: {KEY}", "param": f"Bearer {KEY}"}}),
    to_json(
        {EPHEMERAL: {"a": [[[EPHEMERAL]]]}, "url": f"wss://h/v1?x=%20{EPHEMERAL}#openai-insecure-api-key.{EPHEMERAL}"}
    ),
    f'{{"a":"{ESCAPED}","\\u0061uthorization":"{VALUE}"}}'.encode(),
    f'{{"type":"session.update",\n "authorization" : "{VALUE}",\r\n "k":"{KEY}"}}'.encode(),
    f'{{"authorization":"{VALUE}'.encode(),
    f"HTTP/1.1 101\r\nAuthorization: Bearer {VALUE}\r\napi-key: {VALUE}\r\n".encode(),
    b"\xff\xfe" + EPHEMERAL.encode() + b"\xff" + KEY.encode() + b"\x00",
    AUDIO[:-1] + to_json({"authorization": VALUE}).replace(b"{", b","),
    AUDIO.replace(b'"event_2"', to_json(EPHEMERAL)),
    AUDIO.replace(b'"delta":"', b'"delta":"' + EPHEMERAL.encode() + b"/"),
    to_json({"item": {"content": [{"audio": "AAAA" * 300, "transcript": EPHEMERAL}]}}),
]
HEADER = LogHeader(dialect="openai", meta={"headers": {"Authorization": f"Bearer {VALUE}"}, "note": EPHEMERAL})


def assert_clean(content: bytes) -> None:
    """Neither the mark itself, nor the mark behind escapes or in base64, stands in this."""
    assert MARK.encode() not in content
    assert b"\\u0050\\u004c" not in content
    for shift in range(3):
        assert b64encode(b"\0" * shift + MARK.encode())[4:-4] not in content


def all_of(log: EventLog) -> list[bytes]:
    return [record.frame + repr(record.redacted).encode() for record in log]


@pytest.mark.parametrize("keep", ["all", "without_audio", 5, "none"])
def test_no_secret_is_kept_or_written_anywhere(keep: Keep, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def fail(record: LogRecord) -> None:
        raise ValueError(record)

    caplog.set_level(logging.DEBUG)
    seen: list[LogRecord] = []
    with EventLog(HEADER, keep=keep) as log:
        for name, durability in (("a.jsonl", Durability()), ("b.jsonl.gz", Durability(flush_every_ms=None))):
            log.add_sink(FileSink(tmp_path / name, HEADER, durability=durability))
        log.add_sink(fail)
        log.add_sink(seen.append)
        for at, frame in enumerate(FRAMES):
            assert MARK.encode() in frame or ESCAPED.encode() in frame
            assert log.append("client" if at % 2 else "server", frame, at_ns=at).redacted
    log.save(tmp_path / "c.jsonl")
    log.save(tmp_path / "d.jsonl.gz")
    EventLog.load(tmp_path / "a.jsonl").save(tmp_path / "e.jsonl")

    written = sorted(tmp_path.iterdir())
    assert [path.name for path in written] == ["a.jsonl", "b.jsonl.gz", "c.jsonl", "d.jsonl.gz", "e.jsonl"]
    for path in written:
        content = path.read_bytes()
        assert_clean(gzip.decompress(content) if path.suffix == ".gz" else content)
    for frame in (*all_of(log), *(record.frame for record in seen), caplog.text.encode(), repr(log.stats()).encode()):
        assert_clean(frame)
    assert log.stats().redacted == len(FRAMES)
    assert len(EventLog.load(tmp_path / "b.jsonl.gz")) == len(FRAMES)


def test_frames_without_a_secret_lose_nothing_between_them() -> None:
    for frame in FRAMES[:9]:
        clean = EventLog().append("client", frame, at_ns=0).frame
        parts = clean.split(b"[redacted]")
        assert frame.startswith(parts[0])
        assert frame.endswith(parts[-1])
        at = 0
        for part in parts:
            at = frame.index(part, at) + len(part)
