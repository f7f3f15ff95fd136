"""What is to be cut when the user speaks over the assistant: arithmetic on the state, nothing is sent. Pure.

Positions are what a player reported (`PlaybackHeard`). Where nothing is known of a turn, nothing is cut. Rules and
their sources: a position is whole ms and never beyond the audio received; all heard: nothing to cut; nothing heard of
an item: it is deleted, because a cut at 0 ms is refused by some servers.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from realtime_sdk.state.realtime_state import RealtimeState
from realtime_sdk.state.values import Item

__all__ = ["Cut", "cuts", "interrupts_by_itself"]


@dataclass(frozen=True)
class Cut:
    """One thing to ask of the server: cut a part at `audio_end_ms`, or, if that is None, delete the item."""

    item_id: str
    content_index: int = 0
    audio_end_ms: int | None = None


def cuts(state: RealtimeState) -> tuple[Cut, ...]:
    """What the user has not heard of the assistant's last turn, in the order of the conversation."""
    spoken = _last_turn(state)
    if all(part.heard_ms is None for item in spoken for part in item.parts):
        return ()
    return tuple(cut for item in spoken for cut in _cuts_of(item))


def interrupts_by_itself(state: RealtimeState) -> bool:
    """Whether the server ends its response by itself when the user speaks (`interrupt_response`)."""
    given = getattr(getattr(state.session, "audio", None), "input", None)
    detection = getattr(given, "turn_detection", None)
    return detection is not None and getattr(detection, "interrupt_response", None) is not False


def _last_turn(state: RealtimeState) -> tuple[Item, ...]:
    """The assistant's spoken items since the user's last message before them."""
    found: list[Item] = []
    items = state.conversation.items
    for item_id in reversed(state.settled.order):
        item = items[item_id]
        if item.role == "assistant" and any(part.audio_bytes for part in item.parts):
            found.append(item)
        elif item.role == "user" and found:
            break
    return tuple(reversed(found))


def _cuts_of(item: Item) -> Iterator[Cut]:
    sounding = [(index, part) for index, part in enumerate(item.parts) if part.audio_bytes]
    if any(part.truncated_ms is not None for _, part in sounding):
        return
    if all(not part.heard_ms for _, part in sounding):
        yield Cut(item.id)
        return
    for index, part in sounding:
        heard_ms = min(part.heard_ms or 0, part.audio_ms)
        if heard_ms < part.audio_ms:
            yield Cut(item.id, index, heard_ms)
