"""The two audio buffers of the server: what it hears, and (WebRTC, SIP) what it plays."""

from typing import Any, Final

from realtime_sdk.protocol import client_events, server_events
from realtime_sdk.state.realtime_state import RealtimeState
from realtime_sdk.state.reducers.placing import Table
from realtime_sdk.state.reducers.wire_items import bytes_per_ms, decoded_size
from realtime_sdk.state.values import PCM_BYTES_PER_MS, InputAudio, Speech, evolve, make

__all__ = ["TABLE"]

TimeoutTriggered = server_events.InputAudioBufferTimeoutTriggered


def _having(state: RealtimeState, input_audio: InputAudio) -> RealtimeState:
    return state.having(input_audio=input_audio)


def speech_started(state: RealtimeState, event: server_events.InputAudioBufferSpeechStarted) -> RealtimeState:
    """The user began to speak; the id of the item to come is reserved. A repeated start goes on (semantic VAD)."""
    audio = state.settled.input_audio
    if audio.speaking and audio.reserved_item_id == event.item_id:
        return state
    speech = make(Speech, item_id=event.item_id, start_ms=event.audio_start_ms)
    return _having(state, evolve(audio, speaking=True, reserved_item_id=event.item_id, speech=speech))


def speech_stopped(state: RealtimeState, event: server_events.InputAudioBufferSpeechStopped) -> RealtimeState:
    """The user stopped speaking."""
    audio = state.settled.input_audio
    begun = (
        audio.speech if audio.speech is not None and audio.speech.item_id == event.item_id else Speech(event.item_id)
    )
    speech = evolve(begun, end_ms=event.audio_end_ms)
    return _having(state, evolve(audio, speaking=False, speech=speech, speeches=audio.speeches.append(speech)))


def committed(state: RealtimeState, event: server_events.InputAudioBufferCommitted) -> RealtimeState:
    """The buffer became a user item, which is added by an event of its own."""
    audio = state.settled.input_audio
    length, emptied_at, sent = _committed_length(state, event.item_id)
    return _having(
        state,
        evolve(
            audio,
            reserved_item_id=None,
            commits=audio.commits.append(event.item_id),
            awaiting=event.item_id if _is_answered_by_itself(state, event.item_id) else None,
            commits_sent=sent,
            emptied_at=emptied_at,
            lengths=audio.lengths if length is None else audio.lengths.set(event.item_id, length),
        ),
    )


def _committed_length(state: RealtimeState, item_id: str) -> tuple[int | None, int, tuple[int, ...]]:
    """(ms of the committed audio, bytes sent when the buffer was emptied, commits of ours still unanswered)."""
    audio = state.settled.input_audio
    stretch = _stretch_of(audio, item_id)
    if stretch is not None:  # a commit of ours that is unanswered has cut it short, or came too late and is refused
        return stretch.length_ms, state.sent_audio_bytes, audio.commits_sent[1:]
    if audio.commits_sent:
        emptied_at, *rest = audio.commits_sent
        return (emptied_at - audio.emptied_at) // _input_rate(state), emptied_at, tuple(rest)
    return None, state.sent_audio_bytes, ()


def _stretch_of(audio: InputAudio, item_id: str) -> Speech | None:
    """The speech or the silence of which the server said before that it will be this item."""
    stretches = (audio.timeouts[-1] if audio.timeouts else None, audio.speech)
    return next((stretch for stretch in stretches if stretch is not None and stretch.item_id == item_id), None)


def _is_answered_by_itself(state: RealtimeState, item_id: str) -> bool:
    """Whether the server answers a turn that is committed now: voice detection ended it, and no response runs."""
    audio, detection = state.settled.input_audio, getattr(_input(state), "turn_detection", None)
    has_answers = getattr(state.settled.session, "type", None) != "transcription"
    if not has_answers or detection is None or getattr(detection, "create_response", None) is False:
        return False
    stretch = _stretch_of(audio, item_id)
    by_itself = stretch is not None and stretch.end_ms is not None and not audio.commits_sent
    return by_itself and not state.settled.active


def _input_rate(state: RealtimeState) -> int:
    return bytes_per_ms(getattr(_input(state), "format", None)) or PCM_BYTES_PER_MS


def _input(state: RealtimeState) -> Any:
    return getattr(getattr(state.settled.session, "audio", None), "input", None)


def cleared(state: RealtimeState, _event: server_events.InputAudioBufferCleared) -> RealtimeState:
    """The buffer was emptied, and with it the reservation."""
    audio = state.settled.input_audio
    return _having(
        state,
        evolve(audio, speaking=False, reserved_item_id=None, speech=None, emptied_at=state.sent_audio_bytes),
    )


def timeout_triggered(state: RealtimeState, event: TimeoutTriggered) -> RealtimeState:
    """Nobody spoke for so long that the server takes the turn: it commits the silence."""
    audio = state.settled.input_audio
    silence = Speech(event.item_id, event.audio_start_ms, event.audio_end_ms)
    return _having(state, evolve(audio, timeouts=audio.timeouts.append(silence)))


def dtmf_received(state: RealtimeState, event: server_events.InputAudioBufferDtmfEventReceived) -> RealtimeState:
    """A key was pressed on the telephone."""
    audio = state.settled.input_audio
    return _having(state, evolve(audio, dtmf=audio.dtmf + event.event))


def append_sent(state: RealtimeState, event: client_events.InputAudioBufferAppend) -> RealtimeState:
    """Audio of the user went out; only its size is kept."""
    settled, live, sent, said = state
    return RealtimeState((settled, live, sent + decoded_size(event.audio), said))


def commit_sent(state: RealtimeState, _event: client_events.InputAudioBufferCommit) -> RealtimeState:
    """We asked for the buffer to become an item: what was sent until now is what it will hold."""
    audio = state.settled.input_audio
    return _having(state, evolve(audio, commits_sent=(*audio.commits_sent, state.sent_audio_bytes)))


def playback_started(state: RealtimeState, event: server_events.OutputAudioBufferStarted) -> RealtimeState:
    """The server began to play a response."""
    return state.having(output_audio=evolve(state.settled.output_audio, playing=event.response_id))


def playback_stopped(state: RealtimeState, event: server_events.OutputAudioBufferStopped) -> RealtimeState:
    """The server played a response to its end."""
    audio = state.settled.output_audio
    return state if audio.playing != event.response_id else state.having(output_audio=evolve(audio, playing=None))


def playback_cleared(state: RealtimeState, event: server_events.OutputAudioBufferCleared) -> RealtimeState:
    """The server cut the playback of a response off."""
    audio = state.settled.output_audio
    playing = None if audio.playing == event.response_id else audio.playing
    return state.having(output_audio=evolve(audio, playing=playing, cleared=audio.cleared.append(event.response_id)))


TABLE: Final[Table] = {
    server_events.InputAudioBufferSpeechStarted: speech_started,
    server_events.InputAudioBufferSpeechStopped: speech_stopped,
    server_events.InputAudioBufferCommitted: committed,
    server_events.InputAudioBufferCleared: cleared,
    server_events.InputAudioBufferTimeoutTriggered: timeout_triggered,
    server_events.InputAudioBufferDtmfEventReceived: dtmf_received,
    server_events.OutputAudioBufferStarted: playback_started,
    server_events.OutputAudioBufferStopped: playback_stopped,
    server_events.OutputAudioBufferCleared: playback_cleared,
    client_events.InputAudioBufferAppend: append_sent,
    client_events.InputAudioBufferCommit: commit_sent,
}
