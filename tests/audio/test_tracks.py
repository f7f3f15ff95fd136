import tracemalloc
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pybase64
import pytest
from pydantic_core import to_json

from realtime_sdk.audio.formats import PCM, PCMU, WireFormat
from realtime_sdk.audio.pcm import PcmFormat
from realtime_sdk.audio.reading import read_sound
from realtime_sdk.audio.sink import AudioSink
from realtime_sdk.audio.tracks import Cut, Tracks, export_tracks, tracks
from realtime_sdk.audio.wav import read_wav
from realtime_sdk.errors import AudioFormatError
from realtime_sdk.fold import fold
from realtime_sdk.log import EventLog, FileSink, LogHeader, Sender
from tests.audio.sounds import tone

STEREO = PcmFormat(24_000, 2)


class Session:
    """A log, written by hand."""

    def __init__(self, wire: WireFormat = PCM, *, timed: bool = True, **log: Any) -> None:
        self.wire = wire
        self.timed = timed
        self.log = EventLog(LogHeader(dialect="openai"), **log)
        form = {"type": wire.name} | ({"rate": 24_000} if wire is PCM else {})
        audio = {"input": {"format": form}, "output": {"format": form, "voice": "marin"}}
        session = {"type": "realtime", "object": "realtime.session", "id": "s", "model": "m", "audio": audio}
        self.says("server", 0, "session.created", session=session)

    def says(self, sender: Sender, at_ms: int, kind: str, **fields: Any) -> None:
        identity = {"event_id": "e"} if sender == "server" else {}
        frame = to_json({"type": kind, **identity, **fields})
        self.log.append(sender, frame, at_ns=at_ms * 1_000_000 if self.timed else None)

    def user(self, at_ms: int, sound: bytes) -> None:
        audio = pybase64.b64encode(self.wire.from_pcm16(sound)).decode()
        self.says("client", at_ms, "input_audio_buffer.append", audio=audio)

    def assistant(self, at_ms: int, item_id: str, sound: bytes) -> None:
        delta = pybase64.b64encode(self.wire.from_pcm16(sound)).decode()
        place = {"response_id": "r", "item_id": item_id, "output_index": 0, "content_index": 0}
        self.says("server", at_ms, "response.output_audio.delta", **place, delta=delta)

    def heard(self, at_ms: int, item_id: str, heard_ms: int) -> None:
        self.says("local", at_ms, "local.playback_heard", item_id=item_id, content_index=0, heard_ms=heard_ms)

    def truncate(self, at_ms: int, item_id: str, heard_ms: int) -> None:
        where = {"item_id": item_id, "content_index": 0, "audio_end_ms": heard_ms}
        self.says("client", at_ms, "conversation.item.truncate", **where)
        self.says("server", at_ms + 30, "conversation.item.truncated", **where)

    def tracks(self, *, heard: bool = True) -> Tracks:
        return fold(self.log, tracks(heard=heard))


