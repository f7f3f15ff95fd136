"""The captured files and `PINNED.json`, which says where they come from; compared before they are written.

A captured file is never edited: its sha256 stands in PINNED.json and `generate` asks for it.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codegen.capture import capture_openapi
from codegen.capture_beta import capture_beta
from codegen.drift import drift
from codegen.facts import CaptureError
from codegen.specs import as_json, digest
from realtime_sdk.protocol.json_values import is_object

__all__ = ["Capture", "Origin", "captured"]

NOTE = (
    "Facts of the protocol (names, types, required-ness, enums, bounds), without prose, derived from the documents "
    "named here. The licences are those of the documents; descriptions.yaml and overlay.json are our own words."
)
MIT = "MIT License, Copyright (c) OpenAI"
APACHE = "Apache License 2.0, Copyright OpenAI"


@dataclass(frozen=True)
class Origin:
    """Where a document comes from, as the command line tells it; what is not told is read from the document."""

    source: str | None = None
    commit: str | None = None


@dataclass(frozen=True)
class Capture:
    """The files that a capture gives (name → text) and the report of what they change."""

    files: Mapping[str, str]
    report: list[str]

    @property
    def drifted(self) -> bool:
        """Whether the facts changed; a new PINNED.json alone is no drift."""
        return any(name != "PINNED.json" for name in self.files)

    def write(self, folder: Path) -> None:
        """Put the files into the folder of the spec."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in self.files.items():
            (folder / name).write_text(text, "utf-8")


def captured(document: Path, folder: Path, *, beta: bool = False, origin: Origin | None = None) -> Capture:
    """Capture a document and compare it with what lies in `folder`; writes nothing.

    `files` holds only what would change; it is empty if the same document was captured before.
    """
    content = document.read_bytes()
    try:
        parsed: Any = json.loads(content)
    except ValueError as broken:
        raise CaptureError(f"{document} is not JSON: {broken}") from None
    if not is_object(parsed):
        raise CaptureError(f"{document} is no JSON object, so no document of a protocol")
    specs = {"beta": capture_beta(parsed)} if beta else capture_openapi(parsed)
    files = {f"{dialect}.json": as_json(spec) for dialect, spec in specs.items()}
    entry = _entry(parsed, content, list(specs), _beta_facts if beta else _openapi_facts, origin or Origin())
    files["PINNED.json"] = as_json(_pinned(folder, "beta" if beta else "openapi", entry, files))
    changed = {name: text for name, text in files.items() if _read(folder / name) != text}
    return Capture(changed, _report(specs, folder, changed))


def _entry(
    parsed: Mapping[str, Any],
    content: bytes,
    dialects: list[str],
    facts: Callable[[Mapping[str, Any]], dict[str, Any]],
    origin: Origin,
) -> dict[str, Any]:
    found = facts(parsed)
    given = {key: value for key, value in (("source", origin.source), ("commit", origin.commit)) if value}
    return {**found, **given, "sha256": digest(content), "dialects": dialects}


def _openapi_facts(parsed: Mapping[str, Any]) -> dict[str, Any]:
    info = parsed.get("info", {})
    source = str(info.get("x-source", "github.com/openai/openai-openapi openapi.json")).removesuffix(", MIT")
    return {"source": source, "version": info.get("version"), "commit": info.get("x-commit"), "licence": MIT}


def _beta_facts(parsed: Mapping[str, Any]) -> dict[str, Any]:
    note = re.search(r"openai==([0-9][0-9.]*[0-9])", str(parsed["beta_wire"].get("_note", "")))
    version = note[1] if note else None
    return {"source": "PyPI openai, types/beta/realtime, as a table", "version": version, "licence": APACHE}


def _pinned(folder: Path, key: str, entry: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    """PINNED.json with this document's entry renewed and the others as they were."""
    before = json.loads(_read(folder / "PINNED.json") or "{}")
    sums = {**before.get("files", {}), **{name: digest(text.encode()) for name, text in files.items()}}
    documents = {**before.get("documents", {}), key: dict(entry)}
    return {"format": 1, "note": NOTE, "documents": _sorted(documents), "files": _sorted(sums)}


def _report(specs: Mapping[str, Mapping[str, Any]], folder: Path, changed: Mapping[str, str]) -> list[str]:
    if not changed:
        return ["no drift: the same document was captured before"]
    lines: list[str] = []
    for dialect, spec in specs.items():
        before = _read(folder / f"{dialect}.json")
        lines += drift(json.loads(before), spec) if before else [f"{dialect}: captured for the first time"]
    return lines or ["no drift: another document, or told otherwise, with the same facts"]


def _sorted(table: Mapping[str, Any]) -> dict[str, Any]:
    return dict(sorted(table.items()))


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""
