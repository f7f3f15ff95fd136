"""Items coming into the state, standing in the conversation, and ending. The rules of DOSSIER §4.2 live here.

Every function takes a state and gives a state. Final wins: what has ended is never reopened.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from realtime_sdk.state.live import Draft, folded
from realtime_sdk.state.persistent import PSeq
from realtime_sdk.state.realtime_state import RealtimeState
from realtime_sdk.state.values import Anomaly, Item, Part, evolve

__all__ = ["ABSENT", "Table", "note", "place", "put", "settle", "start_draft", "take_in", "with_final_body"]


Table: TypeAlias = Mapping[type[Any], Callable[[RealtimeState, Any], RealtimeState]]
"""Class of event → the function that reduces it."""


class Absent:
    """Where the server did not say after which item another stands."""

    __slots__ = ()


ABSENT: Final = Absent()
LIVE_LIMIT: Final = 32
"""How many items may have unsettled deltas at once; real sessions have one to three."""


def note(
    state: RealtimeState,
    kind: str,
    detail: str,
    *,
    event_type: str | None = None,
    item_id: str | None = None,
    response_id: str | None = None,
) -> RealtimeState:
    """The state with one anomaly more."""
    anomaly = Anomaly(kind, detail, event_type, item_id, response_id)
    return state.having(anomalies=state.settled.anomalies.append(anomaly))


def put(state: RealtimeState, item: Item) -> RealtimeState:
    """The state with `item` in place of what was known of it. Its deltas must be settled."""
    return state.having(items=state.settled.items.set(item.id, item))


def settle(state: RealtimeState, item_id: str) -> RealtimeState:
    """The state with the deltas of one item folded into it."""
    draft = state.live.get(item_id)
    if draft is None:
        return state
    live = {key: value for key, value in state.live.items() if key != item_id}
    items = state.settled.items
    settled = evolve(state.settled, items=items.set(item_id, draft.read(items[item_id])))
    return RealtimeState((settled, live, state.sent_audio_bytes))


def take_in(state: RealtimeState, item: Item) -> RealtimeState:
    """The state with `item` known, and the deltas that came before it folded in. Not yet in the conversation."""
    early = state.settled.early.get(item.id)
    if early is not None:
        item = folded(item, early)
        state = state.having(early=state.settled.early.remove(item.id))
    return put(state, item)


def place(state: RealtimeState, item_id: str, previous_item_id: "str | Absent | None") -> RealtimeState:
    """The state with the item standing after `previous_item_id`: None is the head, ABSENT the end.

    An item that the server placed once stays where it is.
    """
    item = state.settled.items[item_id]
    if item.placed or (item.in_conversation and isinstance(previous_item_id, Absent)):
        return state
    order = state.settled.order
    if item.in_conversation:
        order = order.without(item_id)
    index, known = _index_after(order, previous_item_id)
    if not known:
        detail = f"{item_id} was placed after {previous_item_id}, which is not in the conversation"
        state = note(state, "unknown_predecessor", detail, item_id=item_id)
    placed = evolve(item, in_conversation=True, placed=not isinstance(previous_item_id, Absent))
    return put(state.having(order=order.insert(index, item_id)), placed)


def _index_after(order: PSeq[str], previous_item_id: "str | Absent | None") -> tuple[int, bool]:
    if previous_item_id is None:
        return 0, True
    if isinstance(previous_item_id, str):
        at = order.rindex(previous_item_id)
        return (at + 1, True) if at >= 0 else (len(order), False)
    return len(order), True


def with_final_body(item: Item, body: Item) -> Item:
    """`item` as the server's last word `body` has it, keeping what the body does not say.

    Bodies of spoken items have no audio and, once truncated, no transcript: counts and words stay.
    """
    status = item.status if item.status not in (None, "in_progress") else body.status or item.status
    return evolve(
        item,
        type=body.type,
        role=body.role or item.role,
        status=status,
        parts=_final_parts(item, body),
        phase=body.phase or item.phase,
        response_id=item.response_id or body.response_id,
        call_id=body.call_id or item.call_id,
        name=body.name or item.name,
        arguments=item.arguments if item.arguments_final or not body.arguments else body.arguments,
        output=body.output if body.output is not None else item.output,
        server_label=body.server_label or item.server_label,
        approval_request_id=body.approval_request_id or item.approval_request_id,
        approve=body.approve if body.approve is not None else item.approve,
        reason=body.reason or item.reason,
        error=body.error or item.error,
        tools=body.tools if body.tools is not None else item.tools,
        unknown=body.unknown or item.unknown,
        ended=True,
    )


def _final_parts(item: Item, body: Item) -> tuple[Part, ...]:
    count = max(len(item.parts), len(body.parts))
    return tuple(
        _final_part(item.parts[i], body.parts[i])
        if i < min(len(item.parts), len(body.parts))
        else (item.parts[i] if i < len(item.parts) else body.parts[i])
        for i in range(count)
    )


def _final_part(part: Part, body: Part) -> Part:
    keeps_words = part.final and part.type == body.type
    return evolve(
        part,
        type=body.type,
        text=part.text if keeps_words or not body.text else body.text,
        transcript=part.transcript if keeps_words or not body.transcript else body.transcript,
        image_url=body.image_url or part.image_url,
        detail=body.detail or part.detail,
        unknown=body.unknown or part.unknown,
    )


def start_draft(state: RealtimeState, item_id: str, draft: Draft) -> RealtimeState:
    """The state with `draft` as the deltas of the item; the oldest of many drafts is settled to keep them few."""
    if len(state.live) >= LIVE_LIMIT:
        state = settle(state, next(iter(state.live)))
    return RealtimeState((state[0], {**state.live, item_id: draft}, state[2]))
