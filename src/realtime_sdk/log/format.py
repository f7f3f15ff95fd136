"""The file form, line by line: records to lines and lines to records. Pure: it opens nothing.

One line is one JSON object. A frame that is a JSON object on one line stands in it unchanged, as the last member
`event`; so a reader cuts it out by position, and anything else (`text`, `bytes`, foreign captures, unusual blanks)
goes through the exact but slower `members`. docs/reference/log-format.md is the specification.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeAlias, TypeVar, cast

import pybase64
from pydantic_core import SchemaValidator, core_schema, from_json, to_json

from realtime_sdk.errors import LogFormatError
from realtime_sdk.log.capture import sender_of
from realtime_sdk.log.json_text import Member, members
from realtime_sdk.log.records import FORMAT, SENDERS, LogHeader, LogRecord, Sender, new_record
from realtime_sdk.log.redaction import may_hold_secret, redact, replace_secrets

__all__ = ["LONGEST_LINE", "ReadLine", "Start", "encode_header", "encode_record", "is_event", "read_start"]

LONGEST_LINE: Final = 1 << 28
"""Bytes of the longest line that is written or read (256 MiB): so that a reader's memory is bounded."""

_FAMILY: Final = "realtime_sdk"
_HEADS: Final[Mapping[Sender, bytes]] = {
    sender: b'{"seq":%%d,"at_ns":%%d,"sender":"%b","event":%%b}\n' % sender.encode() for sender in SENDERS
}
_HEAD: Final = re.compile(
    rb'\{"seq":(0|[1-9][0-9]{0,18}),"at_ns":(0|[1-9][0-9]{0,18}|null),"sender":"(client|server|local)","event":'
)
_SENDER_WORDS: Final[Mapping[bytes, Sender]] = {sender.encode(): sender for sender in SENDERS}
_SENDER_NAMES: Final[Mapping[str, Sender]] = {sender: sender for sender in SENDERS}
_CAPTURE_HEADS: Final[Mapping[bytes, Sender]] = {b'{"sender":"%b","event":' % name.encode(): name for name in SENDERS}
_JSON_WORDS: Final[Mapping[type, str]] = {str: "string", int: "whole number", list: "array", dict: "object"}
_T = TypeVar("_T")

# --- is a frame fit to stand in a line as it is? -------------------------------------------------------------------

_SMALL: Final = 1024
# Reads the whole text and builds nothing of it: less than half the price of from_json for a small frame.
_check_object = SchemaValidator(core_schema.typed_dict_schema({}, extra_behavior="ignore")).validate_json
# What that check lets pass: line breaks between tokens, and the numbers that JSON does not have.
_may_be_unfit = SchemaValidator(
    core_schema.str_schema(pattern=r"[\r\n]|NaN|Infinity", regex_engine="rust-regex")
).isinstance_python


def is_event(frame: bytes) -> bool:
    """Whether the frame is one JSON object (RFC 8259, UTF-8) on one line, without blanks around it."""
    if frame[:1] != b"{" or frame[-1:] != b"}":
        return False
    try:
        if len(frame) <= _SMALL and not _may_be_unfit(frame):
            _check_object(frame)
            return True
        return frame.find(b"\n") < 0 and frame.find(b"\r") < 0 and type(from_json(frame, allow_inf_nan=False)) is dict
    except ValueError:
        return False


# --- writing ----------------------------------------------------------------------------------------------------------


def encode_header(header: LogHeader) -> bytes:
    """The first line of a file, in the format that this package writes, without secrets.

    ValueError (pydantic's) if `meta` holds what JSON cannot say.
    """
    line = to_json(
        {
            "log": _FAMILY,
            "format": FORMAT,
            "dialect": header.dialect,
            "spec": header.spec,
            "sdk": header.sdk,
            "started_at": header.started_at,
            "meta": dict(header.meta),
        }
    )
    return redact(line)[0] + b"\n"


def encode_record(record: LogRecord) -> bytes:
    """The line of a record, its line end included. ValueError if it would be longer than a reader takes."""
    seq, at_ns, sender, frame, redacted, audio_left_out = record
    if at_ns is None or redacted or audio_left_out or not is_event(frame):
        line = _encode_in_full(record)
    else:
        line = _HEADS[sender] % (seq, at_ns, frame)
    if len(line) > LONGEST_LINE:
        raise ValueError(f"the line of record {seq} is longer than {LONGEST_LINE} bytes")
    return line


def _encode_in_full(record: LogRecord) -> bytes:
    head: dict[str, object] = {"seq": record.seq, "at_ns": record.at_ns, "sender": record.sender}
    if record.redacted:
        head["redacted"] = record.redacted
    if record.audio_left_out:
        head["audio_left_out"] = record.audio_left_out
    return to_json(head)[:-1] + _encode_frame(record.frame) + b"}\n"


def _encode_frame(frame: bytes) -> bytes:
    if is_event(frame):
        return b',"event":' + frame
    try:
        return b',"text":' + to_json(frame.decode())
    except UnicodeDecodeError:
        return b',"bytes":"' + pybase64.b64encode(frame) + b'"'


# --- reading ----------------------------------------------------------------------------------------------------------

ReadLine: TypeAlias = Callable[[bytes, int], LogRecord | None]
"""(line without its end, seq if the line names none) → record, None for a blank line. LogFormatError if damaged."""


