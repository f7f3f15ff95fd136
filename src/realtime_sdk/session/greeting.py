"""The first words of a server: a session that begins, or the reason why none does."""

from typing import Any

from realtime_sdk.errors import ConnectionClosed, ConnectionExpired, ConnectionLost, HandshakeError
from realtime_sdk.protocol.local import ConnectionClosed as ClosedRecord
from realtime_sdk.session.server_errors import ERROR_EVENTS
from realtime_sdk.session.subscribers import Subscriber
from realtime_sdk.transport.closing import Close, closed_by_peer

__all__ = ["greeted"]


async def greeted(updates: Subscriber) -> None:
    """Wait for `session.created`. Raises HandshakeError with what the server says instead, ConnectionLost, …Expired."""
    try:
        async for update in updates:
            for event in update.events:
                _raise_if_refused(event)
                if isinstance(event, ClosedRecord) and not updates.is_at_end:  # else the feed says why
                    raise closed_by_peer(Close(event.code or 1006, event.reason or ""))
                if getattr(event, "type", None) == "session.created":
                    return
    except (ConnectionExpired, ConnectionLost):
        raise
    except ConnectionClosed as closed:
        code = closed.reason.rpartition(".")[2] or None
        said = f"the server refused the session: {closed}"
        raise HandshakeError(said, body=closed.reason or None, code=code) from closed
    raise HandshakeError("the server closed the connection before it had begun a session")


def _raise_if_refused(event: Any) -> None:
    if isinstance(event, ERROR_EVENTS):
        error: Any = getattr(event, "error", None)
        said = error.message or "it gave no reason"
        raise HandshakeError(f"the server refused the session: {said}", body=said, code=error.code)
