"""What it takes to open a session, as one value, and the steps of opening it. `connect` is its public face."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final

from anyio.abc import TaskGroup

from realtime_sdk.dialects import OPENAI
from realtime_sdk.errors import LocalProtocolError
from realtime_sdk.fold import replay
from realtime_sdk.log import EventLog, LogPath
from realtime_sdk.session.choices import Choices
from realtime_sdk.session.continuity import Continuity
from realtime_sdk.session.endpoints import EndpointSource, OpenAI
from realtime_sdk.session.greeting import greeted
from realtime_sdk.session.ids import Ids
from realtime_sdk.session.lines import Line, OpenTransport, given, open_line, over_websocket
from realtime_sdk.session.recording import ids_for, ns_since_start, recording
from realtime_sdk.session.session import RealtimeSession
from realtime_sdk.session.settings import SessionSettings, session_update
from realtime_sdk.session.tools import Tool, with_definitions
from realtime_sdk.state import RealtimeState
from realtime_sdk.transport import Endpoint, Transport, WebsocketOptions

__all__ = ["Opening"]

_KINDS: Final = {"conversation": "realtime", "transcription": "transcription", "translation": "translation"}


@dataclass(frozen=True)
class Opening:
    """How a session is to be opened; see `connect` for each field."""

    source: EndpointSource | None
    transport: Transport | OpenTransport | None
    options: WebsocketOptions
    log: LogPath | EventLog | None
    history: RealtimeState | EventLog | LogPath | None
    continuity: Continuity | None
    choices: Choices
    ids: Ids | None
    clock_ns: Callable[[], int]
    settings: SessionSettings

    def check(self) -> None:
        """Raise LocalProtocolError for a choice that cannot be had."""
        if self.continuity is not None and isinstance(self.transport, Transport):
            said = "continuity opens new connections: give `transport` as a function that opens one"
            raise LocalProtocolError(said, field="transport")

    async def stand(self, group: TaskGroup, stack: AsyncExitStack) -> RealtimeSession:
        """A session that was greeted and has its settings; its tasks are `group`'s, `stack` closes what it opened."""
        past = _past(self.history)
        asked, tools = with_definitions(self.settings)
        way, endpoint = await self._way()
        update = session_update(asked, kind=_KINDS[endpoint.purpose]) if asked else None
        record = stack.enter_context(recording(self.log, endpoint.dialect))
        session = self._session(endpoint, record, group, tools)
        stack.push_async_callback(session.aclose)
        greeting = session.updates(limit=None, sent_audio=False)
        goes_on = past is not None or bool(session.state.conversation.items)  # items that the server adds are its own
        await session.attach(way, endpoint)
        if endpoint.call_id is None:
            await greeted(greeting)
        if update is not None:
            await session.request(update, timeout=None)
        if goes_on:
            await session.go_on(past)
        if self.continuity is not None:
            session.keep_alive(self.continuity, partial(_opened, way, self.source or OpenAI(), group))
        return session

    async def _way(self) -> tuple[OpenTransport, Endpoint]:
        """How to open the connection, and to where. A transport that is open already needs no address and no key."""
        if isinstance(self.transport, Transport):
            dialect = getattr(self.source, "dialect", OPENAI)
            endpoint = self.source if isinstance(self.source, Endpoint) else Endpoint("", dialect=dialect)
            return given(self.transport), endpoint
        endpoint = await (self.source or OpenAI()).resolve()
        return over_websocket(self.options) if self.transport is None else self.transport, endpoint

    def _session(self, endpoint: Endpoint, log: EventLog, group: TaskGroup, tools: dict[str, Tool]) -> RealtimeSession:
        return RealtimeSession(
            endpoint.dialect,
            log,
            group,
            state=replay(log, dialect=endpoint.dialect) if len(log) else None,
            now_ns=ns_since_start(log, self.clock_ns),
            ids=self.ids or ids_for(endpoint, log),
            choices=self.choices,
            tools=tools,
        )


async def _opened(way: OpenTransport, source: EndpointSource, group: TaskGroup) -> Line:
    """Another connection, with credentials of its own."""
    return await open_line(group, way, await source.resolve())


def _past(given: RealtimeState | EventLog | LogPath | None) -> RealtimeState | None:
    if given is None or isinstance(given, RealtimeState):
        return given
    return replay(given if isinstance(given, EventLog) else EventLog.stream(given))
