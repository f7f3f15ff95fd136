"""How a websocket is opened, as one frozen value, and what of it may be shown. Pure: opens nothing.

Nothing printed here ever holds a key: a URL is shown without user, query and fragment, a subprotocol
(browsers put keys there) only counted, a header only named.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from realtime_sdk.errors import LocalProtocolError

if TYPE_CHECKING:
    from ssl import SSLContext

__all__ = ["HeaderPairs", "WebsocketOptions", "checked_headers", "checked_url", "shown_url"]

HeaderPairs = tuple[tuple[str, str], ...]

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+").fullmatch
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*").fullmatch
MIB = 2**20


@dataclass(frozen=True, kw_only=True, slots=True)
class WebsocketOptions:
    """How to open and keep a websocket. Times are seconds, None means without limit; sizes are bytes.

    `proxy`: True takes the environment's (HTTPS_PROXY, …; SOCKS needs `python-socks`), False none, a URL that one.
    `ssl`: the TLS context of a `wss://` URL, None for the system's default.
    `max_size`: the largest frame taken in; a larger one ends the connection (1009). Frames of 3.5 MB are real.
    `max_queue`: frames read ahead of `receive` before the socket is left alone; None for any number.
    `compression`: "deflate" saves bytes and costs three to six times the CPU on audio; off by default.
    """

    proxy: str | bool = True
    ssl: "SSLContext | None" = None
    subprotocols: tuple[str, ...] = ()
    open_timeout: float | None = 10
    ping_interval: float | None = 20
    ping_timeout: float | None = 20
    close_timeout: float | None = 5
    max_size: int | None = 64 * MIB
    max_queue: int | None = 16
    compression: Literal["deflate"] | None = None

    def __repr__(self) -> str:
        changed = [f"{f.name}={self._shown(f.name)}" for f in fields(self) if getattr(self, f.name) != f.default]
        return f"WebsocketOptions({', '.join(changed)})"

    def _shown(self, name: str) -> str:
        match name:
            case "proxy" if isinstance(self.proxy, str):
                return repr(shown_url(self.proxy))
            case "subprotocols":
                return f"<{len(self.subprotocols)}>"
            case "ssl":
                return "<SSLContext>"
            case _:
                return repr(getattr(self, name))


def shown_url(url: str) -> str:
    """The URL as it may be shown: scheme, host, port and path."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
    except ValueError:
        return "<unreadable URL>"


def checked_url(url: str, options: WebsocketOptions) -> str:
    """The URL, when it is `ws://` or `wss://` with a host. Raises LocalProtocolError else."""
    shown = shown_url(url)
    if not re.match(r"wss?://[^/]", shown):
        raise LocalProtocolError(f"{shown} is no websocket URL: it must be ws:// or wss:// and a host", field="url")
    if options.ssl is not None and shown.startswith("ws:"):
        raise LocalProtocolError(f"a TLS context was given for {shown}, which is without TLS: use wss://", field="ssl")
    return url


def checked_headers(headers: Mapping[str, str] | None) -> HeaderPairs:
    """The headers as pairs. Raises LocalProtocolError for one that HTTP cannot carry, without showing its value."""
    pairs = tuple((headers or {}).items())
    for name, value in pairs:
        if not _TOKEN(name) or not _VALUE(value):
            raise LocalProtocolError(
                f"header {name!r} holds a character that HTTP does not allow (a line break at the end of a key?)",
                field=f"headers.{name}",
            )
    return pairs
