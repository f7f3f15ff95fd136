"""The user says nothing for too long (`idle_timeout_ms`): the silence is committed, and the model speaks again.

The wait begins where the reply's sound has been played to its end, and is counted in the sound that comes in; where
none comes, by the clock. As recorded from the service: its window for 5000 ms was 5120 ms long.
"""

from dataclasses import replace
from math import ceil

from realtime_sdk.protocol.models import SystemMessage, SystemMessageContent
from realtime_sdk.protocol.server_events import InputAudioBufferTimeoutTriggered
from realtime_sdk.simulator.brain.happenings import Heard
from realtime_sdk.simulator.brain.hearing import commit_speech, emptied
from realtime_sdk.simulator.brain.items import announce, place
from realtime_sdk.simulator.brain.responses import begin_unasked
from realtime_sdk.simulator.brain.saying import mint, say
from realtime_sdk.simulator.brain.sounds import BYTES_PER_MS, ms_of
from realtime_sdk.simulator.brain.transcribing import hear
from realtime_sdk.simulator.brain.values import Held, Idling, Server

__all__ = ["idle_due_ms", "watch_idle"]

_STEP_MS = 160
_PROMPT = "The user has been silent for a while."


def idle_due_ms(server: Server) -> int | None:
    """When time must pass for the sake of an idle user; None if nobody waits for one."""
    if (idling := server.idling) is None or (window_ms := _window_ms(server)) is None:
        return None
    return idling.ready_ms if idling.position is None else idling.ready_ms + _real_ms(server, window_ms)


def watch_idle(server: Server) -> Server:
    """Begin to wait when the reply was played, and speak when the wait was too long."""
    if (
        (idling := server.idling) is None
        or server.now_ms < idling.ready_ms
        or (window_ms := _window_ms(server)) is None
    ):
        return server
    if idling.position is None:
        idling = replace(idling, position=server.buffer.position)
        server = server.having(idling=idling)
    silent_ms = ms_of(server.buffer.position) - ms_of(idling.position or 0)
    if silent_ms < window_ms and server.now_ms < idling.ready_ms + _real_ms(server, window_ms):
        return server
    return _nudge(server, idling, window_ms)


def _window_ms(server: Server) -> int | None:
    """How long may be waited, rounded up as the service does; None if there is no limit."""
    given = (server.config.turn_detection or {}).get("idle_timeout_ms")
    return None if given is None else ceil(given / _STEP_MS) * _STEP_MS


def _real_ms(server: Server, ms: int) -> int:
    """So much of the session's time on the clock. Even a server that speaks at once waits in real time."""
    return ceil(ms / (server.settings.speed or 1))


def _nudge(server: Server, idling: Idling, window_ms: int) -> Server:
    start = idling.position or 0
    start_ms = ms_of(start)
    server, item_id = mint(server, "item")
    server, prompt_id = mint(server, "item")
    server = say(
        server,
        InputAudioBufferTimeoutTriggered(audio_start_ms=start_ms, audio_end_ms=start_ms + window_ms, item_id=item_id),
    )
    content = SystemMessageContent(type="input_text", text=_PROMPT)
    prompt = Held(prompt_id, SystemMessage(id=prompt_id, status="completed", content=[content]), words=_PROMPT)
    server = announce(place(server, prompt), prompt)
    buffer = server.buffer
    heard = buffer.tape.cut(start - buffer.base, start - buffer.base + window_ms * BYTES_PER_MS)
    silence = bytes(window_ms * BYTES_PER_MS - len(heard))
    server = commit_speech(emptied(server.having(idling=None)), heard + silence, item_id, told=False)
    return begin_unasked(hear(server, Heard(item_id, "")))
