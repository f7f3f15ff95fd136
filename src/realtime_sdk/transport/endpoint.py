"""Where a session is opened, with which headers, in which dialect: one frozen value. Pure: opens nothing.

Both sides know it: a client connects to one, a server on loopback offers one. Its repr shows no key and no query.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import parse_qs, urlsplit

from realtime_sdk.dialects import OPENAI, Dialect, Purpose, get
from realtime_sdk.transport.options import shown_url

__all__ = ["Endpoint"]


@dataclass(frozen=True, init=False, repr=False)
class Endpoint:
    """The address of a session: a whole websocket URL with its query, the headers of the handshake, the dialect.

    `dialect` may be given by name. Raises LocalProtocolError for a name that is not known.
    """

    url: str
    headers: Mapping[str, str] = field(hash=False)
    dialect: Dialect

    def __init__(self, url: str, headers: Mapping[str, str] | None = None, dialect: Dialect | str = OPENAI) -> None:
        object.__setattr__(self, "url", url)
        object.__setattr__(self, "headers", MappingProxyType(dict(headers or {})))
        object.__setattr__(self, "dialect", get(dialect) if isinstance(dialect, str) else dialect)

    def __repr__(self) -> str:
        return f"Endpoint({self.shown!r}, headers=<{len(self.headers)}>, dialect={self.dialect.name!r})"

    @property
    def shown(self) -> str:
        """The URL as it may be shown: without user, query and fragment."""
        return shown_url(self.url)

    @property
    def call_id(self) -> str | None:
        """The running call that the session attaches to (sideband), None for a session of its own."""
        return self._asked("call_id")

    @property
    def purpose(self) -> Purpose:
        """What the session is for, as its address says."""
        if self.dialect.name == "translation":
            return "translation"
        return "transcription" if self._asked("intent") == "transcription" else "conversation"

    async def resolve(self) -> "Endpoint":
        """The endpoint itself; what makes one anew for each connection (a key that changes) has this method too."""
        return self

    def _asked(self, name: str) -> str | None:
        found = parse_qs(urlsplit(self.url).query).get(name)
        return found[0] if found else None
