"""Items and responses as the wire has them, turned into those of the state. Audio is left behind.

Fields are read from the instance's own dictionary: a part of another role has fewer, and asking a model for a
field it does not have is dear.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from realtime_sdk.protocol import models
from realtime_sdk.protocol.unknown import Unknown
from realtime_sdk.state.values import PCM_BYTES_PER_MS, Item, Part, Tokens, Usage, make

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


def item_of(wire: Any) -> Item | None:
    """The state's item for a wire item; None if it has no id."""
    if isinstance(wire, Unknown):
        return _unknown_item(wire)
    return FROM_WIRE[wire.__class__](wire, wire.id) if wire.id else None


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
    cached = None if given is None else given.cached_tokens_details
    return make(
        Usage,
        input=make(
            Tokens,
            total=wire.input_tokens or 0,
            **_counts(given, INPUT_TOKENS),
            **_counts(cached, CACHED_TOKENS),
        ),
        output=make(Tokens, total=wire.output_tokens or 0, **_counts(made, OUTPUT_TOKENS)),
    )


INPUT_TOKENS: Final = {
    "text_tokens": "text",
    "audio_tokens": "audio",
    "image_tokens": "image",
    "cached_tokens": "cached",
}
CACHED_TOKENS: Final = {"text_tokens": "cached_text", "audio_tokens": "cached_audio", "image_tokens": "cached_image"}
OUTPUT_TOKENS: Final = {"text_tokens": "text", "audio_tokens": "audio", "reasoning_tokens": "reasoning"}


def _counts(details: Any, names: Mapping[str, str]) -> dict[str, int]:
    if details is None:
        return {}
    return {ours: count for theirs, ours in names.items() if (count := details.__dict__.get(theirs))}


def _message(wire: Any, item_id: str) -> Item:
    content = wire.content
    return make(
        Item,
        id=item_id,
        type="message",
        role=wire.role,
        status=wire.status,
        parts=tuple([part_of(part) for part in content]) if content else (),
        phase=wire.__dict__.get("phase"),
    )


def _function_call(wire: models.FunctionCall, item_id: str) -> Item:
    return make(
        Item,
        id=item_id,
        type="function_call",
        status=wire.status,
        call_id=wire.call_id,
        name=wire.name,
        arguments=wire.arguments,
        phase=wire.__dict__.get("phase"),
    )


def _function_call_output(wire: models.FunctionCallOutput, item_id: str) -> Item:
    return make(
        Item, id=item_id, type="function_call_output", status=wire.status, call_id=wire.call_id, output=wire.output
    )


def _mcp_call(wire: models.McpCall, item_id: str) -> Item:
    return make(
        Item,
        id=item_id,
        type="mcp_call",
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
    return make(Item, id=item_id, type="mcp_list_tools", server_label=wire.server_label, tools=names)


def _mcp_approval_request(wire: models.McpApprovalRequest, item_id: str) -> Item:
    return make(
        Item,
        id=item_id,
        type="mcp_approval_request",
        server_label=wire.server_label,
        name=wire.name,
        arguments=wire.arguments,
    )


def _mcp_approval_response(wire: models.McpApprovalResponse, item_id: str) -> Item:
    return make(
        Item,
        id=item_id,
        type="mcp_approval_response",
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
