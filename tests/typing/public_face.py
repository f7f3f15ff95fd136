"""What type checkers see of the public face. Checked by mypy and pyright, never run."""

from typing import assert_type

import realtime_sdk as rt


def narrowing_by_class(event: object) -> str:
    """A class pattern narrows to the event, and its fields have types."""
    match event:
        case rt.server_events.ResponseOutputAudioTranscriptDelta():
            assert_type(event, rt.server_events.ResponseOutputAudioTranscriptDelta)
            assert_type(event.delta, str)
            return event.delta
        case rt.server_events.ResponseOutputAudioDelta() as delta:
            assert_type(delta.pcm, bytes)
            assert_type(delta.pcm_size, int)
            assert_type(delta.item_id, str)
            return delta.item_id
        case rt.server_events.ResponseDone(response=response):
            assert_type(response, rt.models.Response)
            return "done"
        case rt.UnknownEvent(type=kind, why=why):
            assert_type(kind, str | None)
            return why
        case _:
            return ""


def building() -> bytes:
    """Client events are built by keyword from the models."""
    text = rt.models.UserMessageContent(type="input_text", text="Hello!")
    message = rt.models.UserMessage(role="user", content=[text])
    return rt.encode(rt.client_events.ConversationItemCreate(item=message))


def reducing(state: rt.RealtimeState, frame: bytes) -> rt.RealtimeState:
    """A frame becomes an event, and an event another state."""
    return rt.reduce(state, rt.decode(frame))


def replaying(path: str) -> rt.RealtimeState:
    """A log is loaded and folded."""
    log = rt.EventLog.load(path)
    assert_type(len(log), int)
    for record in log:
        assert_type(record, rt.LogRecord)
        assert_type(record.frame, bytes)
    return rt.replay(log, until=120)


def catching(error: rt.RealtimeError) -> object:
    """Errors have attributes for machines."""
    match error:
        case rt.ConnectionClosed():
            assert_type(error.code, int | None)
            return error.code
        case rt.ServerError():
            assert_type(error.client_event_id, str | None)
            return error.client_event_id
        case rt.RequestTimeout():
            caught: TimeoutError = error
            return caught
        case _:
            return None
