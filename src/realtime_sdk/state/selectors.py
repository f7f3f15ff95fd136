"""Answers to what people ask of a state. Each takes a state and gives a plain value."""

from dataclasses import dataclass

from realtime_sdk.state.realtime_state import RealtimeState
from realtime_sdk.state.values import Item

__all__ = [
    "Message",
    "Turn",
    "is_responding",
    "messages",
    "pending_approvals",
    "pending_calls",
    "transcript",
    "turns",
]


@dataclass(frozen=True)
class Message:
    """What one side said: `text` is what was heard of it where it was cut."""

    role: str
    text: str
    item_id: str
    interrupted: bool = False


@dataclass(frozen=True)
class Turn:
    """One exchange: what the user's side put in, and everything that followed until the user's next message."""

    user: tuple[Item, ...]
    answer: tuple[Item, ...]


def is_responding(state: RealtimeState) -> bool:
    """True while the default conversation has a response in progress."""
    return state.active_response_id is not None


def messages(state: RealtimeState) -> tuple[Message, ...]:
    """The messages of the conversation in order, those without any known words left out."""
    return tuple(m for item in state.conversation.items.values() if (m := _message(item)) is not None)


def _message(item: Item) -> Message | None:
    words = said(item)
    if item.type != "message" or not words:
        return None
    return Message(item.role or "unknown", words, item.id, interrupted=item.truncated_ms is not None)


def said(item: Item) -> str | None:
    """The words of an item as the conversation had them: heard where it was cut, transcribed where it was spoken."""
    if item.truncated_ms is not None:
        return item.heard_text
    words = [w for w in (item.text, item.input_transcript) if w]
    return " ".join(words) if words else item.text if item.text is not None else item.input_transcript


def transcript(state: RealtimeState) -> str:
    """The conversation as text, a line a message: `user: Hello.`"""
    return "\n".join(f"{message.role}: {message.text}" for message in messages(state))


def pending_calls(state: RealtimeState) -> tuple[Item, ...]:
    """Finished function calls of the conversation that have no output yet, in order.

    A call that was cut short is not finished: its arguments may be half of a JSON text.
    """
    items = state.conversation.items.values()
    answered = {item.call_id for item in items if item.type == "function_call_output"}
    return tuple(
        item
        for item in items
        if item.type == "function_call" and item.status == "completed" and item.call_id not in answered
    )


def pending_approvals(state: RealtimeState) -> tuple[Item, ...]:
    """Requests of an MCP server that wait for `mcp_approval_response`, in order."""
    items = state.conversation.items.values()
    answered = {item.approval_request_id for item in items if item.type == "mcp_approval_response"}
    return tuple(item for item in items if item.type == "mcp_approval_request" and item.id not in answered)


def turns(state: RealtimeState) -> tuple[Turn, ...]:
    """The conversation as exchanges. What came before the first user message is a turn without user items."""
    found: list[tuple[list[Item], list[Item]]] = []
    for item in state.conversation.items.values():
        if item.role == "user" and item.type == "message":
            if not found or found[-1][1]:
                found.append(([], []))
            found[-1][0].append(item)
        else:
            if not found:
                found.append(([], []))
            found[-1][1].append(item)
    return tuple(Turn(tuple(user), tuple(answer)) for user, answer in found)
