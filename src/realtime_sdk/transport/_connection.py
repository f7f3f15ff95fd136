"""A link as a transport: where the exceptions of `websockets` end and ours begin. Loaded at the first connect."""

from contextlib import suppress

import anyio
from websockets.exceptions import ConcurrencyError, ConnectionClosed as WebsocketClosed

from realtime_sdk.errors import ConnectionClosed, ConnectionLost
from realtime_sdk.transport.closing import ABNORMAL, TOO_BIG, Close, closed_by_peer, closed_here, sendable
from realtime_sdk.transport.handshake import Attempt
from realtime_sdk.transport.link import Link

__all__ = ["WebsocketTransport"]


class WebsocketTransport:
    """An open websocket as a `Transport`. Made by `connect`; its repr shows no key and no query."""

    __slots__ = ("_attempt", "_closed", "_link", "_recv", "_send")

    def __init__(self, link: Link, attempt: Attempt) -> None:
        self._link = link
        self._recv = link.recv
        self._send = link.send
        self._attempt = attempt
        self._closed: Close | None = None

    def __repr__(self) -> str:
        state = "open" if self._closed is None else f"closed here with {self._closed.code}"
        return f"<WebsocketTransport {self._attempt.shown} {state}>"

    async def send(self, frame: bytes) -> None:
        """Send a frame as a text message; see `Transport.send`."""
        if self._closed is not None:
            raise closed_here(self._closed)
        try:
            await self._send(frame)
        except WebsocketClosed as exc:
            raise self._ended(exc) from exc

    async def receive(self) -> bytes:
        """The next message, text or binary, as bytes; see `Transport.receive`."""
        if self._closed is not None:
            raise closed_here(self._closed)
        try:
            return await self._recv(False)
        except WebsocketClosed as exc:
            raise self._ended(exc) from exc
        except ConcurrencyError:
            raise anyio.BusyResourceError("receiving from") from None

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        """Close with the closing handshake, at most `close_timeout` long, then drop the socket; see `Transport`.

        `reason` is cut to 123 bytes. Raises LocalProtocolError for a code that no close frame may carry.
        """
        close = sendable(code, reason)
        self._closed = self._closed or close
        whole = False
        try:
            with anyio.move_on_after(self._attempt.options.close_timeout):
                await self._shake_hands(close)
                whole = True
        finally:
            if not whole:
                await self._link.drop()

    async def _shake_hands(self, close: Close) -> None:
        """Close while reading on: the server's close frame stands behind whatever was not received yet."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._read_on)
            await self._link.close(close.code, close.reason)
            group.cancel_scope.cancel()

    async def _read_on(self) -> None:
        with suppress(WebsocketClosed, ConcurrencyError):  # the latter: whoever receives reads on
            while True:
                await self._recv(False)

    def _ended(self, exc: WebsocketClosed) -> ConnectionClosed:
        """Our error for theirs. Who spoke first decides: the server, this side on purpose, this side in need."""
        if exc.rcvd is not None and exc.rcvd_then_sent is not False:
            return closed_by_peer(Close(exc.rcvd.code, exc.rcvd.reason))
        if self._closed is not None:
            return closed_here(self._closed)
        if exc.sent is not None:
            return self._given_up(Close(exc.sent.code, exc.sent.reason))
        return closed_by_peer(Close(ABNORMAL))

    def _given_up(self, sent: Close) -> ConnectionLost:
        """The error after `websockets` itself failed the connection: frame too large, pings unanswered, bad frames."""
        why = f"the connection was given up (close code {sent.code}: {sent.reason})"
        if sent.code == TOO_BIG and "fragments" not in sent.reason:  # else it was cut into more than 4,096 pieces
            limit = self._attempt.options.max_size
            why = f"the server sent a frame larger than {limit} bytes; raise options.max_size (close code {TOO_BIG})"
        return ConnectionLost(why, code=sent.code, reason=sent.reason)
