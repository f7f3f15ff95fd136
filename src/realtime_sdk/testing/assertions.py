"""Assertions on a conversation, live or from its log: what was said, what was called, where it was cut. Pure.

Each returns the item that it found, and fails with the conversation as it was.
"""

import json
from difflib import SequenceMatcher, ndiff
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

from realtime_sdk.fold import replay
from realtime_sdk.log import EventLog
from realtime_sdk.state import Item, RealtimeState, messages
from realtime_sdk.state.selectors import said as words_of

__all__ = ["Subject", "called", "interrupted_at", "said"]


@runtime_checkable
class _HasState(Protocol):
    @property
    def state(self) -> RealtimeState: ...


Subject: TypeAlias = RealtimeState | _HasState | EventLog | str | Path
"""What is looked at: a session, its state, its log, or the path of one."""


def said(subject: Subject, text: str, *, role: str = "assistant") -> Item:
    """The first message of this role that has this text in it, in any case; as heard, where it was cut."""
    state = _state(subject)
    for item in state.conversation.items.values():
        if item.type == "message" and item.role == role and text.lower() in (words_of(item) or "").lower():
            return item
    own = [message.text for message in messages(state) if message.role == role]
    nearest = max(own, key=lambda one: SequenceMatcher(None, one, text).ratio(), default=None)
    difference = "" if nearest is None else "\n\nthe nearest was:\n" + "\n".join(ndiff([text], [nearest]))
    raise AssertionError(f"the {role} did not say {text!r}{difference}\n\n{_conversation(state)}")


def called(subject: Subject, name: str, /, **arguments: Any) -> Item:
    """The first call of this function that has at least these arguments."""
    state = _state(subject)
    calls = [item for item in state.conversation.items.values() if item.type == "function_call" and item.name == name]
    for item in calls:
        if arguments.items() <= _arguments(item).items():
            return item
    wanted = json.dumps(arguments, ensure_ascii=False, default=str)
    found = "\n".join(f"  {name}({item.arguments})" for item in calls) or "  (no call of it)"
    raise AssertionError(f"{name} was not called with {wanted}; there are:\n{found}\n\n{_conversation(state)}")


def interrupted_at(subject: Subject, ms: int | None = None, *, within_ms: int = 0, heard: str | None = None) -> Item:
    """The first message that was cut: at `ms` of its sound, give or take `within_ms`, and with `heard` left of it."""
    state = _state(subject)
    cut = [item for item in state.conversation.items.values() if item.truncated_ms is not None]
    for item in cut:
        at_ms = item.truncated_ms or 0
        if (ms is None or abs(at_ms - ms) <= within_ms) and (heard is None or item.heard_text == heard):
            return item
    found = (
        "\n".join(f"  at {item.truncated_ms} ms, heard {item.heard_text!r}" for item in cut) or "  (nothing was cut)"
    )
    where = "" if ms is None else f" at {ms} ms (± {within_ms})"
    left = "" if heard is None else f" with {heard!r} heard"
    raise AssertionError(f"no message was cut{where}{left}; there are:\n{found}\n\n{_conversation(state)}")


def _state(subject: Subject) -> RealtimeState:
    if isinstance(subject, RealtimeState):
        return subject
    if isinstance(subject, EventLog):
        return replay(subject)
    if isinstance(subject, str | Path):
        return replay(EventLog.load(subject))
    return subject.state


def _arguments(item: Item) -> dict[str, Any]:
    try:
        found: object = json.loads(item.arguments or "{}")
    except ValueError:
        return {}
    return {str(name): value for name, value in found.items()} if isinstance(found, dict) else {}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _conversation(state: RealtimeState) -> str:
    """The whole conversation, a line an item."""
    lines = [_line(item) for item in state.conversation.items.values()]
    return "the conversation:\n" + ("\n".join(f"  {line}" for line in lines) or "  (empty)")


def _line(item: Item) -> str:
    match item.type:
        case "function_call":
            return f"calls {item.name}({item.arguments})"
        case "function_call_output":
            return f"output: {item.output}"
        case "message":
            cut = "" if item.truncated_ms is None else f"  [cut at {item.truncated_ms} ms]"
            return f"{item.role}: {words_of(item)}{cut}"
        case _:
            return f"({item.type})"
