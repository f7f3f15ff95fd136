"""What `import realtime_sdk` costs, and what it costs until a session could connect: CPU time of fresh interpreters."""

import atexit
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import cache, partial

from tests.benchmarks.measure import children_cpu_ns
from tests.benchmarks.row import MS, Row, Scale, TimedRow, Works

__all__ = ["READY", "importing", "rows"]

NOTHING = "the interpreter"
READY = """
import realtime_sdk as rt
from realtime_sdk.dialects import OPENAI
from realtime_sdk.session.core import SessionCore
from realtime_sdk.transport import _asyncio, _connection, handshake
rt.connect
greeting = b'{"type":"session.created","event_id":"event_1","session":{"type":"realtime"}}'
SessionCore(OPENAI, rt.EventLog()).receive(greeting, at_ns=0)
"""
"""All that is loaded once the server has greeted the first session."""
BARE = "import websockets.asyncio.client, orjson, pybase64"


def rows(_scale: Scale) -> Iterator[Row]:
    parts = {"pydantic": "import pydantic", "websockets + orjson": BARE}
    for name, source in (("import realtime_sdk", "import realtime_sdk"), ("ready to connect", READY)):
        yield TimedRow(
            name=name,
            prepare=partial(importing, {name: source} | parts),
            unit=MS,
            clock=children_cpu_ns,
            net_of=NOTHING,
            needs=("resource",),
        )


def importing(sources: Mapping[str, str], _stack: ExitStack) -> Works:
    """Contenders that start an interpreter each, and one that does nothing with it."""
    return {name: partial(run, source) for name, source in {**sources, NOTHING: "pass"}.items()}


def run(source: str) -> int:
    """Run it as any start but the first: what was compiled then is kept, in a folder of its own."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-c", source], check=True, env=env | {"PYTHONPYCACHEPREFIX": compiled()})
    return 1


@cache
def compiled() -> str:
    folder = tempfile.TemporaryDirectory(prefix="compiled-")
    atexit.register(folder.cleanup)
    return folder.name
