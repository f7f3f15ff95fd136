"""Which dialect a recording is in: what it says of itself, else what its first frames look like.

A name wins over evidence: the one given, then the one in the log's header, then the one in a
`local.connection_opened` record. Azure GA looks like OpenAI, so only a name tells it apart.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Protocol

from realtime_sdk.dialects.beta import BETA
from realtime_sdk.dialects.beta_casts import NAMES
from realtime_sdk.dialects.beta_session import SESSION
from realtime_sdk.dialects.dialect import Dialect
from realtime_sdk.dialects.known import get
from realtime_sdk.dialects.objects import JsonObject, is_object, type_of
from realtime_sdk.dialects.openai import OPENAI
from realtime_sdk.dialects.translation import TRANSLATION
from realtime_sdk.errors import RemoteProtocolError
from realtime_sdk.protocol.codec import parse

__all__ = ["Recorded", "detect"]

FIRST = 200
BY_SESSION_TYPE: Mapping[str, Dialect] = {
    "realtime": OPENAI,
    "transcription": OPENAI,
    "translation": TRANSLATION,
}
BY_EVENT: Mapping[str, Dialect] = {
    **dict.fromkeys(NAMES, BETA),
    **dict.fromkeys(NAMES.values(), OPENAI),
    "conversation.item.added": OPENAI,
    "conversation.item.created": BETA,
    "conversation.item.done": OPENAI,
    "session.closed": TRANSLATION,
    "session.input_audio_buffer.append": TRANSLATION,
    "session.input_transcript.delta": TRANSLATION,
    "session.output_audio.delta": TRANSLATION,
    "session.output_transcript.delta": TRANSLATION,
    "transcription_session.created": BETA,
    "transcription_session.update": BETA,
    "transcription_session.updated": BETA,
}
FLAT_KEYS = frozenset(move.flat for move in SESSION if (move.flat,) != move.nested)


class Recorded(Protocol):
    """A record, as far as detection looks at it."""

    @property
    def sender(self) -> str:
        """Who sent the frame: `client`, `server` or `local`."""
        ...

    @property
    def frame(self) -> bytes:
        """The frame as it was on the wire."""
        ...


def detect(records: Iterable[Recorded], *, named: str | None = None) -> Dialect:
    """Return the dialect of a log, or of the records of one; `openai` where nothing speaks against it.

    `named` decides if it is given, and then the `header.dialect` that `records` may have. Looks at the first
    200 records, so give something that can be iterated again. Raises LocalProtocolError for an unknown name.
    """
    name = named or getattr(getattr(records, "header", None), "dialect", None)
    if isinstance(name, str):
        return get(name)
    first = list(islice(records, FIRST))
    name = next(_opened(first), None)
    return get(name) if name else next(_evidence(first), OPENAI)


def _opened(records: Iterable[Recorded]) -> Iterator[str]:
    for obj in _objects(record for record in records if record.sender == "local"):
        name = obj.get("dialect")
        if type_of(obj) == "local.connection_opened" and isinstance(name, str):
            yield name


def _evidence(records: Iterable[Recorded]) -> Iterator[Dialect]:
    """What speaks for a dialect, the best first: event names, then the shape of sessions, which others bend."""
    objects = list(_objects(record for record in records if record.sender != "local"))
    named = (BY_EVENT.get(type_of(obj)) for obj in objects)
    shaped = (_of_session(obj.get("session")) for obj in objects)
    return (found for found in chain(named, shaped) if found)


def _of_session(session: object) -> Dialect | None:
    if not is_object(session):
        return None
    if type_of(session):
        return BY_SESSION_TYPE.get(type_of(session))
    return BETA if session.keys() & FLAT_KEYS else None


def _objects(records: Iterable[Recorded]) -> Iterator[JsonObject]:
    for record in records:
        try:
            yield parse(record.frame)
        except RemoteProtocolError:
            continue
