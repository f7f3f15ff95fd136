"""What `show` says of a log: golden texts of two logs written by hand, and of every recorded session."""

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from realtime_sdk.cli.app import run
from realtime_sdk.cli.ending import FAILED, Ending
from realtime_sdk.cli.show import read
from realtime_sdk.fold import replay
from realtime_sdk.log import EventLog, LogHeader
from realtime_sdk.state import summary
from tests.cli.command import HERE

INTERRUPTED = HERE / "interrupted.jsonl"
TOOLS = HERE / "tools.jsonl"


@pytest.fixture(autouse=True)
def _a_plain_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


def shown(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """What `show` prints to stdout, where it prints nothing else and ends well."""
    assert run(["show", *map(str, arguments)]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out


@pytest.mark.parametrize("log", [INTERRUPTED, TOOLS], ids=lambda path: path.stem)
def test_a_log_reads_as_the_conversation_it_holds(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, log) == log.with_suffix(".txt").read_text("utf-8")


def test_a_log_is_shown_as_it_stood_after_some_of_its_records(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, INTERRUPTED, "--at", "13").splitlines() == [
        "session    sess_1, gpt-realtime-2.1, dialect openai, 13 records",
        "user       Book a table for two at Joe's.",
        'call       book {"seats": 2,  [in progress]',
        "response   in progress  [resp_1]",
        "usage      no tokens stated",
        "usage      transcription: 2 s of speech",
    ]
    assert shown(capsys, INTERRUPTED, "--at", "0").splitlines() == [
        "session    dialect openai, 0 records",
        "usage      no tokens stated",
    ]


def test_who_speaks_and_who_waits_is_shown_while_it_is_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, INTERRUPTED, "--at", "4").splitlines()[1] == "user       [speaking]"
    assert shown(capsys, INTERRUPTED, "--at", "8").splitlines()[1] == "user       (1.4 s of speech, not transcribed)"
    assert shown(capsys, INTERRUPTED, "--at", "17").splitlines()[2].endswith("  [waits for its output]")
    assert not shown(capsys, INTERRUPTED, "--at", "20").splitlines()[2].endswith("]")


def test_an_empty_file_holds_an_empty_conversation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "new.jsonl").touch()
    assert shown(capsys, tmp_path / "new.jsonl").splitlines() == [
        "session    dialect openai, 0 records",
        "usage      no tokens stated",
    ]


def test_a_gzipped_log_reads_like_the_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packed = tmp_path / "log.jsonl.gz"
    packed.write_bytes(gzip.compress(INTERRUPTED.read_bytes()))
    assert shown(capsys, packed) == INTERRUPTED.with_suffix(".txt").read_text("utf-8")


def test_a_named_dialect_is_how_the_frames_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "dialect azure, " in shown(capsys, INTERRUPTED, "--dialect", "azure", "--at", "0")
    text = {"type": "response.text.delta", "response_id": "r", "item_id": "i", "output_index": 0, "content_index": 0}
    log = tmp_path / "log.jsonl"
    log.write_text(json.dumps({**text, "event_id": "e", "delta": "Hello"}) + "\n", "utf-8")
    assert "unknown_event" not in shown(capsys, log)
    assert "anomaly    unknown_event: " in shown(capsys, log, "--dialect", "openai")


def test_a_log_of_a_dialect_that_is_not_known_can_be_read_as_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log.jsonl"
    EventLog(LogHeader(dialect="martian")).save(log)
    assert run(["show", str(log)]) == FAILED
    told = capsys.readouterr().err
    assert told.startswith("realtime-sdk: the log names its dialect, and no dialect is called 'martian'")
    assert told.endswith(" (--dialect reads it as another)\n")
    assert "dialect beta, 0 records" in shown(capsys, log, "--dialect", "beta")


def test_frames_of_all_kinds_that_are_no_events_are_anomalies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = EventLog()
    log.append("server", b"not json", at_ns=None)
    log.append("server", b"\xff", at_ns=None)
    log.save(tmp_path / "log.jsonl")
    assert [line.split(":")[0] for line in shown(capsys, tmp_path / "log.jsonl").splitlines()[1:]] == [
        "anomaly    not_json",
        "anomaly    not_json",
        "usage      no tokens stated",
    ]


# --- json -----------------------------------------------------------------------------------------------------------


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shown(capsys, *arguments, "--json"))
    return found


