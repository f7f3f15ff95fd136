"""The conversation: items are put in, taken out, shown and cut, with the service's rules and errors."""

from typing import Any, Final

import pybase64

from realtime_sdk.protocol.client_events import (
    ConversationItemCreate,
    ConversationItemDelete,
    ConversationItemRetrieve,
    ConversationItemTruncate,
)
from realtime_sdk.protocol.json_values import JsonObject
from realtime_sdk.protocol.models import (
    AssistantMessage,
    ConversationItem,
    FunctionCall,
    FunctionCallOutput,
    McpApprovalRequest,
    McpApprovalResponse,
)
from realtime_sdk.protocol.server_events import (
    ConversationItemAdded,
    ConversationItemDeleted,
    ConversationItemDone,
    ConversationItemRetrieved,
    ConversationItemTruncated,
)
from realtime_sdk.protocol.unknown import Unknown
from realtime_sdk.protocol.wire import WireModel
from realtime_sdk.simulator.brain import complaints
from realtime_sdk.simulator.brain.complaints import Complaint
from realtime_sdk.simulator.brain.saying import find_item, mint, refuse, say, with_item
from realtime_sdk.simulator.brain.sounds import BYTES_PER_MS, from_wire, ms_of, to_wire
from realtime_sdk.simulator.brain.transcribing import want_words
from realtime_sdk.simulator.brain.values import Held, Server

__all__ = ["announce", "create_item", "delete_item", "held_from_wire", "place", "release", "retrieve", "truncate"]

HEAD: Final = "root"


def create_item(server: Server, event: ConversationItemCreate) -> Server:
    """Put an item in: at the end, at the head (`root`), or behind another one."""
    if server.settings.hold_items and any(not live.out_of_band for live in server.lives):
        return server.having(held_back=(*server.held_back, event))
    return _create(server, event)


def release(server: Server) -> Server:
    """Put in what was held back, if no response holds it back any more."""
    if not server.held_back or any(not live.out_of_band for live in server.lives):
        return server
    waiting, server = server.held_back, server.having(held_back=())
    for event in waiting:
        if isinstance(event, ConversationItemCreate):
            server = _create(server, event)
    return server


def _create(server: Server, event: ConversationItemCreate) -> Server:
    complaint = _against(server, event)
    if complaint is not None:
        return refuse(server, complaint, event.event_id)
    server, held = held_from_wire(server, event.item)
    if held is None:
        return refuse(server, _not_audio("item.content"), event.event_id)
    server = announce(place(server, held, after=event.previous_item_id or None), held)
    return want_words(server, held, transcription=None) if held.words is None else server


def _against(server: Server, event: ConversationItemCreate) -> Complaint | None:
    item_id, after = event.item.id, event.previous_item_id
    if item_id is not None and find_item(server, item_id) is not None:
        message = f"Error adding item: an item with id '{item_id}' already exists."
        return Complaint("item_create_duplicate_item_id", message)
    if after and after != HEAD and find_item(server, after) is None:
        message = f"Error adding item: the previous item with id '{after}' does not exist."
        return Complaint("item_create_invalid_previous_item_id", message)
    if isinstance(event.item, McpApprovalResponse) and not _was_asked(server, event.item.approval_request_id):
        message = f"Approval request '{event.item.approval_request_id}' not found in conversation."
        return Complaint("invalid_value", message, "item.approval_request_id")
    if isinstance(event.item, FunctionCallOutput) and not _called(server, event.item.call_id):
        message = f"Tool call ID '{event.item.call_id}' not found in conversation."
        return Complaint("invalid_tool_call_id", message)
    return None


def _called(server: Server, call_id: str | None) -> bool:
    return any(isinstance(held.item, FunctionCall) and held.item.call_id == call_id for held in server.items)


def _was_asked(server: Server, request_id: str | None) -> bool:
    return any(isinstance(held.item, McpApprovalRequest) and held.id == request_id for held in server.items)


def _not_audio(param: str) -> Complaint:
    return Complaint("invalid_value", f"Invalid '{param}'. Expected base64-encoded audio bytes.", param)


def held_from_wire(server: Server, item: ConversationItem) -> tuple[Server, Held | None]:
    """An item as a client sent it, with an id and its sound apart; None if its sound is no base64."""
    server, item_id = (server, item.id) if item.id else mint(server, "item")
    obj: JsonObject = item.raw if isinstance(item, Unknown) else item.model_dump(exclude_unset=True)
    rest = {name: value for name, value in obj.items() if name not in ("id", "object", "type", "status")}
    if isinstance(item, FunctionCall) and not item.call_id:
        server, rest["call_id"] = mint(server, "call")
    has_status = not isinstance(item, FunctionCallOutput | Unknown) and "status" in type(item).model_fields
    status = {"status": "completed"} if has_status else {}
    shown: JsonObject = {"id": item_id, "type": obj["type"], **status, **rest}
    sounds: dict[int, bytes] = {}
    if isinstance(rest.get("content"), list):
        try:
            sounds = _sounds(rest["content"], server.config.input_format)
        except ValueError:
            return server, None
        shown["content"] = [_without_sound(part) for part in rest["content"]]
    return server, Held(item_id, _as(item, shown), sounds, _words(shown, sounds))


