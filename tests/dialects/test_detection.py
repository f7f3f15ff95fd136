"""The dialect of a recording, found by name or by evidence."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from realtime_sdk.dialects import AZURE, BETA, OPENAI, TRANSLATION, Dialect, detect, get
from realtime_sdk.errors import LocalProtocolError


@dataclass(frozen=True)
class Record:
    sender: str
    frame: bytes


@dataclass(frozen=True)
class Header:
    dialect: str | None


class Log(list[Record]):
    header: Header


def server(**event: Any) -> Record:
    return Record("server", json.dumps(event).encode())


FLAT = server(type="session.created", session={"modalities": ["text"]})
OPENED = Record("local", b'{"type":"local.connection_opened","dialect":"azure"}')

NAMES = {"ga": OPENAI, "azure": OPENAI, "beta": BETA, "voicelive": BETA, "xai": OPENAI}


@pytest.mark.parametrize(
    ("record", "dialect"),
    [
        (server(type="session.created", session={"type": "realtime"}), OPENAI),
        (server(type="session.updated", session={"type": "transcription", "voice": "odd"}), OPENAI),
        (server(type="session.created", session={"type": "translation"}), TRANSLATION),
        (server(type="session.output_audio.delta", delta=""), TRANSLATION),
        (FLAT, BETA),
        (Record("client", b'{"type":"session.update","session":{"turn_detection":null}}'), BETA),
        (server(type="response.audio.delta", delta=""), BETA),
        (server(type="conversation.item.created", item={}), BETA),
        (server(type="transcription_session.updated", session={}), BETA),
        (server(type="response.output_audio.delta", delta=""), OPENAI),
    ],
)
def test_one_frame_can_be_evidence_enough(record: Record, dialect: Dialect) -> None:
    vague = [Record("server", b"\xff"), Record("client", b'{"type":"session.update","session":{"instructions":""}}')]
    assert detect([*vague, record]) is dialect


def test_event_names_count_before_the_shape_of_a_session_and_the_first_of_them_counts() -> None:
    added, created = (server(type=f"conversation.item.{kind}", item={}) for kind in ("added", "created"))
    assert detect([FLAT]) is BETA
    assert detect([FLAT, added, created]) is OPENAI
    assert detect([FLAT, created, added]) is BETA


def test_what_gives_no_evidence_is_taken_for_ga() -> None:
    assert detect([]) is OPENAI
    assert detect([server(type="error", error={}), Record("client", b"[]")]) is OPENAI


def test_a_name_in_the_log_wins_over_evidence_and_the_header_over_all() -> None:
    log = Log([FLAT, OPENED])
    assert detect(log) is AZURE
    log.header = Header(None)
    assert detect(log) is AZURE
    log.header = Header("openai")
    assert detect(log) is OPENAI
    assert detect(log, named="translation") is TRANSLATION


def test_an_unknown_name_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(LocalProtocolError) as refused:
        get("opanai")
    assert str(refused.value) == (
        "no dialect is called 'opanai'; known are openai, azure, beta, translation; did you mean 'openai'?"
    )
    assert refused.value.field == "dialect"
    with pytest.raises(LocalProtocolError):
        detect([Record("local", b'{"type":"local.connection_opened","dialect":"klingon"}')])


def test_recordings_are_told_apart(shared_logs: Path) -> None:
    paths = sorted(shared_logs.glob("*.jsonl"))
    found = {path.stem: detect(recorded(path)).name for path in paths}
    assert found == {path.stem: NAMES[path.stem.split("-")[0]].name for path in paths}


def recorded(path: Path) -> list[Record]:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [Record(line["sender"], json.dumps(line["event"]).encode()) for line in lines]
