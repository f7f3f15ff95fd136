"""Where the spec lies, how its files are read and written, and the stamp that names its state."""

import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from codegen.names import NameTable, NamingError
from codegen.normalise import Plan, normalised
from codegen.overlay import OverlayError, patched

__all__ = ["DIALECTS", "ROOT", "Spec", "SpecError", "as_json", "digest"]

ROOT = Path(__file__).resolve().parents[1]
DIALECTS = ("ga", "beta", "translation")
SEED = "seed-2024-10.json"
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

    def seed(self) -> dict[str, Any]:
        """The facts of the 2024 reference: models, defaults and events, read off its text by hand."""
        return self._json(SEED)

    def patches(self, dialect: str) -> list[dict[str, Any]]:
        """Our corrections of a dialect, in the order in which they apply."""
        found: list[dict[str, Any]] = self._json("overlay.json").get(dialect, [])
        return found

    def plan(self, dialect: str) -> Plan:
        """The classes of a dialect."""
        return self._plan(dialect, self.patches(dialect))

    def check_patches(self, dialect: str) -> None:
        """`SpecError` if the classes would be the same without some patch: the overlay says only what is needed."""
        patches, whole = self.patches(dialect), self.plan(dialect)
        for index, patch in enumerate(patches):
            if self._same_without(dialect, [*patches[:index], *patches[index + 1 :]], whole):
                raise SpecError(f"overlay {dialect}[{index}] {patch['pointer']}: the patch is unused; delete it")

    def _same_without(self, dialect: str, patches: list[dict[str, Any]], whole: Plan) -> bool:
        try:
            return self._plan(dialect, patches) == whole
        except (NamingError, OverlayError):
            return False

    def _plan(self, dialect: str, patches: list[dict[str, Any]]) -> Plan:
        tables = tomllib.loads((self.folder / "names.toml").read_text("utf-8"))
        return normalised(patched(self.captured(dialect), patches), NameTable.read(dialect, tables))

    def descriptions(self, dialect: str) -> dict[str, str]:
        """Class → our sentence about it; a dialect's own sentence goes before the shared one."""
        texts = yaml.safe_load((self.folder / "descriptions.yaml").read_text("utf-8"))
        return {**texts.get("shared", {}), **texts.get(dialect, {})}

    def stamp(self, dialect: str) -> str:
        """Twelve hex digits that change when anything changes that decides what the dialect's classes take."""
        whole = hashlib.sha256()
        for name in (SEED,) if dialect == "seed" else INPUTS:
            whole.update((self.folder / name.format(dialect=dialect)).read_bytes())
        return whole.hexdigest()[:12]

    def _json(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / name).read_text("utf-8"))
        return found


def as_json(value: Any) -> str:
    """How every JSON file of ours is written: indented by one, one newline at the end."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def digest(content: bytes) -> str:
    """The sha256 of a file's content, in hex."""
    return hashlib.sha256(content).hexdigest()
