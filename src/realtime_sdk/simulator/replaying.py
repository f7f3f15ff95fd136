"""A server that speaks a recorded log: each client hears what the server said, once it has said what the client said.

The matching is that of `realtime_sdk.transport.ReplayTransport`; here it has a port, and any number of clients.
"""

import json
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from os import PathLike
from typing import Final

import anyio
from typing_extensions import Unpack

from realtime_sdk.errors import ConnectionClosed, ReplayMismatch
from realtime_sdk.log import EventLog, LogRecord
from realtime_sdk.simulator.sockets import Listener, Visit, Where
from realtime_sdk.transport.base import Transport
from realtime_sdk.transport.replay import ReplayTransport, connections
from realtime_sdk.transport.script import Check, event_of

__all__ = ["ReplayServer", "replay_server"]

_REFUSED: Final = 1008
_GOING_AWAY: Final = 1001
_CLOSED: Final = "local.connection_closed"


class ReplayServer(Listener):
    """A running replay. `url` and `endpoint` are where it listens, `mismatches` what the log does not have."""

    def __init__(
        self,
        records: Iterable[LogRecord],
        *,
        check: Check,
        speed: float,
        on_mismatch: Callable[[ReplayMismatch], object] | None,
    ) -> None:
        self._connections = tuple(connections(records)) or ((),)
        self._check: Check = check
        self._speed = speed or None
        self._on_mismatch = on_mismatch
        self.sessions = 0
        """How many clients came."""
        self.mismatches: tuple[ReplayMismatch, ...] = ()

    def __repr__(self) -> str:
        return f"<ReplayServer {self.url}, {len(self._connections)} connections, {self.sessions} sessions>"

    async def serve(self, visit: Visit) -> None:
        """Speak the next connection of the log to a client; after the last comes the first again."""
        if not visit.knock.is_realtime:
            await visit.refuse_path()
            return
        near = await visit.accept()
        records = self._connections[self.sessions % len(self._connections)]
        self.sessions += 1
        far = ReplayTransport(records, check=self._check, speed=self._speed)
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(_speak, records, far, near, group.cancel_scope)
                await self._listen(near, far)
                group.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):  # whom the end of the server takes by surprise, hears of it
                await near.aclose(_GOING_AWAY, "the replay has ended")

    async def _listen(self, near: Transport, far: ReplayTransport) -> None:
        """Match what the client sends, until it closes or sends what the log has not."""
        try:
            with suppress(ConnectionClosed):
                while True:
                    await far.send(await near.receive())
            await far.aclose()
        except ReplayMismatch as mismatch:
            self._remember(mismatch)
            with suppress(ConnectionClosed):
                await near.send(_told(mismatch))
                await near.aclose(_REFUSED, "replay_mismatch")

    def _remember(self, mismatch: ReplayMismatch) -> None:
        self.mismatches = (*self.mismatches, mismatch)
        if self._on_mismatch is not None:
            self._on_mismatch(mismatch)


@asynccontextmanager
async def replay_server(
    log: Iterable[LogRecord] | str | PathLike[str],
    *,
    check: Check = "lenient",
    speed: float = 0.0,
    on_mismatch: Callable[[ReplayMismatch], object] | None = None,
    **where: Unpack[Where],
) -> AsyncGenerator[ReplayServer, None]:
    """A server that speaks a log to every client, for as long as the block lasts.

    Each client hears it from the beginning; of a log with several connections (a session that reconnected) each client
    hears the next one, and after the last comes the first again. `log`: records, or the path of a log.

    `check` says how a client's frames are matched: `lenient` wants the same types in the order of each type, `strict`
    the same frames, `off` takes anything and says all. A client that sends something else gets an `error` event with
    the code `replay_mismatch` and the close 1008. `speed`: 0 without waiting (the default), 1 as recorded. `where`:
    `host`, `port` and `tls`.

    On leaving, the first ReplayMismatch is raised, unless the block itself raises or `on_mismatch` was told. Errors of
    the file as from `EventLog.load`; OSError if the port cannot be opened.
    """
    records = EventLog.load(log) if isinstance(log, str | PathLike) else log
    server = ReplayServer(records, check=check, speed=speed, on_mismatch=on_mismatch)
    async with server.listening(**where):
        yield server
    if server.mismatches and on_mismatch is None:
        raise server.mismatches[0]


async def _speak(records: Sequence[LogRecord], far: ReplayTransport, near: Transport, scope: anyio.CancelScope) -> None:
    """Say what the server said, and close as it closed. Where it did not, the client is waited for."""
    try:
        for _ in range(sum(record.sender == "server" for record in records)):
            await near.send(await far.receive())
        if _server_closed(records):
            await far.receive()
    except ConnectionClosed as end:
        await near.aclose(1000 if end.code is None else end.code, end.reason)
        scope.cancel()


def _server_closed(records: Iterable[LogRecord]) -> bool:
    """Whether the log says that the connection ended, and not by the client."""
    locals_ = (event_of(record.frame) or {} for record in records if record.sender == "local")
    return any(event.get("type") == _CLOSED and event.get("by") in ("server", "network") for event in locals_)


def _told(mismatch: ReplayMismatch) -> bytes:
    error = {
        "type": "invalid_request_error",
        "code": "replay_mismatch",
        "message": str(mismatch),
        "param": None,
        "event_id": None,
    }
    return json.dumps({"type": "error", "event_id": "event_replay_mismatch", "error": error}).encode()
