"""Why a websocket could not be opened, as one of our errors that says what to check.

Total: every exception that `websockets`, the sockets or TLS raise while opening becomes an error or is
given back as None (not ours). Whatever was sent as a header value is blotted out of what the server said.
"""

import json
import socket
import ssl
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from websockets import exceptions as ws

from realtime_sdk.errors import (
    ConnectionLost,
    HandshakeError,
    LocalProtocolError,
    RealtimeError,
    RequestTimeout,
)
from realtime_sdk.transport.options import HeaderPairs, WebsocketOptions, shown_url

__all__ = ["Attempt", "explained", "handshake_error"]

_SHORTEST_SECRET = 8
_BLOT = "[redacted]"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to open a websocket: where, with which headers, how. Its repr shows no header and no query."""

    url: str
    headers: HeaderPairs
    options: WebsocketOptions

    def __repr__(self) -> str:
        return f"Attempt({self.shown!r}, headers=<{len(self.headers)}>, options={self.options!r})"

    @property
    def shown(self) -> str:
        """The URL as it may be shown."""
        return shown_url(self.url)

    def blotted(self, text: str) -> str:
        """The text without anything of the headers and subprotocols that may be a key (a server may echo it)."""
        values = [value for _, value in self.headers]
        keys = [name.partition(".")[2] for name in self.options.subprotocols]  # openai-insecure-api-key.sk-…
        for secret in (*values, *(value.removeprefix("Bearer ") for value in values), *keys):
            if len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, _BLOT)
        return text


@contextmanager
def explained(attempt: Attempt) -> Generator[None, None, None]:
    """Raise what fails inside as one of our errors, what is not of the connection as it is."""
    try:
        yield
    except Exception as exc:
        error = handshake_error(exc, attempt)
        if error is None:
            raise
        # A cause that shows our own URL or proxy may show a key: it is left out.
        raise error from (None if isinstance(error, LocalProtocolError) else exc)


def handshake_error(exc: Exception, attempt: Attempt) -> RealtimeError | None:
    """The error for an exception raised while opening, None when it is no failure of the connection."""
    tls = next((cause for cause in _causes(exc) if isinstance(cause, ssl.SSLError)), None)
    if tls is not None:
        return _tls(tls, attempt)
    known = next((make for kind, make in _REASONS if isinstance(exc, kind)), None)
    if known is None and any(isinstance(cause, OSError | EOFError) for cause in _causes(exc)):
        known = _hung_up  # trio's BrokenResourceError
    return known(exc, attempt) if known else None


def _causes(exc: BaseException) -> Iterator[BaseException]:
    """The exception and all that led to it, groups included (trio gathers one per address tried)."""
    seen: set[int] = set()
    waiting = [exc]
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        if isinstance(current, BaseExceptionGroup):
            waiting.extend(cast("BaseExceptionGroup[BaseException]", current).exceptions)
        waiting.extend(cause for cause in (current.__cause__, current.__context__) if cause is not None)


def _tls(exc: ssl.SSLError, attempt: Attempt) -> RealtimeError:
    if isinstance(exc, ssl.SSLCertVerificationError):
        return HandshakeError(
            f"the certificate of {attempt.shown} was not accepted: {exc.verify_message}; "
            "check the host name, the system's certificates and options.ssl"
        )
    if isinstance(exc, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return _hung_up(exc, attempt)
    return HandshakeError(
        f"TLS with {attempt.shown} failed: {exc.reason or exc}; check that this port speaks TLS, and options.ssl"
    )


def _invalid_url(_: Exception, attempt: Attempt) -> RealtimeError:
    return LocalProtocolError(f"{attempt.shown} is no websocket URL", field="url")


def _invalid_proxy(_: Exception, attempt: Attempt) -> RealtimeError:
    proxy = attempt.options.proxy
    shown = shown_url(proxy) if isinstance(proxy, str) else "the environment's proxy"
    return LocalProtocolError(f"{shown} is no proxy that can be used; check options.proxy", field="proxy")


def _refused(exc: Exception, attempt: Attempt) -> RealtimeError:
    assert isinstance(exc, ws.InvalidStatus)  # what _REASONS pairs it with
    response = exc.response
    body = attempt.blotted(bytes(response.body or b"").decode(errors="replace"))
    code, said = _error_in(body)
    where = f" to {shown_url(target)}" if (target := response.headers.get("Location")) else ""
    details = "".join((f" ({code})" if code else "", f": {said}" if said else ""))
    return HandshakeError(
        f"{attempt.shown} refused the connection with HTTP {response.status_code}{where}{details}",
        status=response.status_code,
        body=body,
        code=code,
    )


def _error_in(body: str) -> tuple[str | None, str | None]:
    """The `error.code` and `error.message` of a JSON body; `type` stands in where there is no code."""
    try:
        error = json.loads(body)["error"]
        return _text(error.get("code")) or _text(error.get("type")), _text(error.get("message"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _proxy_refused(exc: Exception, attempt: Attempt) -> RealtimeError:
    assert isinstance(exc, ws.InvalidProxyStatus)  # what _REASONS pairs it with
    status = exc.response.status_code
    return HandshakeError(
        f"the proxy refused to connect to {attempt.shown} with HTTP {status}; check options.proxy", status=status
    )


def _proxy_lost(_: Exception, attempt: Attempt) -> RealtimeError:
    return ConnectionLost(f"the proxy did not connect to {attempt.shown}; check options.proxy and the environment")


def _no_upgrade(exc: Exception, attempt: Attempt) -> RealtimeError:
    if any(isinstance(cause, EOFError) for cause in _causes(exc)):
        return _hung_up(exc, attempt)
    return HandshakeError(
        f"{attempt.shown} did not answer as a websocket server does: {attempt.blotted(str(exc))}; "
        "check the URL and options.subprotocols"
    )


def _too_slow(exc: Exception, attempt: Attempt) -> RealtimeError:
    if isinstance(exc, OSError) and exc.errno is not None:  # ETIMEDOUT of the network is a TimeoutError as well
        return _unreachable(exc, attempt)
    seconds = attempt.options.open_timeout
    return RequestTimeout(
        f"{attempt.shown} did not open within {seconds} s; check the network, the proxy and options.open_timeout",
        seconds=seconds,
        waiting_for="websocket handshake",
    )


def _hung_up(_: Exception, attempt: Attempt) -> RealtimeError:
    return ConnectionLost(
        f"{attempt.shown} hung up during the handshake; check host, port, TLS (ws:// or wss://), network and proxy"
    )


def _unknown_host(_: Exception, attempt: Attempt) -> RealtimeError:
    return ConnectionLost(f"no address was found for {attempt.shown}; check the host name and the DNS")


def _unreachable(exc: Exception, attempt: Attempt) -> RealtimeError:
    return ConnectionLost(f"{attempt.shown} cannot be reached ({exc}); check host, port, network and proxy")


# First match wins: subclasses stand before their bases (TimeoutError and gaierror are OSErrors).
_REASONS: tuple[tuple[type[Exception], Callable[[Exception, Attempt], RealtimeError]], ...] = (
    (ws.InvalidURI, _invalid_url),
    (ws.InvalidProxy, _invalid_proxy),
    (ws.InvalidStatus, _refused),
    (ws.InvalidProxyStatus, _proxy_refused),
    (ws.ProxyError, _proxy_lost),
    (ws.InvalidHandshake, _no_upgrade),
    (TimeoutError, _too_slow),
    (socket.gaierror, _unknown_host),
    (ConnectionResetError, _hung_up),
    (BrokenPipeError, _hung_up),
    (EOFError, _hung_up),
    (OSError, _unreachable),
)
