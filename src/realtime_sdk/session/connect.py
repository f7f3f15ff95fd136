"""Opening a session: from an endpoint to a session that the server has greeted and that has its settings.

Whatever goes wrong on the way is raised as what it is, and nothing is left open.
"""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final, Unpack

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
from realtime_sdk.session.interrupting import StopPlayback
from realtime_sdk.session.lines import Line, OpenTransport, given, open_line, over_websocket, task_home
from realtime_sdk.session.recording import ids_for, ns_since_start, recording
from realtime_sdk.session.session import RealtimeSession
from realtime_sdk.session.settings import SessionSettings, session_update
from realtime_sdk.session.tools import Approve, with_definitions
from realtime_sdk.session.waiting import limited
from realtime_sdk.state import RealtimeState
from realtime_sdk.transport import Endpoint, Transport, WebsocketOptions

__all__ = ["connect"]

_OPTIONS: Final = WebsocketOptions()
_KINDS: Final = {"conversation": "realtime", "transcription": "transcription", "translation": "translation"}


@asynccontextmanager
async def connect(
    model: str | EndpointSource | None = None,
    *,
    log: LogPath | EventLog | None = None,
    transport: Transport | OpenTransport | None = None,
    options: WebsocketOptions = _OPTIONS,
    timeout: float | None = 30.0,
    tool_context: object = None,
    history: RealtimeState | EventLog | LogPath | None = None,
    continuity: Continuity | None = None,
    approve: Approve | None = None,
    stop_playback: StopPlayback | None = None,
    interrupt_on_speech: bool = True,
    outbound_limit: int | None = None,
    ids: Ids | None = None,
    clock_ns: Callable[[], int] = time.monotonic_ns,
    **settings: Unpack[SessionSettings],
) -> AsyncGenerator[RealtimeSession, None]:
    """Open a session, and close it when the block ends.

    `model` names one of OpenAI's (key in OPENAI_API_KEY), or is an endpoint: `rt.OpenAI(…)`, `rt.Azure(…)`,
    `rt.Endpoint(url)`, `server.endpoint`. `settings` are applied before the block begins; without any the session
    is as the server makes it. On a sideband (`call_id`) the server sends no greeting, and none is waited for.

    `log`: a path is written while the session runs (it must not exist, or be empty); an EventLog is appended to, and
    if there is something in it, its conversation goes on. `transport`: a Transport of your own that is open, or a
    function that opens one to an endpoint. `options`: of the websocket. `timeout`: seconds until the session must
    stand. `outbound_limit`: bytes that may wait to be sent before OutboundFull is raised; None waits.

    `history`: a conversation to go on with: the state or the log of another session, with this server or another; what
    of it cannot be told stands in `state.epochs[-1].lost`. `continuity`: what to do when a connection breaks or
    expires; without it that ends the session.

    Functions among `tools` are run when the model calls them; `tool_context` is what they find as `dependencies`,
    `approve` is asked before a call of one that needs approval. `stop_playback` silences your player and tells how far
    it was heard; with it, or with positions from `session.heard`, what was not heard is cut when the user speaks
    (`interrupt_on_speech`).

    Raises HandshakeError where the server refuses, also after the upgrade; ServerError where it refuses the
    settings; RequestTimeout; ConnectionLost, ConnectionExpired; LocalProtocolError for what cannot be said.
    """
    source = OpenAI(model) if isinstance(model, str) else model
    choices = Choices(tool_context, approve, stop_playback, interrupt_on_speech, outbound_limit)
    past = _past(history)
    if continuity is not None and isinstance(transport, Transport):
        said = "continuity opens new connections: give `transport` as a function that opens one"
        raise LocalProtocolError(said, field="transport")
    async with AsyncExitStack() as stack:
        group = await stack.enter_async_context(task_home())
        with limited(timeout, "the session to stand"):
            opening, endpoint = await _way(source, transport, options)
            asked, tools = with_definitions(settings)
            update = session_update(asked, kind=_KINDS[endpoint.purpose]) if asked else None
            record = stack.enter_context(recording(log, endpoint.dialect))
            session = RealtimeSession(
                endpoint.dialect,
                record,
                group,
                state=replay(record, dialect=endpoint.dialect) if len(record) else None,
                now_ns=ns_since_start(record, clock_ns),
                ids=ids or ids_for(endpoint, record),
                choices=choices,
                tools=tools,
            )
            stack.push_async_callback(session.aclose)
            greeting = session.updates(limit=None)
            await session.attach(opening, endpoint)
            if endpoint.call_id is None:
                await greeted(greeting)
            if update is not None:
                await session.request(update, timeout=None)
            if past is not None or session.state.conversation.items:
                await session.go_on(past)
            if continuity is not None:
                session.keep_alive(continuity, partial(_opened, opening, source or OpenAI(), group))
        yield session


async def _opened(way: OpenTransport, source: EndpointSource, group: TaskGroup) -> Line:
    """Another connection, with credentials of its own."""
    return await open_line(group, way, await source.resolve())


async def _way(
    source: EndpointSource | None, transport: Transport | OpenTransport | None, options: WebsocketOptions
) -> tuple[OpenTransport, Endpoint]:
    """How to open the connection, and to where. A transport that is open already needs no address and no key."""
    if isinstance(transport, Transport):
        dialect = getattr(source, "dialect", OPENAI)
        endpoint = source if isinstance(source, Endpoint) else Endpoint("", dialect=dialect)
        return given(transport), endpoint
    endpoint = await (source or OpenAI()).resolve()
    return transport or over_websocket(options), endpoint


def _past(given: RealtimeState | EventLog | LogPath | None) -> RealtimeState | None:
    if given is None or isinstance(given, RealtimeState):
        return given
    return replay(given if isinstance(given, EventLog) else EventLog.stream(given))
