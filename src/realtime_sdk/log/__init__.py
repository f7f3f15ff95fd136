"""What was said: the append-only log of a session, in memory and in files. Knows bytes and their senders, no event."""

from realtime_sdk.log.event_log import EventLog, Keep
from realtime_sdk.log.file_sink import Durability, FileSink
from realtime_sdk.log.files import LogPath
from realtime_sdk.log.records import FORMAT, LogHeader, LogRecord, LogStatistics, Sender
from realtime_sdk.log.redaction import redact
from realtime_sdk.log.sinks import Sink, SinkError
from realtime_sdk.log.stream import LogStream

__all__ = [
    "FORMAT",
    "Durability",
    "EventLog",
    "FileSink",
    "Keep",
    "LogHeader",
    "LogPath",
    "LogRecord",
    "LogStatistics",
    "LogStream",
    "Sender",
    "Sink",
    "SinkError",
    "redact",
]
