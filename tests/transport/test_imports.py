"""What importing the room loads, and what it does not."""

import subprocess
import sys


def test_importing_the_room_loads_no_websockets() -> None:
    code = "import sys, realtime_sdk.transport; print([m for m in sys.modules if m.startswith(('websockets', 'trio'))])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_connecting_loads_no_server() -> None:
    code = (
        "import sys, importlib, contextlib, realtime_sdk.transport._asyncio\n"
        "with contextlib.suppress(ImportError): importlib.import_module('realtime_sdk.transport._trio')\n"
        "print([m for m in sys.modules if m.startswith('websockets') and m.endswith('.server')])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
