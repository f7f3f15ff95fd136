"""Between Kani's messages and the models of 2024, under the names of that time."""

from collections.abc import Sequence
from itertools import count
from typing import Any

from kani import AIFunction, ChatMessage, ChatRole

from realtime_sdk.dialects import BETA
from realtime_sdk.kani.parts import AudioPart, TextPart
from realtime_sdk.kani.translate.items import items_of
from realtime_sdk.kani.translate.seed import tool_of
from realtime_sdk.protocol import client_events
from realtime_sdk.protocol.codec import encode, parse
from realtime_sdk.protocol.seed.client_events import ConversationItemCreate
from realtime_sdk.protocol.seed.models import (
    AudioContentPart,
    FunctionCallConversationItem,
    FunctionDefinition,
    MessageConversationItem,
    RealtimeResponse,
    TextContentPart,
)

__all__ = [
    "AudioPart",
    "TextPart",
    "ai_function_to_tool",
    "chat_message_to_conv_items",
    "content_part_to_message_part",
    "response_to_chat_message",
]


def ai_function_to_tool(func: AIFunction) -> FunctionDefinition:
    """A function of Kani's as a 2024 definition."""
    tool = tool_of(func)
    return FunctionDefinition(
        name=tool.name or "", description=tool.description or "", parameters=dict(tool.parameters or {})
    )


def content_part_to_message_part(part: TextContentPart | AudioContentPart) -> TextPart | AudioPart:
    """A content part of 2024 as a part of a message."""
    if isinstance(part, TextContentPart):
        return TextPart(oai_type=part.type, text=part.text)
    return AudioPart.model_validate({"oai_type": part.type, "audio_b64": part.audio, "transcript": part.transcript})


def response_to_chat_message(response: RealtimeResponse) -> ChatMessage:
    """The message that a response of 2024 is: all its parts and calls."""
    messages = [item for item in response.output if isinstance(item, MessageConversationItem)]
    calls = [item for item in response.output if isinstance(item, FunctionCallConversationItem)]
    parts: list[Any] = [content_part_to_message_part(part) for item in messages for part in item.content]
    tool_calls: list[Any] = [
        {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in calls
    ]
    fields: dict[str, Any] = {"content": parts or None, "tool_calls": tool_calls or None}
    return ChatMessage(role=ChatRole.ASSISTANT, **fields)


def chat_message_to_conv_items(message: ChatMessage) -> Sequence[Any]:
    """The conversation items of 2024 that say a message; without ids, which the session gives."""
    numbers = count(1)
    items = items_of(message, new_id=lambda: f"item_{next(numbers)}")
    said = [client_events.ConversationItemCreate(item=item) for item in items]
    flat = [BETA.downcast_client(parse(encode(event)))[0] for event in said]
    found = [ConversationItemCreate.model_validate(event).item for event in flat]
    return [item.model_copy(update={"id": None}) for item in found]
