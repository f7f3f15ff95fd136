import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pybase64
import pytest

from realtime_sdk.audio import packed as packed_module
from realtime_sdk.audio.floats import from_floats
from realtime_sdk.audio.formats import PCM, PCMU, WireFormat
from realtime_sdk.audio.packed import PackedLog, open_log, pack, unpack
from realtime_sdk.audio.reading import read_sound
from realtime_sdk.errors import LogFormatError
from realtime_sdk.fold import replay
from realtime_sdk.log import EventLog, LogHeader, LogStream
from tests.audio.sounds import tone


def voice(ms: int, wire: WireFormat = PCM) -> bytes:
    """Sound as rich as speech: a tone in noise."""
    samples = np.frombuffer(tone(ms, wire.pcm), "<i2").astype(np.float32) / 32_768
    noise = np.random.default_rng(ms).standard_normal(len(samples)).astype(np.float32) * np.float32(0.01)
    return wire.from_pcm16(from_floats((samples + noise).reshape(-1, 1)))


def session_log(wire: WireFormat = PCM) -> EventLog:
    log = EventLog(LogHeader(dialect="openai", meta={"who": "test"}))
    form = b'{"type":"%b"}' % wire.name.encode()
    session = b'"session":{"type":"realtime","audio":{"input":{"format":%b},"output":{"format":%b}}}' % (form, form)
    log.append("server", b'{"type":"session.created","event_id":"e",%b}' % session, at_ns=0)
    log.append("local", b'{"type":"local.playback_heard","item_id":"a","heard_ms":3}', at_ns=1)
    for second in range(5):
        up, down = pybase64.b64encode(voice(200, wire)), pybase64.b64encode(voice(300, wire)[: 2_001 + second])
        log.append("client", b'{"type":"input_audio_buffer.append","audio":"%b"}' % up, at_ns=second * 10**9)
        place = b'"response_id":"r","item_id":"a","output_index":0,"content_index":0'
        delta = b'{"type":"response.output_audio.delta","event_id":"e",%b,"delta":"%b"}' % (place, down)
        log.append("server", delta, at_ns=second * 10**9 + 5)
    log.append("server", b"not json, \xff", at_ns=None)
    return log


@pytest.fixture
def call(tmp_path: Path) -> Path:
    session_log().save(tmp_path / "call.jsonl")
    return tmp_path / "call.jsonl"


@pytest.mark.parametrize("wire", [PCM, PCMU])
@pytest.mark.parametrize("name", ["call.jsonl", "call.jsonl.gz"])
def test_a_packed_log_is_small_and_comes_back_byte_for_byte(tmp_path: Path, name: str, wire: WireFormat) -> None:
    log = session_log(wire)
    log.save(tmp_path / name)
    packing = pack(tmp_path / name)
    assert (packing.records, packing.packed, packing.torn) == (13, 10, None)
    assert packing.bytes_before == (tmp_path / name).stat().st_size
    if name == "call.jsonl" and wire is PCM:
        assert packing.bytes_after < 0.6 * packing.bytes_before
    assert unpack(packing.path, tmp_path / "again.jsonl") == tmp_path / "again.jsonl"
    log.save(tmp_path / "plain.jsonl")
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "plain.jsonl").read_bytes()


def test_the_parts_of_a_packed_log_can_be_read_by_anyone(call: Path) -> None:
    packing = pack(call)
    assert packing.path.name == "call.packed.jsonl"
    assert sorted(file.name for file in packing.folder.iterdir()) == [
        "client-pcm-24000.flac",
        "index.jsonl",
        "server-pcm-24000.flac",
    ]
    assert read_sound(packing.folder / "client-pcm-24000.flac").pcm == voice(200) * 5
    bare = EventLog.load(packing.path)
    assert replay(bare) == replay(EventLog.load(call))
    assert [record.seq for record in bare if record.audio_left_out] == list(range(2, 12))
    assert bare.stats().audio_left_out == 10


def test_a_packed_log_reads_like_the_whole_one(call: Path) -> None:
    whole = EventLog.load(call)
    records = open_log(pack(call).path)
    assert isinstance(records, PackedLog)
    assert records.header == whole.header
    assert list(records) == list(whole)
    assert records.torn is None
    assert replay(open_log(call.with_name("call.packed.jsonl"))) == replay(whole)
    with open_log(call) as plain:
        assert isinstance(plain, LogStream)


def test_unpacking_gives_the_log_its_name_back(call: Path) -> None:
    before = call.read_bytes()
    packing = pack(call)
    with pytest.raises(FileExistsError):
        unpack(packing.path)
    call.unlink()
    assert unpack(packing.path) == call
    assert call.read_bytes() == before


def test_a_renamed_pair_and_a_renamed_log_are_found(call: Path) -> None:
    whole = list(EventLog.load(call))
    packing = pack(call)
    renamed = packing.path.rename(call.with_name("other.jsonl"))
    assert list(open_log(renamed)) == whole
    packing.folder.rename(call.with_name("other.audio"))
    assert list(open_log(renamed)) == whole


def test_nothing_is_overwritten(call: Path) -> None:
    pack(call)
    with pytest.raises(FileExistsError, match=r"call\.packed\.jsonl"):
        pack(call)


