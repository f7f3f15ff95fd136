"""Short ways to say what a server or a client says, for tests: each gives one event in GA's classes."""

from typing import Any

from realtime_sdk.protocol import server_events
from realtime_sdk.protocol.codec import name
from realtime_sdk.protocol.registries import GA
from realtime_sdk.state import RealtimeState, reduce

UNSAID: Any = object()


def server(kind: str, **fields: Any) -> Any:
    """A server event from the fields of its frame."""
    event = name({"type": kind, "event_id": "event_1", **fields}, GA.server)
    assert isinstance(event, GA.server.get(kind, object)), event
    return event


def client(kind: str, **fields: Any) -> Any:
    """A client event from the fields of its frame."""
    event = name({"type": kind, **fields}, GA.client)
    assert isinstance(event, GA.client[kind]), event
    return event


def after(*events: Any, state: RealtimeState | None = None) -> RealtimeState:
    """The state after events."""
    state = RealtimeState.empty() if state is None else state
    for event in events:
        state = reduce(state, event)
    return state


def user(item_id: str, text: str | None = "Hi", **fields: Any) -> dict[str, Any]:
    """A user's message: typed, or spoken where `text` is None."""
    part = {"type": "input_audio", "transcript": None} if text is None else {"type": "input_text", "text": text}
    return {"id": item_id, "type": "message", "role": "user", "status": "completed", "content": [part], **fields}


def assistant(item_id: str, *content: dict[str, Any], status: str = "in_progress", **fields: Any) -> dict[str, Any]:
    """An assistant's message."""
    return {"id": item_id, "type": "message", "role": "assistant", "status": status, "content": [*content], **fields}


def call(item_id: str, arguments: str = "", status: str = "in_progress", **fields: Any) -> dict[str, Any]:
    """A function call."""
    fields = {"name": "look_up", "call_id": f"call_{item_id}", **fields}
    return {"id": item_id, "type": "function_call", "status": status, "arguments": arguments, **fields}


def output(item_id: str, call_id: str, text: str = "done") -> dict[str, Any]:
    """A function call's output."""
    return {"id": item_id, "type": "function_call_output", "call_id": call_id, "output": text}


def _placed(kind: str, item: dict[str, Any], previous: Any) -> Any:
    where = {} if previous is UNSAID else {"previous_item_id": previous}
    return server(kind, item=item, **where)


def added(item: dict[str, Any] | str, previous: Any = UNSAID) -> server_events.ConversationItemAdded:
    """conversation.item.added"""
    return _placed("conversation.item.added", user(item) if isinstance(item, str) else item, previous)


def done(item: dict[str, Any], previous: Any = UNSAID) -> server_events.ConversationItemDone:
    """conversation.item.done"""
    return _placed("conversation.item.done", item, previous)


def deleted(item_id: str) -> server_events.ConversationItemDeleted:
    """conversation.item.deleted"""
    return server("conversation.item.deleted", item_id=item_id)


def created(
    response_id: str = "r", conversation_id: str | None = "conv", **fields: Any
) -> server_events.ResponseCreated:
    """response.created"""
    body = {"id": response_id, "status": "in_progress", "conversation_id": conversation_id, "output": [], **fields}
    return server("response.created", response=body)


def ended(
    response_id: str = "r", status: str = "completed", conversation_id: str | None = "conv", **fields: Any
) -> server_events.ResponseDone:
    """response.done"""
    body = {"id": response_id, "status": status, "conversation_id": conversation_id, "output": [], **fields}
    return server("response.done", response=body)


def item_of(kind: str, item: dict[str, Any], response_id: str = "r", output_index: int = 0) -> Any:
    """response.output_item.added or .done"""
    return server(f"response.output_item.{kind}", response_id=response_id, output_index=output_index, item=item)


def _of(item_id: str, response_id: str) -> dict[str, Any]:
    return {"item_id": item_id, "response_id": response_id, "output_index": 0, "content_index": 0}


def text(item_id: str, delta: str, response_id: str = "r") -> server_events.ResponseOutputTextDelta:
    """response.output_text.delta"""
    return server("response.output_text.delta", delta=delta, **_of(item_id, response_id))


def spoken(item_id: str, delta: str, response_id: str = "r") -> server_events.ResponseOutputAudioTranscriptDelta:
    """response.output_audio_transcript.delta"""
    return server("response.output_audio_transcript.delta", delta=delta, **_of(item_id, response_id))


def sound(item_id: str, ms: int, response_id: str = "r") -> server_events.ResponseOutputAudioDelta:
    """response.output_audio.delta with so many ms of 24 kHz PCM16 silence"""
    return server("response.output_audio.delta", delta="A" * (ms * 64), **_of(item_id, response_id))


def heard(item_id: str, delta: str) -> server_events.ConversationItemInputAudioTranscriptionDelta:
    """conversation.item.input_audio_transcription.delta"""
    return server("conversation.item.input_audio_transcription.delta", item_id=item_id, content_index=0, delta=delta)


def transcribed(item_id: str, transcript: str) -> server_events.ConversationItemInputAudioTranscriptionCompleted:
    """conversation.item.input_audio_transcription.completed"""
    usage = {"type": "duration", "seconds": 2.0}
    return server(
        "conversation.item.input_audio_transcription.completed",
        item_id=item_id,
        content_index=0,
        transcript=transcript,
        usage=usage,
    )


def cut(item_id: str, audio_end_ms: int) -> server_events.ConversationItemTruncated:
    """conversation.item.truncated"""
    return server("conversation.item.truncated", item_id=item_id, content_index=0, audio_end_ms=audio_end_ms)
