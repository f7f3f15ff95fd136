"""Other people's clients against the simulator, each in a process and an environment of its own.

`nox -s peers` installs them all and runs this file, `nox -s peers_openai` openai-python alone; both say in `PEERS`
where they put them. Without it nothing here can run.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import realtime_sdk as rt
from realtime_sdk.dialects import detect
from realtime_sdk.protocol.unknown import UnknownEvent

if not os.environ.get("PEERS"):
    pytest.skip("foreign clients run in `nox -s peers`", allow_module_level=True)

HERE = Path(__file__).parent
CLIP = HERE.parents[1] / "src/realtime_sdk/simulator/clips/weather.wav"
INSTALLED = Path(os.environ["PEERS"])
WANTED = os.environ.get("PEERS_WANTED", "")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-headless-shell", "google-chrome"))), None)
TIME_LIMIT_S = 60

CLIENTS = {
    "openai_async.py": "openai",
    "openai_sync.py": "openai",
    "openai_beta.py": "openai",
    "agents_python.py": "agents",
    "openai_node.mjs": "node",
    "agents_js.mjs": "node",
    "openai_realtime_api.mjs": "node",
    "livekit_plugin.py": "livekit",
    "pipecat_service.py": "pipecat",
    "browser.py": "browser",
}
"""Our script for each client, and the environment that it runs in."""

SPOKEN = "What is the weather in Paris?"
SEEN: dict[str, dict[str, object]] = {
    "text_turn": {"said": "The capital is Paris."},
    "spoken_turn": {"heard": SPOKEN, "said": f"You said: {SPOKEN}", "sound_ms": 2437},
    "manual_turn": {"heard": SPOKEN, "said": f"You said: {SPOKEN}", "sound_ms": 2437},
    "tool_round": {"called": [{"city": "Paris"}], "said": "It is foggy."},
    "interruption": {"heard": SPOKEN, "said": f"You said: {SPOKEN}", "interrupted": True},
}
"""What every client sees in each task: a task is a session of its own, in this order."""
RESPONSES = {
    "text_turn": [("completed", None)],
    "spoken_turn": [("completed", None)],
    "manual_turn": [("completed", None)],
    "tool_round": [("completed", None), ("completed", None)],
    "interruption": [("cancelled", "turn_detected"), ("completed", None)],
}
"""What the server's own log of the task tells of its responses."""

ERRORS = {("openai_realtime_api.mjs", "interruption"): ["response_cancel_not_active"]}
"""What the server has to refuse: this client cancels what the server has cancelled already."""


Met = tuple[str, dict[str, Any], list[Path]]
"""A client, its report by task, and the server's logs of its sessions."""


def chosen() -> list[str]:
    """Return the clients whose environment was asked for."""
    return [client for client, home in CLIENTS.items() if not WANTED or home in WANTED.split(",")]


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[dict[str, Any]]:
    """Run the simulator in a process of its own; the value is what it prints."""
    command = [sys.executable, str(HERE / "serve.py"), str(folder / "logs"), *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield json.loads(server.stdout.readline())
            server.stdin.close()
            assert server.wait(TIME_LIMIT_S) == 0
        finally:
            server.kill()


def command_of(client: str) -> list[str]:
    """Return how a client is started."""
    script = str(HERE / "clients" / client)
    home = INSTALLED / CLIENTS[client]
    return ["node", script] if client.endswith(".mjs") else [str(home / "bin/python"), "-W", "ignore", script]


def environment(home: str, ca: str | None) -> dict[str, str]:
    """Return what a client finds in its environment: no key, and an authority to trust."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    trust = {} if ca is None else {"NODE_EXTRA_CA_CERTS": ca}
    return {**kept, **trust, "CHROMIUM": CHROMIUM or "", "PEER_HOME": str(INSTALLED / home)}


@pytest.fixture(scope="module", params=chosen())
def met(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Met:
    """Let a client do its tasks."""
    client, folder = str(request.param), tmp_path_factory.mktemp("peer")
    if client == "browser.py" and CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine: apt-get install chromium-headless-shell")
    with serving(folder, *(["--tls"] if client.endswith(".mjs") else [])) as server:
        told = subprocess.run(
            [*command_of(client), server["url"], str(CLIP)],
            env=environment(CLIENTS[client], server["ca"]),
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT_S,
        )
    assert told.returncode == 0, told.stderr[-4_000:]
    return client, json.loads(told.stdout.splitlines()[-1]), sorted((folder / "logs").iterdir())


@pytest.mark.parametrize("task", SEEN)
def test_a_foreign_client_sees_what_was_said(met: Met, task: str) -> None:
    _, report, _ = met
    seen = report[task]
    assert {name: seen[name] for name in SEEN[task]} == SEEN[task]


@pytest.mark.parametrize("task", SEEN)
def test_a_foreign_client_gets_nothing_that_its_own_types_do_not_promise(met: Met, task: str) -> None:
    client, report, _ = met
    checks_what_it_gets = CLIENTS[client] == "openai"  # the others take what comes, and report nothing of it
    assert report[task].get("invalid") == ([] if checks_what_it_gets else None)


@pytest.mark.parametrize("task", SEEN)
def test_the_server_understood_all_that_a_foreign_client_said(met: Met, task: str) -> None:
    log = rt.EventLog.load(met[2][list(SEEN).index(task)])
    state = rt.replay(log)
    assert [(one.status, one.reason) for one in state.responses.values()] == RESPONSES[task]
    assert [error.code for error in state.errors] == ERRORS.get((met[0], task), [])
    assert state.anomalies == ()


@pytest.mark.parametrize("task", SEEN)
def test_a_foreign_client_says_nothing_that_has_no_name(met: Met, task: str) -> None:
    log = rt.EventLog.load(met[2][list(SEEN).index(task)])
    dialect = detect(log)
    named = [event for record in log if record.sender == "client" for event in dialect.read(record.frame, "client")]
    assert [event for event in named if isinstance(event, UnknownEvent)] == []
