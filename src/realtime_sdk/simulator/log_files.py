"""Where the logs of served sessions go: `session-001.jsonl`, `session-002.jsonl`, … in a folder."""

import re
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

from realtime_sdk._version import __version__
from realtime_sdk.dialects import Dialect
from realtime_sdk.log import EventLog, FileSink, LogHeader
from realtime_sdk.log.event_log import Keep
from realtime_sdk.protocol import registries
from realtime_sdk.simulator.redacting import Redacting

__all__ = ["free_name", "header_now", "new_log"]


def new_log(
    folder: Path, dialect: Dialect, *, keep: Keep = "none", redact: Collection[str] = ()
) -> tuple[Path, EventLog]:
    """A log that is written to a new file of the folder while it grows, without what `redact` names.

    The folder is made. OSError if it cannot.
    """
    path, header = free_name(folder), header_now(dialect)
    log = EventLog(header, keep=keep)
    sink = FileSink(path, header)
    log.add_sink(Redacting(sink, redact) if redact else sink)
    return path, log


def header_now(dialect: Dialect) -> LogHeader:
    """The header of a log that begins now."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return LogHeader(dialect=dialect.name, spec=registries.GA.spec, sdk=__version__, started_at=now)


def free_name(folder: Path) -> Path:
    """The next name in a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = [int(found[1]) for path in folder.iterdir() if (found := re.fullmatch(r"session-(\d+)\.jsonl", path.name))]
    return folder / f"session-{max(taken, default=0) + 1:03d}.jsonl"
