"""A proxy that records: any client connects to it, frames pass both ways untouched, and each session leaves a log.

A frame is in the log before it is passed on, so a killed proxy has lost nothing that was said. Keys are passed on in
the handshake and never written; secrets in frames are replaced in the log as in every log, and pass as they are; so
is what shall be left out on request.
"""

import time
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import anyio
from typing_extensions import Unpack

from realtime_sdk.dialects import AZURE, BETA, OPENAI, TRANSLATION, Dialect
from realtime_sdk.errors import ConnectionClosed, HandshakeError, LocalProtocolError, RealtimeError, RequestTimeout
from realtime_sdk.log import EventLog
from realtime_sdk.protocol.codec import encode
from realtime_sdk.protocol.local import ConnectionClosed as ClosedRecord, ConnectionOpened
from realtime_sdk.simulator.log_files import new_log
from realtime_sdk.simulator.plain_http import body_of, refused
from realtime_sdk.simulator.sockets import Knock, Listener, Visit, Where
from realtime_sdk.simulator.websocket import NO_CODE
from realtime_sdk.transport.base import Transport
from realtime_sdk.transport.closing import ABNORMAL
from realtime_sdk.transport.options import WebsocketOptions, checked_url, shown_url
from realtime_sdk.transport.websocket import connect

__all__ = ["RecordProxy", "record_proxy"]

_GOING_AWAY: Final = 1001
_CLOSE_TIMEOUT_S: Final = 2.0
_OPTIONS: Final = WebsocketOptions(ping_interval=None, max_size=None)
# What belongs to one hop of a connection (RFC 9110 §7.6.1), and the handshake that is made anew.
_OWN: Final = frozenset({"host", "connection", "upgrade", "content-length", "transfer-encoding", "te", "keep-alive"})
_HANDSHAKE: Final = ("sec-websocket-", "proxy-")


class RecordProxy(Listener):
    """A running proxy. `url` is where clients connect, `logs` are those of all sessions so far, in order."""

    def __init__(
        self,
        to: str,
        *,
        log_dir: Path,
        dialect: Dialect | None,
        options: WebsocketOptions,
        on_log: Callable[[Path], object] | None,
        redact: Collection[str],
    ) -> None:
        self.to = checked_url(to, options)
        self.logs: tuple[EventLog, ...] = ()
        self.paths: tuple[Path, ...] = ()
        """The files of the logs."""
        self._log_dir = log_dir
        self._dialect = dialect
        self._options = options
        self._on_log = on_log
        self._redact = {redact} if isinstance(redact, str) else redact

    def __repr__(self) -> str:
        return f"<RecordProxy {self.url} to {shown_url(self.to)}, {len(self.logs)} sessions>"

    async def serve(self, visit: Visit) -> None:
        """Connect a client with the server, and record what they say."""
        knock = visit.knock
        options = replace(self._options, subprotocols=knock.subprotocols)
        async with AsyncExitStack() as stack:
            try:
                opening = connect(target(self.to, knock), headers=passed_on(knock.headers), options=options)
                far = await stack.enter_async_context(opening)
            except RealtimeError as error:
                await visit.refuse(*_refusal(error))
                return
            near = await visit.accept()
            path, log = new_log(self._log_dir, self._dialect or _dialect(self.to, knock), redact=self._redact)
            self.logs, self.paths = (*self.logs, log), (*self.paths, path)
            if self._on_log is not None:
                self._on_log(path)
            await _Passage(near, far, log).run(shown_url(self.to))


@asynccontextmanager
async def record_proxy(
    to: str,
    *,
    log_dir: str | Path,
    dialect: Dialect | None = None,
    options: WebsocketOptions = _OPTIONS,
    on_log: Callable[[Path], object] | None = None,
    redact: Collection[str] = (),
    **where: Unpack[Where],
) -> AsyncGenerator[RecordProxy, None]:
    """A proxy to the server at `to`, for as long as the block lasts; each session leaves `log_dir/session-NNN.jsonl`.

    The path of `to` is used if it has one, else the client's; the client's query and headers are passed on, keys among
    them, and refusals and close codes are passed back. `dialect` is what is spoken, where the handshake does not tell;
    `options` are those of the connections to `to`; `on_log` is
    called with the path of each log when its session begins. `where`: `host`, `port` and `tls`.

    `redact` names what the logs do not get, secrets aside: `audio` is all sound, `text` all words (typed, spoken,
    transcribed, instructions, and what tools are given and give), any other name a field, with all that is in it. What
    is passed on stays whole.

    LocalProtocolError if `to` is no websocket URL, OSError if the port cannot be opened.
    """
    proxy = RecordProxy(to, log_dir=Path(log_dir), dialect=dialect, options=options, on_log=on_log, redact=redact)
    async with proxy.listening(**where):
        yield proxy