def test_json_is_one_object_with_everything_that_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    found = as_json(capsys, INTERRUPTED)
    assert list(found) == [
        "session",
        "items",
        "responses",
        "usage",
        "pending_calls",
        "errors",
        "anomalies",
        "epochs",
        "dialect",
    ]
    assert found == summary(replay(EventLog.load(INTERRUPTED)), dialect="openai")
    assert found["items"][3] == {
        "id": "item_4",
        "type": "message",
        "role": "assistant",
        "status": "incomplete",
        "text": "Your table is booked for seven.",
        "input_transcript": None,
        "heard_text": "Your table is",
        "truncated_ms": 3,
        "name": None,
        "call_id": None,
        "arguments": None,
        "output": None,
    }


def test_json_of_a_torn_log_says_so_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", str(TOOLS), "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == "realtime-sdk: line 20 breaks off after 51 bytes and is left out\n"
    assert json.loads(printed.out)["pending_calls"] == [
        {"item_id": "item_8", "call_id": "call_1", "name": "smell", "arguments": "{}"}
    ]


def test_json_stops_after_some_records_too(capsys: pytest.CaptureFixture[str]) -> None:
    found = as_json(capsys, INTERRUPTED, "--at", "6")
    assert (found["items"], found["responses"], found["session"]["id"]) == ([], {}, "sess_1")
    assert as_json(capsys, INTERRUPTED, "--at", "0")["session"] is None


# --- recorded sessions ----------------------------------------------------------------------------------------------


def test_every_recorded_session_is_shown_in_both_forms(shared_logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in sorted(shared_logs.glob("*.jsonl")):
        text, found = shown(capsys, path), as_json(capsys, path)
        log = EventLog.load(path)
        assert f"{len(log)} records" in text.splitlines()[0]
        assert found == summary(replay(log), dialect=found["dialect"])
        for item in found["items"]:
            words = item["text"] or item["input_transcript"] or item["output"] or item["name"] or "("
            assert words.strip() in text


def test_a_recorded_conversation_reads_like_one(shared_logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    azure = shown(capsys, shared_logs / "azure-spoken-turn-tool-audio-answer.jsonl")
    assert azure.splitlines()[1:5] == [
        "user       Hello, my name is Marcelo.",
        'call       remember_name {"name": "Marcelo"}',
        "output     Stored Marcelo.",
        "assistant  Hello Marcelo, it's great to meet you! How can I help you today?",
    ]
    failed = shown(capsys, shared_logs / "azure-transcription-failed.jsonl")
    assert "transcription failed: DeploymentNotFound" in failed.splitlines()[1]


def test_any_number_of_records_of_a_recording_can_be_shown(
    shared_logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = shared_logs / "ga-tool-call-round.jsonl"
    log = EventLog.load(path)
    for at in range(0, len(log) + 1, 5):
        assert as_json(capsys, path, "--at", str(at)) == summary(replay(log, until=at), dialect="openai")


# --- what cannot be shown -------------------------------------------------------------------------------------------


def test_a_number_beyond_the_end_is_refused() -> None:
    assert read(INTERRUPTED, at=38).records == 38
    with pytest.raises(Ending, match="beyond the end: the log has 38 records") as caught:
        read(INTERRUPTED, at=39)
    assert caught.value.code == 2


def test_a_damaged_log_says_where_and_how_to_see_what_stands_before(tmp_path: Path) -> None:
    lines = INTERRUPTED.read_bytes().splitlines(keepends=True)
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join([*lines[:10], b"{broken}\n", *lines[10:]]))
    with pytest.raises(Ending, match=r"log\.jsonl, line 11: .*\(--at 9 shows what stands before it\)$") as caught:
        read(log)
    assert caught.value.code == 1
    assert read(log, at=9).records == 9


def test_a_log_of_twice_the_length_takes_no_more_memory(tmp_path: Path) -> None:
    short, long = tmp_path / "short.jsonl", tmp_path / "long.jsonl"
    line = json.dumps({"sender": "client", "event": {"type": "input_audio_buffer.append", "audio": "A" * 30_000}})
    short.write_text(f"{line}\n" * 700, "utf-8")
    long.write_text(f"{line}\n" * 1_400, "utf-8")
    read(short, at=1)  # what is imported and built once
    assert _peak_of_reading(long) < 1.1 * _peak_of_reading(short)


def _peak_of_reading(log: Path) -> int:
    tracemalloc.start()
    read(log)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak
