"""Where the spec lies, how its files are read and written, and the stamp that names its state."""

import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from codegen.names import NameTable
from codegen.normalise import Plan, normalised
from codegen.overlay import patched

__all__ = ["DIALECTS", "ROOT", "Spec", "SpecError", "as_json", "digest"]

ROOT = Path(__file__).resolve().parents[1]
DIALECTS = ("ga", "beta", "translation")
INPUTS = ("{dialect}.json", "overlay.json", "names.toml")


class SpecError(Exception):
    """The folder of the spec does not hold together; the message says what to do."""


@dataclass(frozen=True)
class Spec:
    """The folder `spec/`, or another one built like it."""

    folder: Path = ROOT / "spec"

    def captured(self, dialect: str) -> dict[str, Any]:
        """A dialect as it was captured; `SpecError` if the file was edited since."""
        name = f"{dialect}.json"
        if self._json("PINNED.json")["files"].get(name) != digest((self.folder / name).read_bytes()):
            raise SpecError(f"spec/{name} is not as it was captured (PINNED.json): correct it in overlay.json instead")
        return self._json(name)

    def corrected(self, dialect: str) -> dict[str, Any]:
        """A dialect with our overlay applied."""
        return patched(self.captured(dialect), self._json("overlay.json").get(dialect, []))

    def plan(self, dialect: str) -> Plan:
        """The classes of a dialect."""
        tables = tomllib.loads((self.folder / "names.toml").read_text())
        return normalised(self.corrected(dialect), NameTable.read(dialect, tables))

    def descriptions(self, dialect: str) -> dict[str, str]:
        """Class → our sentence about it; a dialect's own sentence goes before the shared one."""
        texts = yaml.safe_load((self.folder / "descriptions.yaml").read_text())
        return {**texts.get("shared", {}), **texts.get(dialect, {})}

    def stamp(self, dialect: str) -> str:
        """Twelve hex digits that change when anything changes that decides what the dialect's classes take."""
        whole = hashlib.sha256()
        for name in INPUTS:
            whole.update((self.folder / name.format(dialect=dialect)).read_bytes())
        return whole.hexdigest()[:12]

    def _json(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / name).read_text())
        return found


def as_json(value: Any) -> str:
    """How every JSON file of ours is written: indented by one, one newline at the end."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def digest(content: bytes) -> str:
    """The sha256 of a file's content, in hex."""
    return hashlib.sha256(content).hexdigest()
