"""A server that speaks a recorded log: each client hears what the server said, once it has said what the client said.

The matching is that of `realtime_sdk.transport.ReplayTransport`; here it has a port, and any number of clients.
"""

import json
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from os import PathLike
from ssl import SSLContext
from typing import Final

import anyio

from realtime_sdk.errors import ConnectionClosed, ReplayMismatch
from realtime_sdk.log import EventLog, LogRecord
from realtime_sdk.simulator.sockets import Visit, listening, served_at
from realtime_sdk.transport.base import Transport
from realtime_sdk.transport.endpoint import Endpoint
from realtime_sdk.transport.replay import ReplayTransport, connections
from realtime_sdk.transport.script import Check, event_of

__all__ = ["ReplayServer", "replay_server"]

_REFUSED: Final = 1008
_CLOSED: Final = "local.connection_closed"


class ReplayServer:
    """A running replay. `url` and `endpoint` are where it listens, `mismatches` what the log does not have."""

    def __init__(
        self,
        records: Iterable[LogRecord],
        *,
        check: Check,
        speed: float,
        on_mismatch: Callable[[ReplayMismatch], object] | None,
    ) -> None:
        self._records = next(connections(records), ())
        self._check: Check = check
        self._speed = speed or None
        self._on_mismatch = on_mismatch
        self._at: tuple[str, int, bool] = ("", 0, False)
        self.sessions = 0
        """How many clients came."""
        self.mismatches: tuple[ReplayMismatch, ...] = ()

    def __repr__(self) -> str:
        return f"<ReplayServer {self.url}, {len(self._records)} records, {self.sessions} sessions>"

    @property
    def url(self) -> str:
        """The address of the server: `ws://127.0.0.1:PORT/v1/realtime`."""
        host, port, tls = self._at
        return served_at(host, port, tls=tls)

    @property
    def endpoint(self) -> Endpoint:
        """What `rt.connect` takes."""
        return Endpoint(self.url)

    async def _serve(self, visit: Visit) -> None:
        if not visit.knock.is_realtime:
            await visit.refuse_path()
            return
        near = await visit.accept()
        self.sessions += 1
        far = ReplayTransport(self._records, check=self._check, speed=self._speed)
        async with anyio.create_task_group() as group:
            group.start_soon(self._speak, far, near, group.cancel_scope)
            await self._listen(near, far)
            group.cancel_scope.cancel()

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

    async def _speak(self, far: ReplayTransport, near: Transport, scope: anyio.CancelScope) -> None:
        """Say what the server said, and close as it closed. Where it did not, the client is waited for."""
        try:
            for _ in range(sum(record.sender == "server" for record in self._records)):
                await near.send(await far.receive())
            if _server_closed(self._records):
                await far.receive()
        except ConnectionClosed as end:
            await near.aclose(1000 if end.code is None else end.code, end.reason)
            scope.cancel()

    def _remember(self, mismatch: ReplayMismatch) -> None:
        self.mismatches = (*self.mismatches, mismatch)
        if self._on_mismatch is not None:
            self._on_mismatch(mismatch)


@asynccontextmanager
async def replay_server(
    log: EventLog | str | PathLike[str],
    *,
    check: Check = "lenient",
    speed: float = 0.0,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: SSLContext | None = None,
    on_mismatch: Callable[[ReplayMismatch], object] | None = None,
) -> AsyncGenerator[ReplayServer, None]:
    """A server that speaks a log (its first connection) to every client, for as long as the block lasts.

    `check` says how a client's frames are matched: `lenient` wants the same types in the order of each type, `strict`
    the same frames, `off` takes anything and says all. A client that sends something else gets an `error` event with
    the code `replay_mismatch` and the close 1008. `speed`: 0 without waiting (the default), 1 as recorded.

    On leaving, the first ReplayMismatch is raised, unless the block itself raises or `on_mismatch` was told. Errors of
    the file as from `EventLog.load`; OSError if the port cannot be opened.
    """
    records = log if isinstance(log, EventLog) else EventLog.load(log)
    server = ReplayServer(records, check=check, speed=speed, on_mismatch=on_mismatch)
    async with listening(server._serve, host=host, port=port, tls=tls) as found:
        server._at = (host, found, tls is not None)
        yield server
    if server.mismatches and on_mismatch is None:
        raise server.mismatches[0]


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
