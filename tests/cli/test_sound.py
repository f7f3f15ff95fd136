"""What `tracks`, `log pack` and `log unpack` do and say."""

from pathlib import Path

import pybase64
import pytest
from pydantic_core import to_json

from realtime_sdk.audio.wav import read_wav
from realtime_sdk.cli.app import run
from realtime_sdk.log import EventLog, LogHeader


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log in which 500 ms of an answer of a second were heard."""
    monkeypatch.chdir(tmp_path)
    log = EventLog(LogHeader(dialect="openai"))
    sound = pybase64.b64encode(b"\x00\x10\x00\xf0" * 6_000).decode()
    place = {"event_id": "e", "response_id": "r", "item_id": "item_1", "output_index": 0, "content_index": 0}
    for at_ms in (0, 100):
        frame = to_json({"type": "response.output_audio.delta", **place, "delta": sound})
        log.append("server", frame, at_ns=at_ms * 1_000_000)
    cut = {"event_id": "e", "item_id": "item_1", "content_index": 0, "audio_end_ms": 500}
    log.append("server", to_json({"type": "conversation.item.truncated", **cut}), at_ns=600_000_000)
    log.save("call.jsonl")
    return Path("call.jsonl")


def said(capsys: pytest.CaptureFixture[str], *arguments: str | Path, code: int = 0) -> str:
    assert run([*map(str, arguments)]) == code
    printed = capsys.readouterr()
    return printed.err if code else printed.out


def test_tracks_are_written_as_heard(call: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "tracks", call) == (
        "call.wav: user 0.000 s, assistant 0.500 s\ncut item_1: 0.500 s of 1.000 s were heard\n"
    )
    assert read_wav("call.wav").duration_ms == 500


def test_tracks_of_a_log_without_sound_say_that_they_are_silent(call: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bare = EventLog(LogHeader(dialect="openai"), keep="without_audio")
    for record in EventLog.load(call):
        bare.append(record.sender, record.frame, at_ns=record.at_ns)
    bare.save("bare.jsonl")
    assert said(capsys, "tracks", "bare.jsonl").splitlines() == [
        "bare.wav: user 0.000 s, assistant 0.500 s",
        "cut item_1: 0.500 s of 1.000 s were heard",
        "2 records are silence: the log was kept without their sound",
    ]


def test_tracks_are_written_as_generated_where_one_wants_them(call: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = "all.flac: user 0.000 s, assistant 1.000 s\n"
    arguments = ("tracks", call, "-o", "all.flac", "--layout", "mixed", "--generated")
    assert said(capsys, *arguments) == line
    assert "all.flac is there already; --force overwrites it\n" in said(capsys, *arguments, code=2)
    assert said(capsys, *arguments, "--force") == line


def test_a_log_is_packed_and_whole_again(call: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = call.read_bytes()
    packed = said(capsys, "log", "pack", call)
    assert packed.startswith("call.packed.jsonl: 2 of 3 records packed, ")
    call.unlink()
    assert said(capsys, "log", "unpack", "call.packed.jsonl") == "call.jsonl\n"
    assert call.read_bytes() == before


def test_a_packed_log_shows_and_sounds_like_the_whole_one(call: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = said(capsys, "show", call, "--json")
    said(capsys, "log", "pack", call)
    assert said(capsys, "show", "call.packed.jsonl", "--json") == whole
    assert "assistant 0.500 s" in said(capsys, "tracks", "call.packed.jsonl")


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (("tracks", "none.jsonl"), 2, "none.jsonl"),
        (("tracks", "call.jsonl", "--dialect", "klingon"), 2, "klingon"),
        (("tracks", "call.jsonl", "-o", "call.mp3"), 1, "call.mp3 has no suffix of .wav, .flac, .opus, .ogg"),
        (("log", "unpack", "call.jsonl", "-o", "x.jsonl"), 1, "call.jsonl is not a packed log"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    call: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, line: str
) -> None:
    error = said(capsys, *arguments, code=code)
    assert line in error
    assert error.count("\n") == 1
