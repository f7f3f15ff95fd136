"""A browser's own `WebSocket` and `fetch` in a page of another origin, through the five tasks.

The page and its clip come from a port of this process, which starts a Chromium of this machine without a window, waits
for the page's report and ends it. Named by CHROMIUM, or found: `apt-get install chromium-headless-shell`.
"""

import json
import os
import signal
import subprocess
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import told

HERE = Path(__file__).parent
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")


class Site(SimpleHTTPRequestHandler):
    """The page, the clip, and an ear for the report."""

    extensions_map: ClassVar = {**SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript"}
    reported = threading.Event()
    seen: dict[str, object]

    def translate_path(self, path: str) -> str:
        return told.CLIP if path == "/clip.wav" else super().translate_path(path)

    def do_POST(self) -> None:
        Site.seen = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()
        self.reported.set()

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Site, directory=str(HERE))) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        page = f"http://127.0.0.1:{site.server_port}/browser.html?url={quote(told.URL, safe='')}"
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            command = [
                os.environ["CHROMIUM"],
                *OPTIONS,
                "--remote-debugging-port=0",
                f"--user-data-dir={profile}",
                page,
            ]
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            with subprocess.Popen(command, start_new_session=True, **quiet) as browser:
                Site.reported.wait(50)
                os.killpg(browser.pid, signal.SIGKILL)  # Debian's is a script: the browser is its child
        site.shutdown()
    told.report(Site.seen)


main()