@dataclass(frozen=True, slots=True)
class _End:
    """How a side ended the session."""

    by: Literal["client", "server"]
    code: int | None
    reason: str

    @property
    def record(self) -> ClosedRecord:
        by = "network" if self.code in (None, ABNORMAL) else self.by
        return ClosedRecord(code=self.code, reason=self.reason or None, by=by)


class _Passage:
    """One session: two connections, and the log of what passes between them."""

    def __init__(self, near: Transport, far: Transport, log: EventLog) -> None:
        self._near = near
        self._far = far
        self._log = log
        self._began_ns = time.monotonic_ns()
        self._end: _End | None = None

    async def run(self, url: str) -> None:
        """Pass frames on until a side ends it; then end the other side in the same way."""
        opened = ConnectionOpened(dialect=self._log.header.dialect or OPENAI.name, url=url)
        self._log.append("local", encode(opened), at_ns=self._now_ns())
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._pass, self._near, self._far, "client", group.cancel_scope)
                group.start_soon(self._pass, self._far, self._near, "server", group.cancel_scope)
        finally:
            record = ClosedRecord() if self._end is None else self._end.record
            self._log.append("local", encode(record), at_ns=self._now_ns())
            self._log.close()
            with anyio.move_on_after(_CLOSE_TIMEOUT_S, shield=True):
                await self._close()

    async def _pass(
        self, source: Transport, sink: Transport, sender: Literal["client", "server"], scope: anyio.CancelScope
    ) -> None:
        while True:
            try:
                frame = await source.receive()
            except ConnectionClosed as closed:
                self._end = self._end or _End(sender, closed.code, closed.reason)
                scope.cancel()
                return
            self._log.append(sender, frame, at_ns=self._now_ns())
            try:
                await sink.send(frame)
            except ConnectionClosed:
                return  # how it ended, the other direction hears

    async def _close(self) -> None:
        """Pass the end on. A proxy that ends by itself goes away (1001); so has a client that was cut off."""
        end = self._end or _End("server", _GOING_AWAY, "the proxy has ended")
        if end.by == "server":
            await self._near.aclose(ABNORMAL if end.code is None else end.code, end.reason)
        elif end.code in (None, ABNORMAL):
            await self._far.aclose(_GOING_AWAY)
        else:
            await self._far.aclose(1000 if end.code == NO_CODE else end.code, end.reason)

    def _now_ns(self) -> int:
        return time.monotonic_ns() - self._began_ns


# --- what is passed on, and what is passed back: pure -----------------------------------------------------------------


def target(to: str, knock: Knock) -> str:
    """The URL to open for a client: its path unless `to` has one, and its query over that of `to`."""
    parts = urlsplit(to)
    path = parts.path if parts.path.strip("/") else knock.path
    query = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **knock.query}
    return urlunsplit((parts.scheme, parts.netloc, path, urlencode(query), ""))


def passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    """The client's headers that are not of its own connection, keys among them."""
    return {name: value for name, value in headers.items() if name not in _OWN and not name.startswith(_HANDSHAKE)}


def _refusal(error: RealtimeError) -> tuple[int, str]:
    """HTTP status and body for the client: the server's own where it said something."""
    if isinstance(error, HandshakeError) and error.status is not None and error.status >= 400:
        return error.status, error.body or ""
    status = 504 if isinstance(error, RequestTimeout) else 400 if isinstance(error, LocalProtocolError) else 502
    return status, body_of(refused(status, str(error), code="proxy_error"))


def _dialect(to: str, knock: Knock) -> Dialect:
    """What is spoken, as far as the handshake tells."""
    url = urlsplit(target(to, knock))
    if knock.is_beta or "api-version" in dict(parse_qsl(url.query)):
        return BETA
    if url.path.rstrip("/").endswith("/translations"):
        return TRANSLATION
    return AZURE if (url.hostname or "").endswith(".azure.com") else OPENAI
