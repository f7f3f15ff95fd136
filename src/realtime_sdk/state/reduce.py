"""What an event makes of a state. Total: any sequence of events gives a state, oddities become anomalies.

Reducers only: no I/O, no clock, no exceptions for the server's mistakes. Which event changes what stands in
`REDUCERS`; which events change nothing, and why, in `IGNORED`. A test proves that the two cover the protocol.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from realtime_sdk.protocol import client_events, server_events
from realtime_sdk.state.realtime_state import RealtimeState
from realtime_sdk.state.reducers import audio, content, items, responses, session, translation

__all__ = ["IGNORED", "REDUCERS", "Reducer", "reduce"]

Reducer: TypeAlias = Callable[[RealtimeState, Any], RealtimeState]

REDUCERS: Final[Mapping[type[Any], Reducer]] = {
    **content.TABLE,
    **items.TABLE,
    **responses.TABLE,
    **audio.TABLE,
    **session.TABLE,
    **translation.TABLE,
}
"""Class of event → the function that reduces it."""

IGNORED: Final[Mapping[type[Any], str]] = {
    server_events.ConversationItemRetrieved: "the answer to a question of ours; the conversation stays as it is",
    server_events.ResponseOutputAudioDone: "the audio is whole; counts say so already, and the part's end follows",
    client_events.SessionUpdate: "a request; session.updated says what came of it",
    client_events.ConversationItemDelete: "a request; conversation.item.deleted says what came of it",
    client_events.ConversationItemRetrieve: "a question; it changes nothing",
    client_events.ConversationItemTruncate: "a request; conversation.item.truncated says what came of it",
    client_events.InputAudioBufferClear: "a request; input_audio_buffer.cleared says what came of it",
    client_events.OutputAudioBufferClear: "a request; output_audio_buffer.cleared says what came of it",
    client_events.ResponseCancel: "a request; response.done says what came of it",
    client_events.ResponseCreate: "a request; response.created says what came of it",
    **translation.IGNORED,
}
"""Class of event → why it changes nothing."""


def reduce(state: RealtimeState, event: Any) -> RealtimeState:
    """The state after `event`: a server, client or local event in GA's vocabulary, or an UnknownEvent."""
    reducer = REDUCERS.get(event.__class__)
    return state if reducer is None else reducer(state, event)
