"""A writer that is killed: everything it had flushed is there, and the file can be read."""

import subprocess
import sys
from pathlib import Path

import pytest

from realtime_sdk.log import EventLog
from tests.log.frames import AUDIO, SMALL

WRITER = """
import sys
from realtime_sdk.log import EventLog, FileSink
small, audio = (bytes.fromhex(text) for text in sys.argv[2:4])
log = EventLog(keep="none")
log.add_sink(FileSink(sys.argv[1]))
for at in range(10**9):
    log.append("server", audio if at % 3 else small, at_ns=at)
    if at % 100 == 99:
        print(at + 1, flush=True)
"""


@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.gz"])
@pytest.mark.parametrize("lines", [1, 2, 7])
def test_a_killed_writer_loses_nothing_that_it_had_appended(name: str, lines: int, tmp_path: Path) -> None:
    path = tmp_path / name
    command = [sys.executable, "-c", WRITER, str(path), SMALL.hex(), AUDIO.hex()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        promised = [int(writer.stdout.readline()) for _ in range(lines)][-1]
        writer.kill()
    log = EventLog.load(path)
    assert len(log) >= promised
    assert [record.seq for record in log] == list(range(len(log)))
    assert all(record.frame == (AUDIO if record.seq % 3 else SMALL) for record in log)
    assert (log.torn is not None) or name == "log.jsonl"
    assert writer.returncode < 0 or sys.platform == "win32"