def sounding(pcm: bytes) -> list[tuple[int, int]]:
    """Where it is loud, in ms: (from, to)."""
    samples = np.frombuffer(pcm, "<i2")
    loud = np.pad(np.abs(samples[: len(samples) // 24 * 24].reshape(-1, 24)).max(axis=1) > 200, 1)
    edges = np.flatnonzero(loud[1:] != loud[:-1]).tolist()
    return list(zip(edges[0::2], edges[1::2], strict=True))


def both(found: Tracks) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    with found:
        user, assistant = (b"".join(found.blocks(layout)) for layout in ("user", "assistant"))
        assert len(user) == len(assistant)
    return sounding(user), sounding(assistant)


def interrupted() -> Session:
    """The user speaks for 600 ms, is answered with two seconds, and interrupts."""
    session = Session()
    for at_ms in range(100, 700, 20):
        session.user(at_ms + 20, tone(20))
    for at_ms in range(1_000, 1_100, 10):
        session.assistant(at_ms, "a", tone(200))
    session.heard(1_500, "a", 500)
    for at_ms in range(1_700, 2_000, 20):
        session.user(at_ms + 20, tone(20))
    session.heard(1_800, "a", 767)
    session.truncate(1_801, "a", 767)
    session.assistant(2_500, "b", tone(300))
    return session


def test_the_assistant_is_cut_at_the_millisecond_it_was_heard_to() -> None:
    found = interrupted().tracks()
    assert found.cuts == (Cut("a", 0, heard_ms=767, placed_ms=2_000),)
    assert found.duration_ms == 2_800
    assert both(found) == ([(100, 700), (1_700, 2_000)], [(1_000, 1_767), (2_500, 2_800)])


def test_as_generated_nothing_is_cut() -> None:
    found = interrupted().tracks(heard=False)
    assert found.cuts == ()
    assert both(found) == ([(100, 700), (1_700, 2_000)], [(1_000, 3_300)])


def test_a_log_that_ends_while_the_assistant_speaks_ends_at_what_was_heard() -> None:
    session = Session()
    session.assistant(100, "a", tone(500))
    session.heard(300, "a", 200)
    assert both(session.tracks()) == ([], [(100, 300)])


def test_an_item_deleted_while_it_sounds_stops_there_and_an_older_one_stays() -> None:
    session = Session()
    session.assistant(0, "a", tone(300))
    session.assistant(0, "b", tone(300))
    session.assistant(0, "c", tone(300))
    session.says("server", 400, "conversation.item.deleted", item_id="c")
    session.says("server", 400, "conversation.item.deleted", item_id="b")
    session.says("server", 400, "conversation.item.deleted", item_id="a")
    assert both(session.tracks()) == ([], [(0, 400)])


def test_a_pause_in_the_microphone_is_a_pause_and_jitter_is_none() -> None:
    session = Session()
    for at_ms in (20, 45, 59, 160, 1_000):
        session.user(at_ms, tone(20))
    assert both(session.tracks())[0] == [(0, 80), (980, 1_000)]


def test_a_capture_without_times_is_one_voice_after_the_other() -> None:
    session = Session(timed=False)
    session.user(0, tone(200))
    session.assistant(0, "a", tone(300))
    session.user(0, tone(100))
    assert both(session.tracks()) == ([(0, 200), (500, 600)], [(200, 500)])


def test_telephony_becomes_24_khz_and_stays_in_its_place() -> None:
    session = Session(PCMU)
    for at_ms in range(0, 400, 20):
        session.user(at_ms + 20, tone(400, PCMU.pcm)[16 * at_ms : 16 * at_ms + 320])
    session.assistant(600, "a", tone(200, PCMU.pcm))
    (user,), (assistant,) = both(session.tracks())
    assert user == pytest.approx((0, 400), abs=3)
    assert assistant == pytest.approx((600, 800), abs=3)


def test_a_response_may_have_a_format_of_its_own() -> None:
    session = Session()
    response = {"object": "realtime.response", "id": "r", "status": "in_progress", "output": []}
    audio = {"output": {"format": {"type": "audio/pcmu"}}}
    session.says("server", 0, "response.created", response=response | {"audio": audio})
    session.wire = PCMU
    session.assistant(100, "a", tone(200, PCMU.pcm))
    assert both(session.tracks())[1] == [pytest.approx((100, 300), abs=3)]


def test_an_odd_byte_waits_for_the_next_delta() -> None:
    session, sound = Session(), tone(100)
    session.assistant(0, "a", sound[:1_001])
    session.assistant(0, "a", sound[1_001:])
    with session.tracks() as found:
        assert b"".join(found.blocks("assistant")) == sound


def test_audio_that_the_log_left_out_is_silence_of_its_length() -> None:
    full, bare = interrupted(), Session(keep="without_audio")
    for record in full.log:
        bare.log.append(record.sender, record.frame, at_ns=record.at_ns)
    with full.tracks() as one, bare.tracks() as other:
        assert other.duration_ms == one.duration_ms
        assert other.cuts == one.cuts
        assert sounding(b"".join(other.blocks("mixed"))) == []
        assert (one.left_out, other.left_out) == (0, 56)


def test_an_uploaded_item_is_the_users_and_broken_base64_is_nothing() -> None:
    session = Session()
    content = [{"type": "input_audio", "audio": pybase64.b64encode(tone(100)).decode()}]
    item = {"type": "message", "role": "user", "content": content}
    session.says("client", 500, "conversation.item.create", item=item)
    session.says("client", 900, "input_audio_buffer.append", audio="?")
    session.says("client", 900, "input_audio_buffer.append", audio=None)
    assert both(session.tracks()) == ([(400, 500)], [])


@pytest.mark.parametrize(
    ("layout", "suffix"),
    [*product(["stereo", "mixed", "user", "assistant"], [".wav", ".flac"]), ("stereo", ".opus"), ("mixed", ".opus")],
)
def test_tracks_go_out_in_every_layout_and_format(tmp_path: Path, layout: Any, suffix: str) -> None:
    session = interrupted()
    session.log.save(tmp_path / "call.jsonl")
    export = export_tracks(tmp_path / "call.jsonl", tmp_path / f"out{suffix}", layout=layout)
    assert (export.duration_ms, export.user_ms, export.assistant_ms) == (2_800, 2_000, 2_800)
    assert export.cuts == (Cut("a", 0, 767, 2_000),)
    form = STEREO if layout == "stereo" else PCM.pcm
    saved = read_sound(export.path, form)
    assert saved.duration_ms == 2_800
    if suffix != ".opus":
        with session.tracks() as found:
            assert saved.pcm == b"".join(found.blocks(layout))


def test_stereo_has_the_user_left_and_the_assistant_right(tmp_path: Path) -> None:
    interrupted().log.save(tmp_path / "call.jsonl.gz")
    export = export_tracks(tmp_path / "call.jsonl.gz")
    assert export.path == tmp_path / "call.wav"
    samples = np.frombuffer(read_wav(export.path).pcm, "<i2").reshape(-1, 2)
    assert sounding(samples[:, 0].tobytes()) == [(100, 700), (1_700, 2_000)]
    assert sounding(samples[:, 1].tobytes()) == [(1_000, 1_767), (2_500, 2_800)]
    with pytest.raises(FileExistsError):
        export_tracks(tmp_path / "call.jsonl.gz")


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    interrupted().log.save(tmp_path / "call.jsonl")
    with pytest.raises(AudioFormatError):
        export_tracks(tmp_path / "call.jsonl", tmp_path / "out.mp3")
    assert [path.name for path in tmp_path.iterdir()] == ["call.jsonl"]


@pytest.mark.parametrize("there", [[], ["out.wav"]])
def test_an_export_that_breaks_off_is_removed_and_what_was_there_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: list[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError("disk full")

    with interrupted().tracks() as found:
        for name in there:
            (tmp_path / name).write_bytes(b"precious")
        with monkeypatch.context() as broken:
            broken.setattr(AudioSink, "write", full)
            with pytest.raises(OSError, match="disk full"):
                found.export(tmp_path / "out.wav", overwrite=True)
        assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [
            (name, b"precious") for name in there
        ]
        found.export(tmp_path / "out.wav", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["out.wav"]
    assert read_wav(tmp_path / "out.wav").duration_ms == 2_800


def test_a_format_that_nobody_knows_is_taken_for_pcm(tmp_path: Path) -> None:
    session = Session()
    audio = {"output": {"format": {"type": "audio/opus"}}}
    response = {"object": "realtime.response", "status": "in_progress", "output": [], "audio": audio}
    for number in range(20):
        session.says("server", 0, "response.created", response=response | {"id": f"r{number}"})
    session.assistant(0, "a", tone(100))
    assert both(session.tracks()) == ([], [(0, 100)])


def test_memory_is_flat_in_the_length_of_the_log(tmp_path: Path) -> None:
    def peak(seconds: int) -> int:
        session = Session(keep="none")
        path = tmp_path / f"{seconds}.jsonl"
        session.log.add_sink(FileSink(path, session.log.header))
        for second in range(seconds):
            session.user(1_000 * (second + 1), bytes(48_000))
            session.assistant(1_000 * second, f"item {second // 10}", bytes(48_000))
        session.log.close()
        tracemalloc.start()
        with fold(EventLog.stream(path), tracks()) as found:
            assert found.duration_ms == seconds * 1_000
            found.export(tmp_path / f"{seconds}.wav")
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    # A track of more than 174 s lies in a file.
    assert peak(400) < peak(200) + 2_000_000


def test_recorded_sessions_have_tracks(shared_logs: Path, tmp_path: Path) -> None:
    lengths = {}
    for log in sorted(shared_logs.glob("*.jsonl")):
        export = export_tracks(log, tmp_path / f"{log.stem}.wav")
        lengths[log.stem] = (export.user_ms, export.assistant_ms)
    assert lengths["ga-spoken-turn-full-audio"] > (0, 0)
    assert lengths["beta-text-in-audio-out-full-audio"][1] > 0
