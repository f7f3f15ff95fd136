"""What has no class is kept whole, in its place, with the reason."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from realtime_sdk.protocol import models, server_events
from realtime_sdk.protocol.codec import decode, encode
from realtime_sdk.protocol.unknown import Unknown, UnknownEvent


def added(item: Any) -> bytes:
    from pydantic_core import to_json

    return to_json({"type": "conversation.item.added", "item": item})


@pytest.mark.parametrize(
    ("item", "why"),
    [
        ({"type": "dance", "id": "i"}, "no member has type 'dance', role None"),
        ({"type": "message", "role": "tool", "id": "i"}, "no member has type 'message', role 'tool'"),
        ({"type": "message", "id": "i"}, "no member has type 'message', role None"),
        ({"type": "function_call", "id": "i", "name": 5}, "FunctionCall.name: Input should be a valid string"),
        ({"id": "i"}, "no member has type None, role None"),
    ],
)
def test_an_item_without_a_class_keeps_its_place_its_id_and_the_reason(item: dict[str, Any], why: str) -> None:
    event = decode(added(item))
    assert isinstance(event, server_events.ConversationItemAdded)
    assert event.item == models.UnknownItem(item, why)
    assert isinstance(event.item, models.UnknownItem)
    assert (event.item.id, event.item.type) == ("i", item.get("type"))
    assert encode(event) == added(item)


@pytest.mark.parametrize("item", [5, "text", [], None, True])
def test_an_item_that_is_no_object_is_kept_too(item: Any) -> None:
    event = decode(added(item))
    assert isinstance(event, server_events.ConversationItemAdded)
    assert isinstance(event.item, models.UnknownItem)
    assert (event.item.raw, event.item.id, event.item.type) == (item, None, None)


def test_one_unknown_member_leaves_its_neighbours_known() -> None:
    tools = [{"type": "function", "name": "f"}, {"type": "web_search"}]
    session = models.Session.model_validate({"type": "realtime", "tools": tools})
    assert session.tools == [
        models.FunctionTool.model_validate(tools[0]),
        models.UnknownTool(tools[1], "no member has type 'web_search'"),
    ]


@pytest.mark.parametrize(
    ("union", "value", "kind"),
    [
        (models.ToolChoice, "auto", str),
        (models.ToolChoice, "whatever comes", str),
        (models.ToolChoice, {"type": "function", "name": "f"}, models.ToolChoiceFunction),
        (models.ToolChoice, {"type": "shell"}, models.UnknownToolChoice),
        (models.ToolChoice, 5, models.UnknownToolChoice),
        (models.Voice, "marin", str),
        (models.Voice, {"id": "v"}, models.CustomVoice),
        (models.Voice, 5, models.UnknownVoice),
        (models.Truncation, "auto", str),
        (models.Truncation, {"type": "retention_ratio", "retention_ratio": 0.8}, models.RetentionRatioTruncation),
        (models.Truncation, {"type": "newest"}, models.UnknownTruncation),
        (models.TurnDetection, {"type": "semantic_vad"}, models.SemanticVad),
        (models.TurnDetection, {"type": None}, models.UnknownTurnDetection),
        (models.AudioFormat, {"type": "audio/pcm", "rate": 16000}, models.AudioPcm),
        (models.AudioFormat, {"type": "audio/opus"}, models.UnknownAudioFormat),
        (models.AnySession, {"type": "transcription"}, models.TranscriptionSession),
        (models.AnySession, {}, models.UnknownSession),
        (models.Tracing, "auto", str),
        (models.Tracing, {"group_id": "g"}, models.TracingConfiguration),
        (models.TranscriptionUsage, {"type": "duration", "seconds": 1}, models.TranscriptionUsageDuration),
        (models.TranscriptionUsage, {"type": "words"}, models.UnknownUsage),
        (models.McpError, {"type": "http_error", "code": 500, "message": "m"}, models.McpHttpError),
        (models.McpError, "it broke", models.UnknownMcpError),
        (models.McpAllowedTools, ["a"], list),
        (models.McpAllowedTools, {"read_only": True}, models.McpToolFilter),
        (models.McpAllowedTools, [5], models.UnknownMcpToolFilter),
        (models.McpRequireApproval, "never", str),
        (models.McpRequireApproval, {"always": {"tool_names": ["t"]}}, models.McpApprovalFilter),
        (models.PromptVariable, {"type": "input_text", "text": "t"}, models.InputTextContent),
        (models.PromptVariable, {"type": "input_song"}, models.UnknownPart),
        (models.ResponseInputItem, {"type": "item_reference", "id": "i"}, models.ItemReference),
        (models.ConversationItem, {"type": "item_reference", "id": "i"}, models.UnknownItem),
    ],
)
def test_a_union_finds_its_member_and_gives_the_value_back(union: Any, value: Any, kind: type) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(union)
    member = adapter.validate_python(value)
    assert type(member) is kind
    assert adapter.dump_python(member, exclude_unset=True) == value


def test_members_that_are_instances_already_stay_themselves() -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(models.ConversationItem)
    for member in (models.FunctionCall(name="f"), models.UserMessage(), models.UnknownItem({"type": "dance"})):
        assert adapter.validate_python(member) is member


def test_an_unknown_event_keeps_type_object_and_reason() -> None:
    event = UnknownEvent("x", {"type": "x"}, "why")
    assert (event.type, event.raw, event.why) == ("x", {"type": "x"}, "why")


def test_every_unknown_member_is_public_and_says_what_it_is() -> None:
    kinds = Unknown.__subclasses__()
    assert {kind.__name__ for kind in kinds} <= set(models.__all__)
    assert all(kind.__doc__ for kind in kinds)
