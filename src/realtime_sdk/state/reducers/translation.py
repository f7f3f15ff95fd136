"""Translation sessions: no items, no turns, two running transcripts and a stream of audio (DOSSIER §1.4)."""

from collections.abc import Mapping
from typing import Any, Final

from realtime_sdk.protocol.registries import TRANSLATION
from realtime_sdk.state.realtime_state import RealtimeState
from realtime_sdk.state.reducers.placing import Table
from realtime_sdk.state.reducers.session import error, session_created, session_updated
from realtime_sdk.state.reducers.wire_items import decoded_size
from realtime_sdk.state.values import Translation, evolve

__all__ = ["IGNORED", "TABLE"]


def _having(state: RealtimeState, translation: Translation) -> RealtimeState:
    return state.having(translation=translation)


def _elapsed(translation: Translation, event: Any) -> int | None:
    return translation.elapsed_ms if event.elapsed_ms is None else int(event.elapsed_ms)


def input_transcript_delta(state: RealtimeState, event: Any) -> RealtimeState:
    """What was said goes on."""
    old = state.settled.translation
    return _having(
        state, evolve(old, input_chunks=old.input_chunks.append(event.delta), elapsed_ms=_elapsed(old, event))
    )


def output_transcript_delta(state: RealtimeState, event: Any) -> RealtimeState:
    """The translation goes on."""
    old = state.settled.translation
    return _having(
        state, evolve(old, output_chunks=old.output_chunks.append(event.delta), elapsed_ms=_elapsed(old, event))
    )


def output_audio_delta(state: RealtimeState, event: Any) -> RealtimeState:
    """Translated speech was received; only its size is kept."""
    old = state.settled.translation
    return _having(
        state, evolve(old, audio_bytes=old.audio_bytes + decoded_size(event.delta), elapsed_ms=_elapsed(old, event))
    )


def session_closed(state: RealtimeState, _event: Any) -> RealtimeState:
    """The server has said everything it had to say."""
    return _having(state, evolve(state.settled.translation, closed=True))


def append_sent(state: RealtimeState, event: Any) -> RealtimeState:
    """Audio of the user went out; only its size is kept."""
    settled, live, sent, said = state
    return RealtimeState((settled, live, sent + decoded_size(event.audio), said))


_SERVER, _CLIENT = TRANSLATION.server, TRANSLATION.client

TABLE: Final[Table] = {
    _SERVER["session.created"]: session_created,
    _SERVER["session.updated"]: session_updated,
    _SERVER["session.closed"]: session_closed,
    _SERVER["session.input_transcript.delta"]: input_transcript_delta,
    _SERVER["session.output_transcript.delta"]: output_transcript_delta,
    _SERVER["session.output_audio.delta"]: output_audio_delta,
    _SERVER["error"]: error,
    _CLIENT["session.input_audio_buffer.append"]: append_sent,
}

IGNORED: Final[Mapping[type[Any], str]] = {
    _CLIENT["session.update"]: "a request; session.updated says what came of it",
    _CLIENT["session.close"]: "a request; session.closed says what came of it",
}
