"""Opening a session: from an endpoint to a session that the server has greeted and that has its settings.

Whatever goes wrong on the way is raised as what it is, and nothing is left open.
"""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, Unpack

from realtime_sdk.log import EventLog, LogPath
from realtime_sdk.session.choices import Choices
from realtime_sdk.session.continuity import Continuity
from realtime_sdk.session.endpoints import EndpointSource, OpenAI
from realtime_sdk.session.ids import Ids
from realtime_sdk.session.interrupting import Playing, StopPlayback
from realtime_sdk.session.lines import OpenTransport, task_home
from realtime_sdk.session.opening import Opening
from realtime_sdk.session.session import RealtimeSession
from realtime_sdk.session.settings import SessionSettings
from realtime_sdk.session.tools import Approve
from realtime_sdk.session.waiting import limited
from realtime_sdk.state import RealtimeState
from realtime_sdk.transport import Transport, WebsocketOptions

__all__ = ["connect"]

_OPTIONS: Final = WebsocketOptions()


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
    player: Playing | None = None,
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
    `approve` is asked before a call of one that needs approval. `player` is fed with what the assistant says, and is
    silenced by an interruption; `stop_playback` silences one that you feed, and tells how far it was heard. With
    either, or with positions from `session.heard`, what was not heard is cut when the user speaks
    (`interrupt_on_speech`).

    Raises HandshakeError where the server refuses, also after the upgrade; ServerError where it refuses the
    settings; RequestTimeout; ConnectionLost, ConnectionExpired; LocalProtocolError for what cannot be said.
    """
    silence = player.interrupt if player is not None and stop_playback is None else stop_playback
    choices = Choices(tool_context, approve, player, silence, interrupt_on_speech, outbound_limit)
    source = OpenAI(model) if isinstance(model, str) else model
    opening = Opening(source, transport, options, log, history, continuity, choices, ids, clock_ns, settings)
    opening.check()
    async with task_home() as group, AsyncExitStack() as stack:
        with limited(timeout, "the session to stand"):
            session = await opening.stand(group, stack)
        yield session
