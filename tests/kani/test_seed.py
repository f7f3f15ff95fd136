"""The names of 2024: parity with their reference, where they live, and that importing them is light."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"miniaudio", "numpy", "rich", "soundfile", "soxr", "openai", "trio", "pyaudio", "pydub"}
MODULES = ("", ".audio", ".cli", ".session", ".models", ".events", ".events.client", ".events.server", ".interop")


def python(*arguments: str, **how: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=120, check=False, **how)


def test_every_fact_of_the_reference_holds(shared: Path) -> None:
    ran = python(str(shared / "seed" / "seed_parity.py"))
    assert (ran.stdout.splitlines()[-1], ran.returncode) == ("268 of 268 seed facts hold", 0), ran.stdout


def test_k58_importing_is_light_and_silent() -> None:
    asked = "import kani.ext.realtime, json, sys; print(json.dumps(sorted(sys.modules)))"
    ran = python("-W", "error", "-c", asked)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert {name for name in json.loads(ran.stdout) if name.split(".")[0] in HEAVY} == set()


def test_every_module_of_the_reference_gives_what_it_names() -> None:
    modules = [*MODULES, ".errors"]
    asked = (
        "import importlib\n"
        f"for module in {modules!r}:\n"
        "    found = importlib.import_module('kani.ext.realtime' + module)\n"
        "    print(module, len([getattr(found, name) for name in found.__all__]) > 0)\n"
    )
    ran = python("-c", asked)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == [f"{module} True" for module in modules]


def test_the_files_that_are_placed_hold_re_exports_and_nothing_else() -> None:
    folder = ROOT / "src" / "realtime_sdk" / "kani" / "ext"
    names = {path.relative_to(folder).with_suffix("").as_posix().replace("/", ".") for path in folder.rglob("*.py")}
    assert names == {
        name.removeprefix(".") + (".__init__" if name == ".events" else "") or "__init__"
        for name in (*MODULES, ".errors")
    }
    for path in folder.rglob("*.py"):
        lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith('"""')]
        assert all(line.startswith("from realtime_sdk.") for line in lines), path
        assert len(lines) == 2


def test_without_kani_the_error_says_what_to_install() -> None:
    hidden = (
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'kani.kani' else find(name, *rest)\n"
        "import realtime_sdk.kani\n"
    )
    ran = python("-c", hidden)
    assert 'pip install "realtime-sdk[kani]"' in ran.stderr


def test_k59_kani_s_command_lists_the_provider_and_chats() -> None:
    listed = python("-m", "kani", "--help")
    assert "* realtime (aliases: openai-realtime)" in listed.stdout
    script = (
        "from kani.utils.cli import create_engine_from_cli_arg\n"
        "print(create_engine_from_cli_arg('realtime:gpt-realtime-2.1'))\n"
    )
    made = python("-W", "error", "-c", script, env={**os.environ, "OPENAI_API_KEY": "k"})
    assert (made.stdout, made.stderr) == ("RealtimeEngine(model='gpt-realtime-2.1')\n", "")


def test_k59_leaving_the_chat_prints_no_traceback() -> None:
    script = (
        "import asyncio, threading, anyio, realtime_sdk as rt\n"
        "from kani import Kani, chat_in_terminal\n"
        "from realtime_sdk.kani.engine import RealtimeEngine\n"
        "ready, over = threading.Event(), threading.Event()\n"
        "where = []\n"
        "async def serve():\n"
        "    async with rt.simulate() as server:\n"
        "        where.append(server.endpoint); ready.set()\n"
        "        await anyio.to_thread.run_sync(over.wait)\n"
        "thread = threading.Thread(target=anyio.run, args=(serve,)); thread.start(); ready.wait()\n"
        "config = {'modalities': ['text'], 'turn_detection': None}\n"
        "ai = Kani(RealtimeEngine(endpoint=where[0], session_config=config))\n"
        "try:\n"
        "    chat_in_terminal(ai)\n"
        "except EOFError:\n"
        "    pass\n"
        "over.set(); thread.join()\n"
    )
    ran = python("-c", script, input="Say exactly: good day\n")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "AI: good day" in ran.stdout
