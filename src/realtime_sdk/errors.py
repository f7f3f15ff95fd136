"""Every error a caller can meet, one class per situation that can be acted on.

    RealtimeError
    ├── ProtocolError
    │   ├── LocalProtocolError        what we were asked to send is wrong; nothing was sent
    │   └── RemoteProtocolError       a received frame is not JSON, or not an object; it is kept
    ├── HandshakeError                the server refused to open the connection
    ├── ConnectionClosed              the connection has ended
    │   ├── ConnectionExpired         the session reached its longest duration
    │   └── ConnectionLost            the connection broke without a proper end
    ├── ServerError                   the server answered our event with an `error`
    ├── ResponseFailed                a response ended as failed
    ├── RequestTimeout                an answer did not come in time (a TimeoutError too)
    ├── SubscriberTooSlow             a subscriber fell behind further than its buffer
    ├── OutboundFull                  more was queued to send than the bound allows
    ├── LogFormatError                a log file cannot be read
    ├── AudioFormatError              audio cannot be read, or not in this form
    ├── ReplayMismatch                a client sent something else than the log says
    └── ScenarioError                 a scenario is wrong, or has steps left over

Attributes are for machines, the message is one sentence for people. Mistakes of the server are
values (`UnknownEvent`, anomalies), not errors: only what ends a wait or a connection is raised.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = [
    "AudioFormatError",
    "ConnectionClosed",
    "ConnectionExpired",
    "ConnectionLost",
    "HandshakeError",
    "LocalProtocolError",
    "LogFormatError",
    "OutboundFull",
    "ProtocolError",
    "RealtimeError",
    "RemoteProtocolError",
    "ReplayMismatch",
    "RequestTimeout",
    "ResponseFailed",
    "ScenarioError",
    "ServerError",
    "SubscriberTooSlow",
]


class RealtimeError(Exception):
    """Base of all errors of this package. They travel to other processes with their attributes."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _revived, (type(self), self.args, self.__dict__)


def _revived(kind: type[RealtimeError], args: tuple[Any, ...], attributes: dict[str, Any]) -> RealtimeError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(attributes)
    return error


class ProtocolError(RealtimeError):
    """A frame or an event does not follow the protocol."""


class LocalProtocolError(ProtocolError):
    """What we were asked to send is wrong; nothing was sent.

    `field` is the path of the offending field (`session.audio`), None if the whole event is meant.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class RemoteProtocolError(ProtocolError):
    """A frame that is no JSON object. `frame` holds it as it was received."""

    def __init__(self, message: str, *, frame: bytes) -> None:
        super().__init__(message)
        self.frame = frame


class HandshakeError(RealtimeError):
    """The server refused to open the connection.

    `status` is the HTTP status, None if the refusal came after the upgrade; `body` what the server
    said; `code` its error code (`invalid_api_key`, `beta_api_shape_disabled`, …) where it named one.
    """

    def __init__(
        self, message: str, *, status: int | None = None, body: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = body
        self.code = code


class ConnectionClosed(RealtimeError):
    """The connection has ended. `code` is the websocket close code (RFC 6455 §7.4), `reason` its text."""

    def __init__(self, message: str = "the connection is closed", *, code: int | None = None, reason: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason


class ConnectionExpired(ConnectionClosed):
    """The session reached its longest duration (close code 1001, or the error `session_expired`)."""


class ConnectionLost(ConnectionClosed):
    """The connection broke without a proper end (network, server restart, code 1006, 1011, …)."""


class ServerError(RealtimeError):
    """The server answered our event with an `error` event.

    `code`, `type` and `param` are the server's; `client_event_id` names the event of ours that caused it;
    `event` is the server event as received.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        type: str | None = None,  # noqa: A002 - the wire's word
        param: str | None = None,
        client_event_id: str | None = None,
        event: Any = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.type = type
        self.param = param
        self.client_event_id = client_event_id
        self.event = event


class ResponseFailed(RealtimeError):
    """A response ended with status `failed`. `code` is the server's, `response` the response as reduced.

    `retry_after_s` is when it may be asked for again, where the server said so (rate limits).
    """

    def __init__(
        self, message: str, *, code: str | None = None, response: Any = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.response = response
        self.retry_after_s = retry_after_s


class RequestTimeout(RealtimeError, TimeoutError):
    """An answer did not come in time. `seconds` is how long was waited, `waiting_for` what was awaited."""

    def __init__(self, message: str, *, seconds: float | None = None, waiting_for: str | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds
        self.waiting_for = waiting_for


class SubscriberTooSlow(RealtimeError):
    """A subscriber fell behind further than its buffer; `missed` updates were not delivered to it."""

    def __init__(self, message: str, *, missed: int) -> None:
        super().__init__(message)
        self.missed = missed


class OutboundFull(RealtimeError):
    """More was queued to send than the bound allows. `queued` and `limit` are bytes; nothing was added."""

    def __init__(self, message: str, *, queued: int, limit: int) -> None:
        super().__init__(message)
        self.queued = queued
        self.limit = limit


class LogFormatError(RealtimeError):
    """A log cannot be read. `line` counts from 1, None if the whole file is meant."""

    def __init__(self, message: str, *, path: str | Path | None = None, line: int | None = None) -> None:
        super().__init__(message)
        self.path = path
        self.line = line


class AudioFormatError(RealtimeError):
    """Audio cannot be read, or is not in the form that is needed."""


class ReplayMismatch(RealtimeError):
    """A client sent something else than the log says. `seq` is the record that was expected."""

    def __init__(
        self, message: str, *, seq: int | None = None, expected: Mapping[str, Any] | None = None, got: Any = None
    ) -> None:
        super().__init__(message)
        self.seq = seq
        self.expected = expected
        self.got = got


class ScenarioError(RealtimeError):
    """A scenario is wrong, or a run ended before all its steps were used. `steps` are those left over."""

    def __init__(self, message: str, *, steps: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.steps = steps
