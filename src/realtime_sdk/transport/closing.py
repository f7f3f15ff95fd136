"""How a close becomes an error. One table of codes for every transport, so that all of them end alike.

Pure: no socket, no clock. `websockets` calls 1001 a normal end; here the code is what counts.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from realtime_sdk.errors import ConnectionClosed, ConnectionExpired, ConnectionLost, LocalProtocolError

__all__ = ["ABNORMAL", "MEANINGS", "NORMAL", "TOO_BIG", "Close", "closed_by_peer", "closed_here", "sendable"]

NORMAL = 1000
EXPIRED = 1001
ABNORMAL = 1006
TOO_BIG = 1009

MEANINGS: Mapping[int, tuple[type[ConnectionClosed], str]] = MappingProxyType(
    {
        NORMAL: (ConnectionClosed, "the server closed the connection"),
        EXPIRED: (ConnectionExpired, "the session reached its longest duration"),
        1002: (ConnectionLost, "the server saw a breach of the websocket protocol"),
        1003: (ConnectionLost, "the server does not take this kind of frame"),
        1005: (ConnectionLost, "the server closed the connection without a code"),
        ABNORMAL: (ConnectionLost, "the connection broke without a close frame; check the network, then reconnect"),
        1007: (ConnectionLost, "the server received text that is no UTF-8"),
        1008: (ConnectionClosed, "the server ended the connection by its policy"),
        TOO_BIG: (ConnectionLost, "the server received a frame larger than it takes"),
        1011: (ConnectionLost, "the server failed"),
        1012: (ConnectionLost, "the server restarts; reconnect"),
        1013: (ConnectionLost, "the server is overloaded; reconnect later"),
        1014: (ConnectionLost, "a gateway lost the server; reconnect"),
        3000: (ConnectionClosed, "the server refused the credentials"),
        4000: (ConnectionClosed, "the server refused the session"),
    }
)
"""Close code → the error that the receiving side gets, and what it means. RFC 6455 §7.4 and what servers send."""

# Codes that a close frame may carry (RFC 6455 §7.4.1): 1004-1006 and 1015 are for local use only.
_SENDABLE = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015)})
_APPLICATION = range(3000, 5000)
_LONGEST_REASON = 123
_EXPIRY = re.compile(r"maximum duration|session[_ ]expired", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Close:
    """A close code (RFC 6455 §7.4) and its reason."""

    code: int = NORMAL
    reason: str = ""


def sendable(code: int, reason: str) -> Close:
    """The close that can be put in a frame: the reason is cut to 123 bytes of UTF-8.

    Raises LocalProtocolError for a code that no frame may carry.
    """
    if code not in _SENDABLE and code not in _APPLICATION:
        raise LocalProtocolError(f"{code} is no close code that can be sent (RFC 6455 §7.4)", field="code")
    return Close(code, reason.encode()[:_LONGEST_REASON].decode(errors="ignore"))


def closed_by_peer(close: Close) -> ConnectionClosed:
    """The error for a close that the other side sent, or for a connection that broke (1006)."""
    error, meaning = _meaning(close.code)
    if _EXPIRY.search(close.reason):
        error, meaning = MEANINGS[EXPIRED]
    said = f": {close.reason}" if close.reason else ""
    return error(f"{meaning} (close code {close.code}{said})", code=close.code, reason=close.reason)


def closed_here(close: Close) -> ConnectionClosed:
    """The error for whoever still uses a connection that this side closed."""
    return ConnectionClosed(
        f"the connection was closed by this side (close code {close.code})", code=close.code, reason=close.reason
    )


def _meaning(code: int) -> tuple[type[ConnectionClosed], str]:
    if code in MEANINGS:
        return MEANINGS[code]
    if code in _APPLICATION:
        return ConnectionClosed, "the server closed the connection for a reason of its own"
    return ConnectionLost, "the connection ended"
