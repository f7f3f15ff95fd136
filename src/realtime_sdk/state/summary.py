"""A state as one plain JSON object, for people, other languages and `realtime-sdk show --json`."""

from typing import Any

from realtime_sdk.protocol.unknown import Unknown
from realtime_sdk.state.realtime_state import RealtimeState
from realtime_sdk.state.selectors import pending_calls
from realtime_sdk.state.usage import Usage
from realtime_sdk.state.values import Anomaly, Epoch, Item, Reported, Response

__all__ = ["summary"]


def summary(state: RealtimeState, *, dialect: str | None = None) -> dict[str, Any]:
    """The state as an object of JSON values; what is not known is None.

    `items` are those of the conversation; `pending_calls` are finished calls without an output. A response's
    `reason` is the code of its error where it failed and names no other; an item's `heard_text` is None unless it was
    cut, and its `text` is never what the transcription heard.
    """
    return {
        "session": _session(state.session),
        "items": [_item(item) for item in state.conversation.items.values()],
        "responses": {response.id: _response(response) for response in state.responses.values()},
        "usage": _usage(state.usage),
        "pending_calls": [_call(item) for item in pending_calls(state)],
        "errors": [_error(error) for error in state.errors],
        "anomalies": [_anomaly(anomaly) for anomaly in state.anomalies],
        "epochs": [_epoch(epoch) for epoch in state.epochs],
        "dialect": dialect,
    }


def _session(session: Any) -> Any:
    if session is None:
        return None
    return session.raw if isinstance(session, Unknown) else session.model_dump(mode="json", exclude_unset=True)


def _item(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "type": item.type,
        "role": item.role,
        "status": item.status or item.mcp_status,
        "text": item.text,
        "input_transcript": item.input_transcript,
        "heard_text": item.heard_text,
        "truncated_ms": item.truncated_ms,
        "name": item.name,
        "call_id": item.call_id,
        "arguments": item.arguments,
        "output": item.output,
    }


def _response(response: Response) -> dict[str, Any]:
    return {
        "status": response.status,
        "reason": response.reason or response.error_code,
        "item_ids": list(response.item_ids),
        "usage": None if response.usage is None else _usage(response.usage),
    }


def _usage(usage: Usage) -> dict[str, Any]:
    given, made = usage.input, usage.output
    return {
        "input_tokens": given.total,
        "output_tokens": made.total,
        "total_tokens": usage.total_tokens,
        "input_token_details": {
            "text_tokens": given.text,
            "audio_tokens": given.audio,
            "image_tokens": given.image,
            "cached_tokens": given.cached,
            "cached_tokens_details": {
                "text_tokens": given.cached_text,
                "audio_tokens": given.cached_audio,
                "image_tokens": given.cached_image,
            },
        },
        "output_token_details": {
            "text_tokens": made.text,
            "audio_tokens": made.audio,
            "reasoning_tokens": made.reasoning,
        },
    }


def _call(item: Item) -> dict[str, Any]:
    return {"item_id": item.id, "call_id": item.call_id, "name": item.name, "arguments": item.arguments}


def _error(error: Reported) -> dict[str, Any]:
    return {
        "code": error.code,
        "message": error.message,
        "type": error.type,
        "param": error.param,
        "event_id": error.client_event_id,
    }


def _anomaly(anomaly: Anomaly) -> dict[str, Any]:
    return {
        "kind": anomaly.kind,
        "detail": anomaly.detail,
        "event_type": anomaly.event_type,
        "item_id": anomaly.item_id,
        "response_id": anomaly.response_id,
    }


def _epoch(epoch: Epoch) -> dict[str, Any]:
    return {
        "number": epoch.number,
        "session_id": epoch.session_id,
        "dialect": epoch.dialect,
        "closed": epoch.closed,
        "close_code": epoch.close_code,
        "close_reason": epoch.close_reason,
        "closed_by": epoch.closed_by,
        "lost": list(epoch.lost),
    }
