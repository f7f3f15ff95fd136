"""Where sessions are opened at OpenAI and at Azure: frozen values that make an `Endpoint` for each connection.

The key is asked anew every time, so that one that expires is replaced. It is shown by no repr and no error.
"""

import inspect
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias

import anyio.to_thread

from realtime_sdk.dialects import AZURE, OPENAI, TRANSLATION, Dialect, Purpose
from realtime_sdk.errors import LocalProtocolError
from realtime_sdk.transport import Endpoint

__all__ = ["DEFAULT_MODEL", "Azure", "EndpointSource", "Key", "OpenAI"]

DEFAULT_MODEL: Final = "gpt-realtime-2.1"
AZURE_SCOPE: Final = "https://ai.azure.com/.default"

Key: TypeAlias = str | Callable[[], str | Awaitable[str]]
"""A key, or a function that gives one (it may be asynchronous), asked before each connection."""


class EndpointSource(Protocol):
    """Anything that gives an Endpoint before each connection: an Endpoint itself, OpenAI, Azure, one of your own."""

    async def resolve(self) -> Endpoint:
        """Where to connect now, with fresh credentials."""
        ...


async def _asked(key: Key, what: str) -> str:
    """The key, or what its function gives. Raises LocalProtocolError if that is no text."""
    found: Any = key if isinstance(key, str) else key()
    if inspect.isawaitable(found):
        found = await found
    if isinstance(found, str):
        return found
    raise LocalProtocolError(f"{what} gave a {type(found).__name__}, not a key as text", field=what)


@dataclass(frozen=True, kw_only=True)
class OpenAI:
    """OpenAI's servers, or one that speaks as they do under another `base`.

    `api_key` is a key, an ephemeral key (`ek_…`) or a function that gives one; without it OPENAI_API_KEY is read at
    each connect. `base` is the address of the REST API; without it OPENAI_BASE_URL, or OpenAI's. `call_id` attaches
    to a running WebRTC or SIP call (sideband). `purpose` opens a transcription or translation session.
    """

    model: str | None = field(default=None, kw_only=False)
    api_key: Key | None = field(default=None, repr=False)
    base: str | None = None
    call_id: str | None = None
    purpose: Purpose = "conversation"
    organization: str | None = None
    project: str | None = None

    @property
    def dialect(self) -> Dialect:
        """What is spoken there."""
        return TRANSLATION if self.purpose == "translation" else OPENAI

    async def resolve(self) -> Endpoint:
        """The endpoint for a connection now. Raises LocalProtocolError if there is no key."""
        base = self.base or os.environ.get("OPENAI_BASE_URL")
        dialect = self.dialect
        url = dialect.url(model=self._model(), base=base, call_id=self.call_id, purpose=self.purpose)
        scope = {"OpenAI-Organization": self.organization, "OpenAI-Project": self.project}
        headers = dialect.headers(await self._key()) | {name: value for name, value in scope.items() if value}
        return Endpoint(url, headers, dialect)

    def _model(self) -> str | None:
        is_told = self.model is not None or self.call_id is not None or self.purpose == "transcription"
        return self.model if is_told else DEFAULT_MODEL

    async def _key(self) -> str:
        if self.api_key is not None:
            return await _asked(self.api_key, "api_key")
        if key := os.environ.get("OPENAI_API_KEY"):
            return key
        raise LocalProtocolError("there is no API key: set OPENAI_API_KEY, or give api_key", field="api_key")


@dataclass(frozen=True, kw_only=True)
class Azure:
    """Azure OpenAI's GA endpoint: a resource (its name or its endpoint's address) and a deployment in it.

    `api_key` as for OpenAI, without it AZURE_OPENAI_API_KEY; or `credential`: an object of azure-identity
    (`get_token`, synchronous or not), or a function that gives a token (`get_bearer_token_provider`).
    """

    resource: str = field(kw_only=False)
    deployment: str | None = field(default=None, kw_only=False)
    api_key: Key | None = field(default=None, repr=False)
    credential: Any = field(default=None, repr=False)
    scope: str = AZURE_SCOPE
    call_id: str | None = None
    purpose: Purpose = "conversation"

    @property
    def dialect(self) -> Dialect:
        """What is spoken there."""
        return AZURE

    async def resolve(self) -> Endpoint:
        """The endpoint for a connection now. Raises LocalProtocolError if there is neither key nor credential."""
        url = AZURE.url(model=self.deployment, base=self.resource, call_id=self.call_id, purpose=self.purpose)
        if self.credential is not None and self.api_key is not None:
            raise LocalProtocolError("give api_key or credential, not both", field="credential")
        if self.credential is not None:
            return Endpoint(url, AZURE.headers(token=await self._token()), AZURE)
        key = self.api_key or os.environ.get("AZURE_OPENAI_API_KEY")
        if key is None:
            raise LocalProtocolError(
                "there is no key: give api_key or credential, or set AZURE_OPENAI_API_KEY", field="api_key"
            )
        return Endpoint(url, AZURE.headers(await _asked(key, "api_key")), AZURE)

    async def _token(self) -> str:
        get_token = getattr(self.credential, "get_token", None)
        if get_token is None:
            return await _asked(self.credential, "credential")
        if inspect.iscoroutinefunction(get_token):
            return str((await get_token(self.scope)).token)
        found = await anyio.to_thread.run_sync(get_token, self.scope)  # it goes to the network, and waits
        return str(found.token)
