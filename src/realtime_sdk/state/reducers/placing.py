"""Items coming into the state, standing in the conversation, and ending. The rules of DOSSIER §4.2 live here.

Every function changes the edit of one event. Final wins: what has ended is never reopened.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from realtime_sdk.state.live import Draft, Entry, folded
from realtime_sdk.state.persistent import PSeq
from realtime_sdk.state.realtime_state import Edit, RealtimeState
from realtime_sdk.state.values import Anomaly, Item, Part, evolve

__all__ = [
    "ABSENT",
    "Absent",
    "Table",
    "note",
    "noted",
    "place",
    "put",
    "settle",
    "settled",
    "start_draft",
    "with_early_deltas",
    "with_final_body",
]

Table: TypeAlias = Mapping[type[Any], Callable[[RealtimeState, Any], RealtimeState]]
"""Class of event → the function that reduces it."""


class Absent:
    """Where the server did not say after which item another stands."""

    __slots__ = ()


ABSENT: Final = Absent()
LIVE_LIMIT: Final = 32
"""How many items may have unsettled deltas at once; real sessions have one to three."""


def note(
    edit: Edit,
    kind: str,
    detail: str,
    *,
    event_type: str | None = None,
    item_id: str | None = None,
    response_id: str | None = None,
) -> None:
    """Adds an anomaly."""
    edit.anomalies = edit.anomalies.append(Anomaly(kind, detail, event_type, item_id, response_id))


def noted(state: RealtimeState, kind: str, detail: str, **where: str | None) -> RealtimeState:
    """The state with an anomaly more, and nothing else changed."""
    edit = Edit.of(state)
    note(edit, kind, detail, **where)
    return edit.done()


def put(edit: Edit, item: Item) -> None:
    """Puts `item` in place of what was known of it."""
    if edit.items.get(item.id) is not item:
        edit.items = edit.items.set(item.id, item)


def settled(edit: Edit, item_id: str, *, last: Entry | None = None) -> Item | None:
    """The item with its deltas, and a `last` one, folded in, which the caller must `put`; None if it is unknown."""
    item: Item | None = edit.items.get(item_id)
    if item is None:
        return None
    draft = edit.live.drafts.get(item_id)
    if draft is None:
        return item if last is None else folded(item, (last,))
    edit.live = edit.live.without(item_id, edit.said)
    return draft.read(item, edit.said, last)


def settle(edit: Edit, item_id: str) -> None:
    """Folds the deltas of one item into it, if it has any."""
    if item_id in edit.live.drafts and (item := settled(edit, item_id)) is not None:
        put(edit, item)


def start_draft(state: RealtimeState, item_id: str, draft: Draft, entry: Entry) -> RealtimeState:
    """The state with a new `draft` and its first delta; the oldest of many drafts is settled to keep them few."""
    edit = Edit.of(state)
    if len(edit.live.drafts) >= LIVE_LIMIT:
        settle(edit, next(iter(edit.live.drafts)))
    draft.entries.append(entry)
    edit.live = edit.live.beginning(item_id, draft, edit.said)
    edit.said = edit.live.said = edit.said + 1
    return edit.done()


def with_early_deltas(edit: Edit, item: Item) -> Item:
    """An item that becomes known, with the deltas that came before it folded in."""
    early = edit.early.get(item.id)
    if early is None:
        return item
    edit.early = edit.early.remove(item.id)
    return folded(item, early)


def place(edit: Edit, item: Item, previous_item_id: "str | Absent | None") -> Item:
    """Gives the item a place in the conversation after `previous_item_id`: None is the head, ABSENT the end.

    An item that the server placed once stays where it is. The caller must `put` the item that comes back.
    """
    if item.placed or (item.in_conversation and previous_item_id is ABSENT):
        return item
    if not (item.in_conversation and _stands_after(edit.order, item.id, previous_item_id)):
        order = edit.order.without(item.id) if item.in_conversation else edit.order
        index = _index_after(edit, order, item.id, previous_item_id)
        edit.order = order.insert(index, item.id)
    return evolve(item, in_conversation=True, placed=previous_item_id is not ABSENT)


def _stands_after(order: PSeq[str], item_id: str, previous_item_id: "str | Absent | None") -> bool:
    """True where a provisional place is the right one, which saves moving the item: nearly always."""
    at = order.rindex(item_id)
    return (order[at - 1] if at > 0 else None) == previous_item_id


def _index_after(edit: Edit, order: PSeq[str], item_id: str, previous_item_id: "str | Absent | None") -> int:
    if previous_item_id is None:
        return 0
    if isinstance(previous_item_id, str):
        at = order.rindex(previous_item_id)
        if at >= 0:
            return at + 1
        detail = f"{item_id} was placed after {previous_item_id}, which is not in the conversation"
        note(edit, "unknown_predecessor", detail, item_id=item_id)
    return len(order)


def with_final_body(item: Item, body: Item) -> Item:
    """`item` as the server's last word `body` has it, keeping what the body does not say.

    Bodies of spoken items have no audio and, once truncated, no transcript: counts and words stay.
    """
    said = {name: value for name, value in body.__dict__.items() if value is not None and name in SAID}
    if item.status not in (None, "in_progress"):
        said.pop("status", None)
    if item.arguments_final or not body.arguments:
        said.pop("arguments", None)
    return evolve(item, **said, parts=_final_parts(item.parts, body.parts), ended=True)


SAID: Final = frozenset(
    {
        "type",
        "role",
        "status",
        "phase",
        "call_id",
        "name",
        "arguments",
        "output",
        "server_label",
        "approval_request_id",
        "approve",
        "reason",
        "error",
        "tools",
        "unknown",
    }
)
"""Fields in which the last word of the server counts, where it says something."""


def _final_parts(parts: tuple[Part, ...], last: tuple[Part, ...]) -> tuple[Part, ...]:
    if not parts or not last:
        return parts or last
    both = [_final_part(part, body) for part, body in zip(parts, last, strict=False)]
    return (*both, *parts[len(last) :], *last[len(parts) :])


def _final_part(part: Part, body: Part) -> Part:
    if part.final and part.type == body.type:
        return part
    said = {name: value for name, value in body.__dict__.items() if value}
    return evolve(part, **said)