class Start(NamedTuple):
    """What the first line of a file says about the rest."""

    header: LogHeader
    read_line: ReadLine
    is_record: bool
    """Whether the first line is a record too (a capture)."""


def read_start(line: bytes) -> Start:
    """Header and line reader for a file that begins with this line. LogFormatError if it is neither log nor capture."""
    found = _members(line.removeprefix(b"\xef\xbb\xbf"))
    if "log" not in found and found.keys() & {"event", "sender", "type"}:
        return Start(LogHeader(format=0), read_capture_line, is_record=True)
    if "log" not in found or found["log"].value != _FAMILY:
        raise LogFormatError("neither a log's header, nor a captured event")
    number = _value(found, "format", int)
    if number > FORMAT:
        raise LogFormatError(f"format {number} is newer than {FORMAT}, the newest read here: upgrade realtime-sdk")
    read_line = _READERS.get(number)
    if read_line is None:
        raise LogFormatError(f"there is no format {number}")
    return Start(_header(found, number), read_line, is_record=False)


def _header(found: Mapping[str, Member], number: int) -> LogHeader:
    return LogHeader(
        format=number,
        dialect=_optional(found, "dialect", str),
        spec=_optional(found, "spec", str),
        sdk=_optional(found, "sdk", str),
        started_at=_optional(found, "started_at", str),
        meta=_meta(found),
    )


def _meta(found: Mapping[str, Member]) -> dict[str, object]:
    return cast("dict[str, object] | None", _optional(found, "meta", dict)) or {}


def read_format_1(line: bytes, seq: int) -> LogRecord | None:
    """A record of format 1."""
    head = _HEAD.match(line)
    if head is not None:
        frame = line[head.end() : -1]
        if line[-1:] == b"}" and is_event(frame):
            seq_word, at_word, sender_word = head.groups()
            at_ns = None if at_word == b"null" else int(at_word)
            return new_record(LogRecord, (int(seq_word), at_ns, _SENDER_WORDS[sender_word], frame, (), 0))
    if not line.strip():
        return None
    found = _members(line)
    return _record(found, _value(found, "seq", int))


def read_capture_line(line: bytes, seq: int) -> LogRecord | None:
    """A record of a capture: `{"sender": …, "event": …}` or a bare event. It enters a log here, so without secrets."""
    record = _capture_record(line.removeprefix(b"\xef\xbb\xbf"), seq)
    if record is None or not may_hold_secret(record.frame):
        return record
    frame, redacted = replace_secrets(record.frame)
    return record._replace(frame=frame, redacted=tuple(dict.fromkeys(record.redacted + redacted)))


def _capture_record(line: bytes, seq: int) -> LogRecord | None:
    for head, sender in _CAPTURE_HEADS.items():
        if line.startswith(head) and line.endswith(b"}") and is_event(line[len(head) : -1]):
            return LogRecord(seq, None, sender, line[len(head) : -1])
    if not line.strip():
        return None
    found = _members(line)
    if "type" in found and "event" not in found:
        return LogRecord(seq, None, sender_of(found["type"].value), line.strip(b" \t\r"))
    return _record(found, _value(found, "seq", int) if "seq" in found else seq)


_READERS: Final[Mapping[int, ReadLine]] = {1: read_format_1}


def _record(found: Mapping[str, Member], seq: int) -> LogRecord:
    sender = _SENDER_NAMES.get(_value(found, "sender", str))
    if sender is None:
        raise LogFormatError("`sender` is none of client, server, local")
    at_ns = _optional(found, "at_ns", int)
    pointers = cast("list[object] | None", _optional(found, "redacted", list))  # what is in it, is turned into text
    left_out = _optional(found, "audio_left_out", int) or 0
    if min(seq, left_out) < 0:
        raise LogFormatError("a number is below 0")
    return LogRecord(seq, at_ns, sender, _frame(found), tuple(map(str, pointers or ())), left_out)


def _frame(found: Mapping[str, Member]) -> bytes:
    match [name for name in ("event", "text", "bytes") if name in found]:
        case ["event"]:
            _value(found, "event", dict)
            return found["event"].raw
        case ["text"]:
            return _or_damaged(str.encode, _value(found, "text", str))
        case ["bytes"]:
            return _or_damaged(_from_base64, _value(found, "bytes", str))
        case _:
            raise LogFormatError("not exactly one of `event`, `text` and `bytes`")


def _from_base64(text: str) -> bytes:
    return pybase64.b64decode(text, validate=True)


def _or_damaged(turn: Callable[[str], bytes], text: str) -> bytes:
    try:
        return turn(text)
    except ValueError as error:
        raise LogFormatError(f"the frame cannot be restored: {type(error).__name__}") from None


def _members(line: bytes) -> dict[str, Member]:
    try:
        return members(line)
    except ValueError as error:
        raise LogFormatError(f"not a JSON object: {error}") from None


def _optional(found: Mapping[str, Member], name: str, kind: type[_T]) -> _T | None:
    member = found.get(name)
    return None if member is None or member.value is None else _value(found, name, kind)


def _value(found: Mapping[str, Member], name: str, kind: type[_T]) -> _T:
    value = found[name].value if name in found else None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise LogFormatError(f"`{name}` is missing, or no {_JSON_WORDS[kind]}")
    return value
