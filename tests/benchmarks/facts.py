"""What both sides of the comparison know of a session, as one plain value each."""

from typing import Any

from realtime_sdk.state import RealtimeState
from tests.benchmarks.limit import BareSession

__all__ = ["facts_of_bare", "facts_of_state"]

BYTES_PER_MS = 48


def facts_of_state(state: RealtimeState) -> dict[str, Any]:
    items = state.conversation.items
    return {
        "session": getattr(state.session, "id", None),
        "items": [(item_id, _item(item)) for item_id, item in items.items()],
        "responses": {
            key: (one.status, [*one.item_ids], None if one.usage is None else _tokens(one.usage))
            for key, one in state.responses.items()
        },
        "active": state.active_response_id,
        "usage": _tokens(state.usage),
        "rate_limits": {key: (one.limit, one.remaining, one.reset_s) for key, one in state.rate_limits.items()},
        "speeches": [(one.item_id, one.start_ms, one.end_ms) for one in state.input_audio.speeches],
    }


def facts_of_bare(state: BareSession) -> dict[str, Any]:
    return {
        "session": None if state.session is None else state.session["id"],
        "items": [(item_id, _bare_item(state.items[item_id])) for item_id in state.order],
        "responses": {key: (one["status"], one["item_ids"], one["usage"]) for key, one in state.responses.items()},
        "active": state.active,
        "usage": state.usage,
        "rate_limits": {
            key: (one["limit"], one["remaining"], one["reset_seconds"]) for key, one in state.rate_limits.items()
        },
        "speeches": [(one["item_id"], one["start_ms"], one["end_ms"]) for one in state.speeches],
    }


def _item(item: Any) -> dict[str, Any]:
    return {
        "type": item.type,
        "role": item.role,
        "status": item.status,
        "text": item.text or "",
        "heard": item.input_transcript or "",
        "audio_ms": item.audio_ms,
        "call_id": item.call_id,
        "name": item.name,
        "arguments": item.arguments or "",
        "output": item.output,
    }


def _bare_item(item: dict[str, Any]) -> dict[str, Any]:
    shown = {key: item[key] for key in ("type", "role", "status", "call_id", "name", "output")}
    joined = {key: "".join(item[key]) for key in ("text", "heard", "arguments")}
    return shown | joined | {"audio_ms": item["audio_bytes"] // BYTES_PER_MS}


def _tokens(usage: Any) -> dict[str, int]:
    given, made = usage.input, usage.output
    return {
        "input": given.total,
        "input_text": given.text,
        "input_audio": given.audio,
        "input_cached": given.cached,
        "output": made.total,
        "output_text": made.text,
        "output_audio": made.audio,
    }
