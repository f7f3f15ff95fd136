"""The output buffer of sessions whose sound goes elsewhere (WebRTC, SIP): it starts, stops and is cleared."""

from dataclasses import replace
from math import ceil

from realtime_sdk.protocol.client_events import OutputAudioBufferClear
from realtime_sdk.protocol.server_events import (
    OutputAudioBufferCleared,
    OutputAudioBufferStarted,
    OutputAudioBufferStopped,
)
from realtime_sdk.simulator.brain import complaints
from realtime_sdk.simulator.brain.saying import refuse, say
from realtime_sdk.simulator.brain.values import Live, Playing, Server

__all__ = ["clear_output", "play", "silence", "stop_playing"]


def play(server: Server, live: Live, sound_ms: int) -> Server:
    """Play a piece of a response's sound, behind what plays already."""
    speed, playing = server.settings.speed, server.playing
    lasts_ms = ceil(sound_ms / speed) if speed else 0
    if playing is not None and playing.response_id == live.id:
        until_ms = max(playing.until_ms, server.now_ms) + lasts_ms
        return server.having(playing=Playing(live.id, until_ms))
    server = replace(silence(server), playing=Playing(live.id, server.now_ms + lasts_ms))
    return say(server, OutputAudioBufferStarted(response_id=live.id))


def stop_playing(server: Server) -> Server:
    """The sound has been played to its end."""
    playing = server.playing
    if playing is None:
        return server
    return say(server.having(playing=None), OutputAudioBufferStopped(response_id=playing.response_id))


def silence(server: Server) -> Server:
    """Stop what plays, for something else comes."""
    playing = server.playing
    if playing is None:
        return server
    return say(server.having(playing=None), OutputAudioBufferCleared(response_id=playing.response_id))


def clear_output(server: Server, event: OutputAudioBufferClear) -> Server:
    """Stop what plays because the client says so; a plain websocket does not know this event."""
    if server.settings.sideband:
        return silence(server)
    return refuse(server, complaints.no_such_event(event.type), event.event_id)
