"""What a recording leaves out on request, beside the secrets that no log has: sound, words, fields by name. Pure.

A frame without anything of this stays as it is, byte for byte.
"""

from collections.abc import Iterable
from typing import Any, Final

from pydantic_core import from_json, to_json

from realtime_sdk.log import LogRecord, Sink
from realtime_sdk.log.audio_payload import leave_out_audio
from realtime_sdk.log.json_text import JsonPath, pointer
from realtime_sdk.log.redaction import REDACTED
from realtime_sdk.protocol.json_values import is_array, is_object

__all__ = ["Redacting", "left_out"]

SOUND, WORDS = "audio", "text"
_SAID: Final = frozenset({"text", "transcript", "delta", "arguments", "output", "instructions"})
"""Fields that are words where they are strings: `output` of a response is a list, and looked into."""
_TOKENS: Final = "logprobs"


class Redacting:
    """A sink that keeps `redact` from another one: see `record_proxy`."""

    def __init__(self, sink: Sink, redact: Iterable[str]) -> None:
        self._sink = sink
        self._redact = frozenset(redact)

    def write(self, record: LogRecord, /) -> None:
        """Give the record on, without what is left out."""
        self._sink.write(left_out(record, self._redact))

    def close(self) -> None:
        """Close the other one."""
        self._sink.close()


def left_out(record: LogRecord, redact: frozenset[str]) -> LogRecord:
    """The record without sound (`audio`), without words (`text`), without what fields of any other name hold."""
    if record.sender == "local":
        return record
    frame, sound = leave_out_audio(record.frame) if SOUND in redact else (record.frame, 0)
    frame, pointers = _without(frame, redact - {SOUND})
    return record._replace(
        frame=frame,
        redacted=(*record.redacted, *(one for one in pointers if one not in record.redacted)),
        audio_left_out=record.audio_left_out + sound,
    )


def _without(frame: bytes, names: frozenset[str]) -> tuple[bytes, tuple[str, ...]]:
    """The frame without these, and pointers to them. What is no JSON object goes as a whole."""
    if not names:
        return frame, ()
    try:
        event: object = from_json(frame)
    except ValueError:
        event = None
    if not is_object(event):
        return REDACTED.encode(), ("",)
    has_sound = str(event.get("type")).endswith("audio.delta")
    said = (_SAID - {"delta"} if has_sound else _SAID) if WORDS in names else frozenset[str]()
    wholly = names - {WORDS} | ({_TOKENS} if WORDS in names else set[str]())
    found: list[JsonPath] = []
    emptied = _emptied(event, said, wholly, (), found)
    return (to_json(emptied), tuple(map(pointer, found))) if found else (frame, ())


def _emptied(value: Any, said: frozenset[str], wholly: frozenset[str], path: JsonPath, found: list[JsonPath]) -> Any:
    """The value with what is left out made blank; the places are added to `found`."""
    if is_array(value):
        return [_emptied(member, said, wholly, (*path, place), found) for place, member in enumerate(value)]
    if not is_object(value):
        return value
    made: dict[str, Any] = {}
    for name, member in value.items():
        where = (*path, name)
        if name in wholly or (name in said and isinstance(member, str)):
            made[name] = _blank(member)
            if made[name] != member:
                found.append(where)
        else:
            made[name] = _emptied(member, said, wholly, where, found)
    return made


def _blank(value: Any) -> Any:
    """A value of the same kind that tells nothing: a list is empty, an object keeps its names."""
    if is_object(value):
        return {name: _blank(member) for name, member in value.items()}
    if is_array(value):
        return []
    if isinstance(value, str):
        return REDACTED if value else value
    return value if value is None or isinstance(value, bool) else 0
