"""Items and responses as the wire has them, turned into those of the state. Audio is left behind."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from realtime_sdk.protocol import models
from realtime_sdk.protocol.unknown import Unknown
from realtime_sdk.state.values import PCM_BYTES_PER_MS, Item, Part, Tokens, Usage

__all__ = ["bytes_per_ms", "decoded_size", "item_of", "part_of", "usage_of"]

PART_TYPES: Final = {"text": "output_text", "audio": "output_audio"}
"""What `content_part.*` calls its parts → what items call them (RULES §1)."""

BYTES_PER_MS: Final = {"audio/pcm": PCM_BYTES_PER_MS, "audio/pcmu": 8, "audio/pcma": 8}


def bytes_per_ms(audio_format: Any) -> int | None:
    """Bytes of a millisecond in a wire format object, None where there is none or it is unknown."""
    return BYTES_PER_MS.get(getattr(audio_format, "type", None) or "")


def decoded_size(base64: str) -> int:
    """How many bytes a base64 text stands for, by its length alone."""
    return len(base64) * 3 // 4 - base64.count("=", -2)


def item_of(wire: Any) -> Item | None:
    """The state's item for a wire item; None if it has no id."""
    if isinstance(wire, Unknown):
        return _unknown_item(wire)
    item_id = wire.id
    if not item_id:
        return None
    return FROM_WIRE[type(wire)](wire, item_id)


def part_of(wire: Any) -> Part:
    """The state's part for a wire content part."""
    if isinstance(wire, Unknown):
        return Part(wire.type or "unknown", unknown=wire)
    kind = wire.type or ("output_audio" if getattr(wire, "transcript", None) is not None else "output_text")
    return Part(
        PART_TYPES.get(kind, kind),
        text=getattr(wire, "text", None),
        transcript=getattr(wire, "transcript", None),
        image_url=getattr(wire, "image_url", None),
        detail=getattr(wire, "detail", None),
    )


def usage_of(wire: Any) -> Usage | None:
    """The state's usage for a response's; None where the server stated none."""
    if wire is None or isinstance(wire, Unknown) or wire.total_tokens is None:
        return None
    given, made = wire.input_token_details, wire.output_token_details
    cached = getattr(given, "cached_tokens_details", None)
    return Usage(
        input=Tokens(
            total=wire.input_tokens or 0,
            **_counts(given, text="text_tokens", audio="audio_tokens", image="image_tokens", cached="cached_tokens"),
            **_counts(cached, cached_text="text_tokens", cached_audio="audio_tokens", cached_image="image_tokens"),
        ),
        output=Tokens(
            total=wire.output_tokens or 0,
            **_counts(made, text="text_tokens", audio="audio_tokens", reasoning="reasoning_tokens"),
        ),
    )


def _counts(details: Any, **names: str) -> dict[str, int]:
    return {field: getattr(details, name, None) or 0 for field, name in names.items()}


def _message(wire: Any, item_id: str) -> Item:
    return Item(
        item_id,
        "message",
        role=wire.role,
        status=wire.status,
        parts=tuple(part_of(part) for part in wire.content or ()),
        phase=getattr(wire, "phase", None),
    )


def _function_call(wire: models.FunctionCall, item_id: str) -> Item:
    return Item(
        item_id,
        "function_call",
        status=wire.status,
        call_id=wire.call_id,
        name=wire.name,
        arguments=wire.arguments,
        phase=getattr(wire, "phase", None),
    )


def _function_call_output(wire: models.FunctionCallOutput, item_id: str) -> Item:
    return Item(item_id, "function_call_output", status=wire.status, call_id=wire.call_id, output=wire.output)


def _mcp_call(wire: models.McpCall, item_id: str) -> Item:
    return Item(
        item_id,
        "mcp_call",
        server_label=wire.server_label,
        name=wire.name,
        arguments=wire.arguments,
        output=wire.output,
        approval_request_id=wire.approval_request_id,
        error=_mcp_error(wire.error),
    )


def _mcp_error(error: Any) -> str | None:
    if error is None:
        return None
    return str(error.raw if isinstance(error, Unknown) else error.message)


def _mcp_list_tools(wire: models.McpListTools, item_id: str) -> Item:
    names = None if wire.tools is None else tuple(str(tool.name) for tool in wire.tools)
    return Item(item_id, "mcp_list_tools", server_label=wire.server_label, tools=names)


def _mcp_approval_request(wire: models.McpApprovalRequest, item_id: str) -> Item:
    return Item(
        item_id, "mcp_approval_request", server_label=wire.server_label, name=wire.name, arguments=wire.arguments
    )


def _mcp_approval_response(wire: models.McpApprovalResponse, item_id: str) -> Item:
    return Item(
        item_id,
        "mcp_approval_response",
        approval_request_id=wire.approval_request_id,
        approve=wire.approve,
        reason=wire.reason,
    )


def _unknown_item(wire: Unknown) -> Item | None:
    raw = _object(wire.raw)
    item_id, kind, role, status = (_text(raw.get(key)) for key in ("id", "type", "role", "status"))
    return Item(item_id, kind or "unknown", role=role, status=status, unknown=wire) if item_id else None


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


FROM_WIRE: Final[dict[type[Any], Callable[[Any, str], Item]]] = {
    models.SystemMessage: _message,
    models.UserMessage: _message,
    models.AssistantMessage: _message,
    models.FunctionCall: _function_call,
    models.FunctionCallOutput: _function_call_output,
    models.McpCall: _mcp_call,
    models.McpListTools: _mcp_list_tools,
    models.McpApprovalRequest: _mcp_approval_request,
    models.McpApprovalResponse: _mcp_approval_response,
}
