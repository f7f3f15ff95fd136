"""The same scenario gives the same bytes: in every process, whatever the seed of its hashes."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from realtime_sdk.protocol.models import McpListedTool
from realtime_sdk.simulator.brain import McpServer, Settings
from tests.simulator.talk import GET_WEATHER, QUIET, Talk, clip

ROOT = Path(__file__).parents[2]
PROGRAM = "from tests.simulator.test_same_bytes import digest; print(digest())"
GET_TIME = {**GET_WEATHER, "name": "get_time", "description": "Tell the time in a city."}
DOCS = McpServer("docs", (McpListedTool(name="search_docs", description="Search."),))


def digest() -> str:
    """Return what stands for all that is said in a session with texts, tools, MCP, speech and an interruption."""
    talk = Talk(settings=Settings(speed=1, seed="7", mcp=(DOCS,)), hear=lambda _: "tell me a joke")
    talk.update(tools=[GET_WEATHER, GET_TIME, {"type": "mcp", "server_label": "docs", "server_url": "https://x"}])
    for text in ("What is the weather in Oslo?", "the time in Rome", "use search_docs", "say exactly yes", "hello"):
        talk.ask(text, metadata={"b": "1", "a": "2"})
        talk.wait(20_000)
    for _ in range(2):
        talk.speak(clip("weather") + QUIET * 800)
        talk.wait(500)
    talk.wait(20_000)
    return sha256(b"\n".join(talk.frames)).hexdigest()


def test_every_process_says_the_same_bytes() -> None:
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    elsewhere = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONHASHSEED": "4294967295", "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert elsewhere.stdout.strip() == digest()
