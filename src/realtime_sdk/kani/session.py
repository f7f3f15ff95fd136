"""The session of the 2024 reference over ours: opened and closed with `await`, heard by listeners, told events of both.

It holds one `realtime_sdk` session in a task of its own from `connect` to the end of the connection. Knows no Kani.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import count
from typing import Any, Final
from urllib.parse import urlencode

from realtime_sdk.dialects import BETA, OPENAI
from realtime_sdk.errors import LocalProtocolError
from realtime_sdk.fold import updates as replayed
from realtime_sdk.kani.listeners import Listeners
from realtime_sdk.kani.translate.seed import as_said, response_settings
from realtime_sdk.log import EventLog, LogPath
from realtime_sdk.protocol import client_events as c
from realtime_sdk.protocol.seed.models import ClientEvent
from realtime_sdk.session import (
    DEFAULT_MODEL,
    EndpointSource,
    Playing,
    RealtimeSession as Live,
    connect,
    response_params,
)
from realtime_sdk.state import Item, RealtimeState, Response
from realtime_sdk.transport import Endpoint

__all__ = ["MODEL", "WS_BASE", "RealtimeSession", "Unchosen", "model_now"]

WS_BASE: Final = "wss://api.openai.com/v1/realtime"


class Unchosen(str):
    """The text of a default, which nobody chose: a server of today has something else in its place."""

    __slots__ = ()


MODEL: Final = Unchosen("gpt-4o-realtime-preview-2024-10-01")
MODELS_NOW: Final[Mapping[str, str]] = {MODEL: DEFAULT_MODEL}
"""What a default of 2024 names → what stands for it today."""


def model_now(model: str) -> str:
    """The model to ask for: a default of 2024 as of today, one that somebody chose as it is."""
    return MODELS_NOW[model] if isinstance(model, Unchosen) else model


class RealtimeSession:
    """A session with a realtime server, as `ai.session` is one.

    `headers` are sent beside the key; with `OpenAI-Beta` among them the beta dialect is spoken. `endpoint` connects to
    somewhere else (`rt.Azure(…)`, `server.endpoint`), `transport` over something else than a websocket, as for
    `rt.connect`; `log` is a path or an EventLog. All else are settings of every response.
    """

    def __init__(
        self,
        api_key: str | None,
        model: str = MODEL,
        *,
        ws_base: str = WS_BASE,
        headers: dict[str, str] | None = None,
        endpoint: EndpointSource | None = None,
        transport: Any = None,
        log: LogPath | EventLog | None = None,
        **generation_args: Any,
    ) -> None:
        self.model: Final = model_now(model)
        self.generation_args: Final = generation_args
        self.player: Playing | None = None
        """What plays the assistant's voice and knows how far it was heard."""
        self._key = api_key
        self._base = ws_base
        self._headers = dict(headers or {})
        self._endpoint = endpoint
        self._transport = transport
        self._log = log
        self._listeners = Listeners()
        self._numbers = count(1)
        self._is_opening = False
        self._live: Live | None = None
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<RealtimeSession {self.model}, {'connected' if self.is_connected else 'not connected'}>"

    # --- the connection -------------------------------------------------------------------------------------------

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection."""
        return self._live is not None and self._live.is_open and self._task is not None and not self._task.done()

    @property
    def is_beta(self) -> bool:
        """Whether the beta dialect is spoken: the headers ask for it, or the endpoint is of that dialect."""
        asked = any(name.lower() == "openai-beta" for name in self._headers)
        return asked or getattr(self._endpoint, "dialect", OPENAI) is BETA

    @property
    def live(self) -> Live:
        """The session below, with everything it can do. RuntimeError while there is no connection."""
        if self._live is None or not self.is_connected:
            raise RuntimeError("the session is not connected: await connect() first")
        return self._live

    async def connect(self) -> None:
        """Connect, and return when the session stands. Nothing is changed in it: `OpenAIRealtimeKani.connect` does.

        RuntimeError if it is connected, or on another event loop than asyncio's; else as `rt.connect` raises.
        """
        await self.open()

    async def open(self, update: c.SessionUpdate | None = None) -> None:
        """Connect, and send this first."""
        _on_asyncio()
        if self.is_connected or self._is_opening:
            raise RuntimeError("the session is connected already")
        self._is_opening = True
        try:
            await self._let_go()  # of a connection that was lost
            await self._begin(update)
        finally:
            self._is_opening = False

    async def _begin(self, update: c.SessionUpdate | None) -> None:
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._hold(update, ready), name="a realtime session")
        try:
            await ready
        except BaseException:
            await self._let_go()
            raise

    async def close(self) -> None:
        """End the connection; done at once if there is none. Listeners stay, and hear the next connection."""
        if self.is_connected:
            await self.live.aclose()
        await self._let_go()

    async def _let_go(self) -> None:
        task, self._task = self._task, None
        if task is not None and task is not asyncio.current_task():
            if not task.done():
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(task, return_exceptions=True)

    async def _hold(self, update: c.SessionUpdate | None, ready: "asyncio.Future[None]") -> None:
        """Keep the connection until it ends: everything that a task group opens must be closed by the same task."""
        skipped = len(self._log) if isinstance(self._log, EventLog) else 0
        how: dict[str, Any] = {"transport": self._transport, "log": self._log}
        try:
            endpoint = await self._address()
            async with connect(endpoint, stop_playback=self._stop_playback, **how) as live:
                if update is not None:
                    await live.request(update)
                self._live = live
                to_the_end = live.updates(limit=None, sent_audio=False)
                past = replayed([*live.log][skipped:], dialect=live.dialect)
                self._listeners.follow(live, tuple(past))
                ready.set_result(None)
                async for _ in to_the_end:
                    pass
        except Exception as error:
            if not ready.done():  # later, whoever waits for something is told by what it waits for
                ready.set_exception(error)

    def _stop_playback(self) -> Any:
        return () if self.player is None else self.player.interrupt()

    async def _address(self) -> EndpointSource:
        if self._endpoint is not None:
            return self._endpoint
        key = self._key or os.environ.get("OPENAI_API_KEY")
        if not key and self._transport is None:
            raise LocalProtocolError("there is no API key: give api_key, or set OPENAI_API_KEY", field="api_key")
        dialect = BETA if self.is_beta else OPENAI
        headers = {**dialect.headers(key or None), **self._headers}
        return Endpoint(f"{self._base}?{urlencode({'model': self.model})}", headers, dialect)

    # --- saying and hearing ---------------------------------------------------------------------------------------

    async def send(self, event: Any) -> str | None:
        """Send an event, of 2024 or of today, and wait for no answer. Returns its `event_id`, which an error names.

        RuntimeError while there is no connection, LocalProtocolError for what cannot be said.
        """
        live = self.live
        said = self.completed(as_said(event, is_beta=self.is_beta) if isinstance(event, ClientEvent) else event)
        await live.send(said)
        return getattr(said, "event_id", None)

    def add_listener(self, listener: Callable[[Any], Any]) -> None:
        """Have this called for every event of the server, in order, after the state has it; it may be async."""
        self._listeners.add(listener)

    def remove_listener(self, callback: Callable[[Any], Any]) -> None:
        """Call it no more. ValueError if it does not listen."""
        self._listeners.remove(callback)

    async def wait_for(
        self, event_type: str, predicate: Callable[[Any], bool] | None = None, timeout: float | None = 60
    ) -> Any:
        """The next event of a type, and for which `predicate` is true. TimeoutError after `timeout` seconds."""
        found: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def look(event: Any) -> None:
            if not found.done() and event.type == event_type and (predicate is None or predicate(event)):
                found.set_result(event)

        self.add_listener(look)
        try:
            async with asyncio.timeout(timeout):
                return await found
        finally:
            self.remove_listener(look)

    def completed(self, event: Any) -> Any:
        """The event with an id of its own and, where it asks for a response, the settings of all responses."""
        if isinstance(event, c.ResponseCreate) and self.generation_args:
            defaults = response_params(self.settings())
            given = defaults if event.response is None else _over(defaults, event.response)
            event = event.model_copy(update={"response": given})
        if hasattr(event, "event_id") and event.event_id is None:
            event = event.model_copy(update={"event_id": f"kani_evt_{next(self._numbers)}"})
        return event

    def settings(self, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The settings of a response: those of all, and over them those given."""
        return response_settings({**self.generation_args, **(given or {})})

    # --- what is known --------------------------------------------------------------------------------------------

    @property
    def state(self) -> RealtimeState:
        """What is true now; empty before the first connection."""
        return RealtimeState.empty() if self._live is None else self._live.state

    @property
    def session_config(self) -> Any:
        """The session as the server has it, None while unknown."""
        return self.state.session

    @property
    def session_id(self) -> str | None:
        """The server's id of the session."""
        return getattr(self.state.session, "id", None)

    @property
    def conversation_id(self) -> str | None:
        """The server's id of the conversation."""
        return self.state.conversation.id

    @property
    def conversation_items(self) -> Mapping[str, Item]:
        """The items of the conversation by id, in order."""
        return self.state.conversation.items

    @property
    def responses(self) -> Mapping[str, Response]:
        """All responses by id, in order."""
        return self.state.responses


def _over(defaults: Any, given: Any) -> Any:
    return defaults.model_copy(update={name: getattr(given, name) for name in given.model_fields_set})


def _on_asyncio() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError("realtime_sdk.kani runs on asyncio alone, as Kani does; trio cannot run it") from None
