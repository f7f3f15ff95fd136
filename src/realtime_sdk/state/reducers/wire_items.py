"""Items and responses as the wire has them, turned into those of the state. Audio is left behind.

Fields are read from the instance's own dictionary: a part of another role has fewer, and asking a model for a
field it does not have is dear.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from realtime_sdk.protocol import models
from realtime_sdk.protocol.unknown import Unknown
from realtime_sdk.state.usage import Tokens, Usage
from realtime_sdk.state.values import PCM_BYTES_PER_MS, Item, Part, evolve, make

__all__ = ["bytes_per_ms", "decoded_size", "item_of", "part_of", "usage_of"]

PART_TYPES: Final = {"text": "output_text", "audio": "output_audio"}
"""What `content_part.*` calls its parts → what items call them (RULES §1)."""

BYTES_PER_MS: Final = {"audio/pcm": PCM_BYTES_PER_MS, "audio/pcmu": 8, "audio/pcma": 8}


def bytes_per_ms(audio_format: Any) -> int | None:
    """Bytes of a millisecond in a wire format object, None where there is none or it is unknown."""
    return None if audio_format is None else BYTES_PER_MS.get(audio_format.type or "")


def decoded_size(base64: str) -> int:
    """How many bytes a base64 text stands for, by its length alone."""
    return len(base64) * 3 // 4 - base64.count("=", -2)


def item_of(wire: Any, **more: Any) -> Item | None:
    """The state's item for a wire item, with `more` fields; None if it has no id."""
    if isinstance(wire, Unknown):
        item = _unknown_item(wire)
        return item if item is None else evolve(item, **more)
    if not wire.id:
        return None
    kind, fields = FROM_WIRE[wire.__class__]
    return make(Item, id=wire.id, type=kind, **fields(wire), **more)


def part_of(wire: Any) -> Part:
    """The state's part for a wire content part."""
    if isinstance(wire, Unknown):
        return Part(wire.type or "unknown", unknown=wire)
    said = wire.__dict__
    kind = said.get("type") or ("output_audio" if said.get("transcript") is not None else "output_text")
    fields = {name: value for name in WORDS_OF_A_PART if (value := said.get(name)) is not None}
    return make(Part, type=PART_TYPES.get(kind, kind), **fields)


WORDS_OF_A_PART: Final = ("text", "transcript", "image_url", "detail")


def usage_of(wire: models.ResponseUsage | None) -> Usage | None:
    """The state's usage for a response's; None where the server stated none."""
    if wire is None or wire.total_tokens is None:
        return None
    given, made = wire.input_token_details, wire.output_token_details
    return Usage(_input_tokens(wire.input_tokens or 0, given), _output_tokens(wire.output_tokens or 0, made))


def _input_tokens(total: int, details: models.InputTokenDetails | None) -> Tokens:
    if details is None:
        return Tokens(total)
    cached = details.cached_tokens_details
    return Tokens(
        total,
        details.text_tokens or 0,
        details.audio_tokens or 0,
        details.image_tokens or 0,
        details.cached_tokens or 0,
        0 if cached is None else cached.text_tokens or 0,
        0 if cached is None else cached.audio_tokens or 0,
        0 if cached is None else cached.image_tokens or 0,
    )


def _output_tokens(total: int, details: models.OutputTokenDetails | None) -> Tokens:
    if details is None:
        return Tokens(total)
    return Tokens(total, details.text_tokens or 0, details.audio_tokens or 0, reasoning=details.reasoning_tokens or 0)


def _message(wire: Any) -> dict[str, Any]:
    content = wire.content
    return {
        "role": wire.role,
        "status": wire.status,
        "parts": tuple([part_of(part) for part in content]) if content else (),
        "phase": wire.__dict__.get("phase"),
    }


def _function_call(wire: models.FunctionCall) -> dict[str, Any]:
    return {
        "status": wire.status,
        "call_id": wire.call_id,
        "name": wire.name,
        "arguments": wire.arguments,
        "phase": wire.__dict__.get("phase"),
    }


def _function_call_output(wire: models.FunctionCallOutput) -> dict[str, Any]:
    return {"status": wire.status, "call_id": wire.call_id, "output": wire.output}


def _mcp_call(wire: models.McpCall) -> dict[str, Any]:
    return {
        "server_label": wire.server_label,
        "name": wire.name,
        "arguments": wire.arguments,
        "output": wire.output,
        "approval_request_id": wire.approval_request_id,
        "error": _mcp_error(wire.error),
    }


def _mcp_error(error: Any) -> str | None:
    if error is None:
        return None
    return str(error.raw if isinstance(error, Unknown) else error.message)


def _mcp_list_tools(wire: models.McpListTools) -> dict[str, Any]:
    names = None if wire.tools is None else tuple(str(tool.name) for tool in wire.tools)
    return {"server_label": wire.server_label, "tools": names}


def _mcp_approval_request(wire: models.McpApprovalRequest) -> dict[str, Any]:
    return {"server_label": wire.server_label, "name": wire.name, "arguments": wire.arguments}


def _mcp_approval_response(wire: models.McpApprovalResponse) -> dict[str, Any]:
    return {"approval_request_id": wire.approval_request_id, "approve": wire.approve, "reason": wire.reason}


def _unknown_item(wire: Unknown) -> Item | None:
    raw = _object(wire.raw)
    item_id, kind, role, status = (_text(raw.get(key)) for key in ("id", "type", "role", "status"))
    return Item(item_id, kind or "unknown", role=role, status=status, unknown=wire) if item_id else None


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


FROM_WIRE: Final[dict[type[Any], tuple[str, Callable[[Any], dict[str, Any]]]]] = {
    models.SystemMessage: ("message", _message),
    models.UserMessage: ("message", _message),
    models.AssistantMessage: ("message", _message),
    models.FunctionCall: ("function_call", _function_call),
    models.FunctionCallOutput: ("function_call_output", _function_call_output),
    models.McpCall: ("mcp_call", _mcp_call),
    models.McpListTools: ("mcp_list_tools", _mcp_list_tools),
    models.McpApprovalRequest: ("mcp_approval_request", _mcp_approval_request),
    models.McpApprovalResponse: ("mcp_approval_response", _mcp_approval_response),
}
"""Class of wire item → its type, and what becomes of its fields."""