@pytest.mark.parametrize("second", ["x.jsonl", "x.log", "x.jsonl.gz"])
@pytest.mark.parametrize("renamed", ["x.txt", "y.jsonl"])
def test_a_folder_with_the_sound_of_another_log_is_left_alone(call: Path, second: str, renamed: str) -> None:
    packing = pack(call, call.with_name("x.txt"))
    first = packing.path.rename(call.with_name(renamed))
    with pytest.raises(FileExistsError, match=rf"x\.audio holds the sound of .*{renamed}; name another path"):
        pack(call, call.with_name(second))
    assert list(open_log(first)) == list(EventLog.load(call))


def test_a_folder_of_the_users_is_left_alone(call: Path) -> None:
    folder = call.with_name("call.packed.audio")
    folder.mkdir()
    with pytest.raises(FileExistsError, match=r"call\.packed\.audio is there already"):
        pack(call)
    assert sorted(path.name for path in call.parent.iterdir()) == ["call.jsonl", "call.packed.audio"]


@pytest.mark.parametrize("broken", ["take", "_compare", "_clear_debris"])
def test_a_pack_that_fails_leaves_the_log_alone_and_nothing_behind(
    call: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def full(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(packed_module._Packer if broken == "take" else packed_module, broken, full)
    before = call.read_bytes()
    with pytest.raises(OSError, match="disk full"):
        pack(call)
    assert [path.name for path in call.parent.iterdir()] == ["call.jsonl"]
    assert call.read_bytes() == before


def test_what_a_killed_pack_left_is_in_nobodys_way(call: Path) -> None:
    packing = pack(call)
    packing.path.unlink()
    shutil.copytree(packing.folder, call.with_name(".part-call.packed.audio"))
    call.with_name(".part-call.packed.jsonl").write_bytes(b"half a li")
    assert pack(call) == packing
    assert sorted(path.name for path in call.parent.iterdir()) == [
        "call.jsonl",
        "call.packed.audio",
        "call.packed.jsonl",
    ]


def test_a_torn_log_is_packed_up_to_where_it_is_torn(call: Path) -> None:
    call.write_bytes(call.read_bytes()[:-20])
    packing = pack(call)
    assert packing.torn is not None
    assert len(list(open_log(packing.path))) == packing.records == 12


def test_missing_or_damaged_sound_is_said(call: Path) -> None:
    packing = pack(call)
    flac = packing.folder / "client-pcm-24000.flac"
    flac.write_bytes(flac.read_bytes()[:5_000])
    with pytest.raises(LogFormatError, match="missing or damaged"):
        list(open_log(packing.path))
    flac.unlink()
    with pytest.raises(LogFormatError, match="missing or damaged"):
        list(open_log(packing.path))
    shutil.rmtree(packing.folder)
    with pytest.raises(LogFormatError, match="missing or damaged"):
        list(open_log(packing.path))


@pytest.mark.parametrize("kept", [9, 1, 0])
def test_an_index_that_ends_early_is_said(call: Path, kept: int) -> None:
    packing = pack(call)
    index = packing.folder / "index.jsonl"
    index.write_text("".join(index.read_text().splitlines(keepends=True)[:kept]))
    with pytest.raises(LogFormatError, match=r"missing or damaged: record 1?[0-9] is not in the index"):
        unpack(packing.path, call.with_name("out.jsonl"))
    assert not call.with_name("out.jsonl").exists()


@pytest.mark.parametrize(("records", "more"), [(9, b""), (13, b"AAAA")])
def test_the_sound_of_another_log_is_not_taken_for_this_ones(call: Path, records: int, more: bytes) -> None:
    packing = pack(call)
    other = EventLog()
    for record in list(EventLog.load(call))[:records]:
        frame = record.frame.replace(b'"audio":"', b'"audio":"' + more)
        other.append(record.sender, frame, at_ns=record.at_ns)
    other.save(call.with_name("other.jsonl"))
    shutil.rmtree(packing.folder)
    pack(call.with_name("other.jsonl")).folder.rename(packing.folder)
    with pytest.raises(LogFormatError, match="missing or damaged"):
        list(open_log(packing.path))


def test_a_log_whose_sound_was_left_out_is_packed_and_comes_back(tmp_path: Path) -> None:
    log = EventLog(LogHeader(dialect="openai"), keep="without_audio")
    for record in session_log():
        log.append(record.sender, record.frame, at_ns=record.at_ns)
    log.save(tmp_path / "call.jsonl")
    packing = pack(tmp_path / "call.jsonl")
    assert packing.packed == 0
    unpack(packing.path, tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_bytes() == (tmp_path / "call.jsonl").read_bytes()


def test_a_packed_log_is_not_packed_again(call: Path) -> None:
    packing = pack(call)
    with pytest.raises(LogFormatError, match=r"call\.packed\.jsonl is packed already"):
        pack(packing.path)


def test_a_log_that_is_not_packed_cannot_be_unpacked(call: Path) -> None:
    with pytest.raises(LogFormatError, match="not a packed log"):
        unpack(call, call.with_name("out.jsonl"))
    assert [path.name for path in call.parent.iterdir()] == ["call.jsonl"]


def test_recorded_sessions_are_packed_and_come_back(shared_logs: Path, tmp_path: Path) -> None:
    for log in sorted(shared_logs.glob("*.jsonl")):
        packing = pack(log, tmp_path / f"{log.stem}.packed.jsonl")
        assert list(open_log(packing.path)) == list(EventLog.load(log))
