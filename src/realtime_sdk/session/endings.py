"""How a connection ended, as a record and as what a caller is told. Pure.

`websockets` and its like call 1001 a normal end; here the code, and what the server said before, decide.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from realtime_sdk.errors import ConnectionClosed, ConnectionExpired, ServerError
from realtime_sdk.protocol.local import ConnectionClosed as ClosedRecord
from realtime_sdk.session.server_errors import level_of
from realtime_sdk.state import RealtimeState, Reported

__all__ = ["Ending", "By", "ending_of"]

By: TypeAlias = Literal["server", "client", "network"]

NORMAL: Final = 1000
_BROKEN: Final = frozenset({None, 1006})


@dataclass(frozen=True)
class Ending:
    """The end of a connection: what is recorded, and what iterations and waits raise. None: they end."""

    record: ClosedRecord
    error: Exception | None
    is_final: bool
    """Whether connecting again cannot help: we closed it, or the account is refused."""


def ending_of(closed: ConnectionClosed, state: RealtimeState, *, by_us: bool, fatal: Exception | None = None) -> Ending:
    """What to record and to raise for the end that a transport reported. `fatal` is why we closed it ourselves."""
    by: By = "client" if by_us else "network" if closed.code in _BROKEN else "server"
    record = ClosedRecord(code=closed.code, reason=closed.reason or None, by=by)
    last = state.errors[-1] if state.errors else None
    if fatal is not None:
        return Ending(record, fatal, is_final=True)
    if by_us:
        return Ending(record, None, is_final=True)
    if last is not None and level_of(last.code) == "account":
        return Ending(record, _refused(last), is_final=True)
    return Ending(record, _told(closed, last), is_final=False)


def _told(closed: ConnectionClosed, last: Reported | None) -> Exception | None:
    if last is not None and last.code == "session_expired" and not isinstance(closed, ConnectionExpired):
        said = last.message or "the session reached its longest duration"
        return ConnectionExpired(said, code=closed.code, reason=closed.reason)
    return None if closed.code == NORMAL else closed


def _refused(last: Reported) -> ServerError:
    return ServerError(
        f"the server refuses this account: {last.message or 'no reason given'} ({last.code})",
        code=last.code,
        type=last.type,
        param=last.param,
        client_event_id=last.client_event_id,
    )
