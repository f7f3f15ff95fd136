"""`spec/` → the generated files, written in place or compared with what is there.

Everything is made in a temporary folder first and formatted there, so a failing build changes
nothing and a check is a comparison.
"""

import difflib
import subprocess
import sys
import tempfile
from pathlib import Path

from codegen.dcg import write_models
from codegen.examples import examples_of
from codegen.registry import registry_files
from codegen.seed import seed_files
from codegen.specs import DIALECTS, ROOT, Spec, as_json

__all__ = ["build", "check", "generate"]

GENERATED = Path("src/realtime_sdk/protocol/_generated")
EXAMPLES = Path("tests/protocol/examples")


def build(spec: Spec) -> dict[Path, str]:
    """Every generated file, by its path below the project's root."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for dialect in DIALECTS:
            _build_dialect(spec, dialect, folder / GENERATED / dialect, folder)
        _build_seed(spec, folder / GENERATED / "seed")
        _format(folder / GENERATED)
        return {path: (folder / path).read_text("utf-8") for path in sorted(_present(folder))}


def generate(spec: Spec, root: Path = ROOT) -> list[Path]:
    """Write the files that changed, remove those that are not made any more, and name them."""
    made = build(spec)
    stale = _present(root) - made.keys()
    changed = [path for path, text in made.items() if _text(root / path) != text]
    for path in changed:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(made[path], "utf-8")
    for path in stale:
        (root / path).unlink()
    return sorted([*changed, *stale])


def check(spec: Spec, root: Path = ROOT) -> str:
    """A unified diff from what is there to what would be generated; empty if they are the same."""
    made = build(spec)
    lines: list[str] = []
    for path in sorted(made.keys() | _present(root)):
        before, after = _text(root / path), made.get(path, "")
        lines += difflib.unified_diff(
            before.splitlines(keepends=True), after.splitlines(keepends=True), f"{path} (there)", f"{path} (generated)"
        )
    return "".join(lines)


def _build_dialect(spec: Spec, dialect: str, package: Path, scratch: Path) -> None:
    package.mkdir(parents=True)
    spec.check_patches(dialect)
    plan = spec.plan(dialect)
    write_models(plan, spec.descriptions(dialect), package / "models.py", scratch)
    for name, source in registry_files(plan, spec.stamp(dialect)).items():
        (package / name).write_text(source, "utf-8")
    examples = scratch / EXAMPLES / f"{dialect}.json"
    examples.parent.mkdir(parents=True, exist_ok=True)
    examples.write_text(as_json(examples_of(plan)), "utf-8")


def _build_seed(spec: Spec, package: Path) -> None:
    package.mkdir(parents=True)
    for name, source in seed_files(spec.seed(), spec.descriptions("seed"), spec.stamp("seed")).items():
        (package / name).write_text(source, "utf-8")


def _format(folder: Path) -> None:
    ruff = [sys.executable, "-m", "ruff"]
    config = ["--config", str(ROOT / "pyproject.toml"), "--config", "extend-exclude = []"]
    subprocess.run([*ruff, "check", "--quiet", "--select", "I,F401", "--fix", *config, str(folder)], check=True)
    subprocess.run([*ruff, "format", "--quiet", *config, str(folder)], check=True)


def _present(root: Path) -> set[Path]:
    """The generated files that lie below a root. What is written by hand there is `_generated/__init__.py` alone."""
    found = [*(root / GENERATED).glob("*/*.py"), *(root / EXAMPLES).glob("*.json")]
    return {path.relative_to(root) for path in found}


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""
