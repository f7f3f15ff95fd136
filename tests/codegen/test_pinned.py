"""Capturing twice is a no-op; a change is reported before it is written; a captured file is never edited."""

import json
from pathlib import Path
from typing import Any

import pytest

from codegen.__main__ import main
from codegen.facts import CaptureError
from codegen.pinned import Origin, captured
from codegen.specs import DIALECTS, Spec, SpecError, digest
from tests.codegen.documents import document, with_change


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document()))
    return path


@pytest.fixture
def folder(tmp_path: Path, source: Path) -> Path:
    spec = tmp_path / "spec"
    captured(source, spec).write(spec)
    return spec


def rewritten(source: Path, changed: dict[str, Any]) -> Path:
    source.write_text(json.dumps(changed))
    return source


def test_a_first_capture_gives_both_dialects_and_says_where_they_come_from(source: Path, tmp_path: Path) -> None:
    first = captured(source, tmp_path / "spec", origin=Origin("example.test/openapi.json", "abc"))
    assert set(first.files) == {"ga.json", "translation.json", "PINNED.json"}
    assert first.report == ["ga: captured for the first time", "translation: captured for the first time"]
    pinned = json.loads(first.files["PINNED.json"])
    assert pinned["documents"]["openapi"] == {
        "source": "example.test/openapi.json",
        "version": "9.9",
        "commit": "abc",
        "licence": "MIT License, Copyright (c) OpenAI",
        "sha256": digest(source.read_bytes()),
        "dialects": ["ga", "translation"],
    }
    assert pinned["files"]["ga.json"] == digest(first.files["ga.json"].encode())


def test_capturing_the_same_document_again_changes_nothing(source: Path, folder: Path) -> None:
    again = captured(source, folder)
    assert (again.files, again.report, again.drifted) == (
        {},
        ["no drift: the same document was captured before"],
        False,
    )


def test_other_prose_is_no_drift_and_renews_the_pin_alone(source: Path, folder: Path) -> None:
    again = captured(rewritten(source, with_change("Thing", description="Other words.")), folder)
    assert set(again.files) == {"PINNED.json"}
    assert not again.drifted


def test_what_is_no_json_is_refused(source: Path, folder: Path) -> None:
    source.write_text("{")
    with pytest.raises(CaptureError, match="is not JSON"):
        captured(source, folder)
    source.write_text("[]")
    with pytest.raises(CaptureError, match="no JSON object"):
        captured(source, folder, beta=True)


def test_a_dry_run_reports_drift_fails_and_writes_nothing(
    source: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (folder / "ga.json").read_text()
    rewritten(source, with_change("Thing", required=[]))
    for flag in ("--dry-run", "--check"):
        assert main(["--spec", str(folder), "capture", flag, str(source)]) == 1
        assert "~ size: integer, minimum 1, required → integer, minimum 1" in capsys.readouterr().out
    assert (folder / "ga.json").read_text() == before
    assert main(["--spec", str(folder), "capture", str(source)]) == 0
    assert main(["--spec", str(folder), "capture", "--check", str(source)]) == 0


def test_a_wrong_document_is_one_line_and_a_code_of_its_own(
    source: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rewritten(source, {})
    assert main(["--spec", str(folder), "capture", str(source)]) == 2
    assert main(["--spec", str(folder), "capture", str(source.with_name("missing.json"))]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_the_beta_table_has_a_pin_of_its_own(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "events.json"
    table.write_text(json.dumps({"beta_wire": {"_note": "From openai==1.2.3 types.", "client": {}, "server": {}}}))
    captured(table, folder, beta=True).write(folder)
    pinned = json.loads((folder / "PINNED.json").read_text())
    assert pinned["documents"]["beta"]["version"] == "1.2.3"
    assert list(pinned["documents"]) == ["beta", "openapi"]
    assert list(pinned["files"]) == ["beta.json", "ga.json", "translation.json"]


def test_an_edited_capture_is_refused(folder: Path) -> None:
    spec = Spec(folder)
    assert spec.captured("ga")["dialect"] == "ga"
    (folder / "ga.json").write_text((folder / "ga.json").read_text().replace("Thing", "Thong"))
    with pytest.raises(SpecError, match=r"correct it in overlay\.json instead"):
        spec.captured("ga")


def test_the_committed_captures_are_as_they_were_taken(shared: Path) -> None:
    for dialect in DIALECTS:
        assert Spec().captured(dialect)["dialect"] == dialect
    openapi = captured(shared / "upstream/realtime.openapi.facts.json", Spec().folder)
    beta = captured(shared / "protocol/events.json", Spec().folder, beta=True)
    assert (openapi.files, beta.files) == ({}, {})