def _as(item: ConversationItem, shown: JsonObject) -> ConversationItem:
    return type(item)(shown) if isinstance(item, Unknown) else type(item).model_validate(shown)


def _sounds(content: list[Any], kind: str) -> dict[int, bytes]:
    return {
        index: from_wire(pybase64.b64decode(part["audio"], validate=True), kind)
        for index, part in enumerate(content)
        if part.get("type") == "input_audio" and part.get("audio")
    }


def _without_sound(part: JsonObject) -> JsonObject:
    kept = {name: value for name, value in part.items() if name != "audio"}
    return {"transcript": None} | kept if part.get("type") == "input_audio" else kept


def _words(shown: JsonObject, sounds: dict[int, bytes]) -> str | None:
    """What is said in an item, None if there is sound that nobody wrote down."""
    said = [part.get("text") or part.get("transcript") for part in shown.get("content") or ()]
    if any(said[index] is None for index in sounds):
        return None
    return " ".join(filter(None, said)) or str(shown.get("output") or "")


def place(server: Server, held: Held, *, after: str | None = None) -> Server:
    """The server with an item in its conversation: behind `after`, or at the end."""
    others = server.items
    if after is None:
        index = len(others)
    else:
        index = 0 if after == HEAD else 1 + next(i for i, other in enumerate(others) if other.id == after)
    return server.having(items=(*others[:index], held, *others[index:]))


def announce(server: Server, held: Held) -> Server:
    """Say that an item is there, and done."""
    before = previous(server, held.id)
    return say(
        server,
        ConversationItemAdded(previous_item_id=before, item=held.item),
        ConversationItemDone(previous_item_id=before, item=held.item),
    )


def previous(server: Server, item_id: str) -> str | None:
    """The id of the item before this one; None at the head, and for an item that is gone."""
    before: str | None = None
    for held in server.items:
        if held.id == item_id:
            return before
        before = held.id
    return None


def delete_item(server: Server, event: ConversationItemDelete) -> Server:
    """Take an item out."""
    if find_item(server, event.item_id) is None:
        return refuse(server, complaints.no_item("delete", event.item_id), event.event_id)
    kept = tuple(held for held in server.items if held.id != event.item_id)
    transcribing = tuple(one for one in server.transcribing if one.item_id != event.item_id)
    server = server.having(items=kept, transcribing=transcribing)
    return say(server, ConversationItemDeleted(item_id=event.item_id))


def retrieve(server: Server, event: ConversationItemRetrieve) -> Server:
    """Show an item with its sound."""
    held = find_item(server, event.item_id)
    if held is None:
        return refuse(server, complaints.no_item("retrieve", event.item_id), event.event_id)
    return say(server, ConversationItemRetrieved(item=_with_sound(server, held)))


def _with_sound(server: Server, held: Held) -> ConversationItem:
    if not held.sounds or not isinstance(held.item, WireModel):
        return held.item
    spoken = isinstance(held.item, AssistantMessage)
    kind = str(server.config.output_format["type"]) if spoken else server.config.input_format
    shown: JsonObject = held.item.model_dump(exclude_unset=True)
    for index, pcm in held.sounds.items():
        shown["content"][index]["audio"] = pybase64.b64encode(to_wire(pcm, kind)).decode()
    return _as(held.item, shown)


def truncate(server: Server, event: ConversationItemTruncate) -> Server:
    """Cut the sound of an assistant's message; its transcript is gone with that."""
    held = find_item(server, event.item_id)
    if held is None:
        return refuse(server, complaints.no_item("truncate", event.item_id), event.event_id)
    pcm = _sound_so_far(server, held, event.content_index)
    complaint = _against_cut(held, pcm, event.audio_end_ms)
    if complaint is not None:
        return refuse(server, complaint, event.event_id)
    if held.sounds:  # an item in the making goes on; its end was only heard up to here
        server = with_item(server, _cut(held, event.content_index, event.audio_end_ms))
    return say(
        server,
        ConversationItemTruncated(
            item_id=event.item_id, content_index=event.content_index, audio_end_ms=event.audio_end_ms
        ),
    )


def _sound_so_far(server: Server, held: Held, index: int) -> bytes | None:
    made = next((output for live in server.lives for output in live.outputs if output.id == held.id), None)
    if made is not None and made.item is None:
        return made.tape.whole if index == 0 and made.tape.size else None
    return held.sounds.get(index)


def _against_cut(held: Held, pcm: bytes | None, end_ms: int) -> Complaint | None:
    if not isinstance(held.item, AssistantMessage) or pcm is None:
        return Complaint("unsupported_content_type", "Only model output audio messages can be truncated")
    if end_ms < 0:
        return complaints.out_of_range("audio_end_ms", end_ms, 0, None)
    if end_ms > ms_of(len(pcm)):
        message = f"Audio content of {ms_of(len(pcm))}ms is already shorter than {end_ms}ms"
        return Complaint("invalid_value", message)
    return None


def _cut(held: Held, index: int, end_ms: int) -> Held:
    shown: JsonObject = held.item.model_dump(exclude_unset=True) if isinstance(held.item, WireModel) else {}
    shown["content"][index].pop("transcript", None)
    sounds = {**held.sounds, index: held.sounds[index][: end_ms * BYTES_PER_MS]}
    return Held(held.id, _as(held.item, shown), sounds, "")
