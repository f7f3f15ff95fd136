"""The simulator as a process of its own, so that foreign clients meet it as strangers do.

`python serve.py LOGS [--tls]` prints one JSON line, `{"url": …, "ca": …}`, serves until its standard input ends, and
leaves a log of every session in the folder LOGS. With `--tls` the server is a `wss` one, and `ca` the file of who
vouches for it.
"""

import json
import ssl
import sys
from pathlib import Path

import anyio
import anyio.to_thread
import trustme

import realtime_sdk as rt

SPEED = 10  # fast enough for a test, slow enough to be interrupted


def certified(folder: Path) -> tuple[ssl.SSLContext, str]:
    """Return a context for this machine's names, and the file of the authority that clients have to trust."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    ca = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    return context, str(ca)


async def main(logs: Path, *, tls: bool) -> None:
    context, ca = certified(logs.parent) if tls else (None, None)
    options = {} if context is None else {"tls": context}
    async with rt.simulate(speed=SPEED, log_dir=logs, **options) as server:
        print(json.dumps({"url": server.url, "ca": ca}), flush=True)
        await anyio.to_thread.run_sync(sys.stdin.read)


if __name__ == "__main__":
    anyio.run(lambda: main(Path(sys.argv[1]), tls="--tls" in sys.argv))
