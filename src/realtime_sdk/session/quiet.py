"""Whether anything is going on that a change of the connection would cut through. Pure."""

from realtime_sdk.session.requests import Outstanding
from realtime_sdk.state import RealtimeState, pending_calls

__all__ = ["is_quiet"]


def is_quiet(state: RealtimeState, outstanding: Outstanding) -> bool:
    """True when nobody speaks, nothing is asked, called or transcribed, and no audio waits for a commit of ours."""
    audio = state.input_audio
    is_busy = state.active_response_id is not None or audio.speaking or audio.reserved_item_id is not None
    if is_busy or state.output_audio.playing is not None or outstanding.count or pending_calls(state):
        return False
    given = getattr(getattr(state.session, "audio", None), "input", None)
    is_manual = getattr(given, "turn_detection", None) is None
    if is_manual and state.sent_audio_bytes > audio.emptied_at:
        return False
    return getattr(given, "transcription", None) is None or not _is_transcribing(state)


def _is_transcribing(state: RealtimeState) -> bool:
    last = next((item for i in reversed(state.settled.order) if (item := state.items[i]).role == "user"), None)
    spoken = () if last is None else [part for part in last.parts if part.type == "input_audio"]
    return any(not part.final and part.transcript_error is None for part in spoken)
