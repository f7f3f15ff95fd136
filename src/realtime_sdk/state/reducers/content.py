"""Deltas and their ends: text, transcripts, audio, arguments, input transcription. The path most events take."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final, TypeAlias

from realtime_sdk.protocol import server_events
from realtime_sdk.protocol.unknown import Unknown
from realtime_sdk.state.live import (
    Draft,
    Entry,
    How,
    add_arguments,
    add_audio,
    add_text,
    add_transcript,
    close_part,
    end_arguments,
    end_text,
    end_transcript,
    hear,
    hear_speaker,
    heard_whole,
    not_heard,
    open_part,
)
from realtime_sdk.state.realtime_state import Edit, RealtimeState, new_state
from realtime_sdk.state.reducers.placing import Table, noted, put, settled, start_draft
from realtime_sdk.state.reducers.wire_items import part_of
from realtime_sdk.state.usage import TranscriptionUsage
from realtime_sdk.state.values import TranscriptSegment

__all__ = ["TABLE"]

PARTS_LIMIT: Final = 256
"""How many parts an item may have; real ones have one or two. A server's slip must not cost our memory."""

INPUT: Final = frozenset({hear, heard_whole, not_heard, hear_speaker})
"""What is said of a user's item, which is complete before it is transcribed."""


Read: TypeAlias = Callable[[Any], tuple[str, int, Any]]
"""Reads of an event: the item, the part of it, and what is said."""


def _saying(how: How, read: Read) -> Callable[[RealtimeState, Any], RealtimeState]:
    """The reducer of a kind of delta: keeps what it says as the next thing said of its item.

    Two events in three are deltas, of an item that has some already: what is done for those is written out.
    """
    is_of_input = how in INPUT

    def said(state: RealtimeState, event: Any) -> RealtimeState:
        settled_half, live, sent, number = state
        item_id, index, what = read(event)
        draft = live.drafts.get(item_id)
        if draft is None or (draft.of_ended and not is_of_input) or live.said != number or not 0 <= index < PARTS_LIMIT:
            return _say(state, event, item_id, (how, index, what, number))
        draft.entries.append((how, index, what, number))
        live.said = number = number + 1
        return new_state(RealtimeState, (settled_half, live, sent, number))

    return said


def _in_part(field: str) -> Read:
    return attrgetter("item_id", "content_index", field)


def _of_call(field: str) -> Read:
    """The same for calls, which have no parts."""
    read = attrgetter("item_id", field)

    def read_call(event: Any) -> tuple[str, int, Any]:
        item_id, what = read(event)
        return item_id, 0, what

    return read_call


def _of_input(event: Any) -> tuple[str, int, str]:
    return event.item_id, event.content_index or 0, event.delta


def _say(state: RealtimeState, event: Any, item_id: str, entry: Entry) -> RealtimeState:
    """The state with one delta more of an item."""
    how, index, _, number = entry
    if not 0 <= index < PARTS_LIMIT:
        detail = f"{event.type} names part {index} of {item_id}"
        return noted(state, "impossible_part", detail, event_type=event.type, item_id=item_id)
    settled_half, live, sent, _ = state
    draft = live.drafts.get(item_id)
    if draft is None or (draft.of_ended and how not in INPUT):
        return _begin(state, event, entry)
    live = live.own(number)
    live.drafts[item_id].entries.append(entry)
    live.said = number = number + 1
    return new_state(RealtimeState, (settled_half, live, sent, number))


def _begin(state: RealtimeState, event: Any, entry: Entry) -> RealtimeState:
    """The first delta since the item was settled; one for an unknown item waits until it is added."""
    item_id: str = event.item_id
    item = state.settled.items.get(item_id)
    if state.settled.deleted.get(item_id):
        detail = f"{event.type} names {item_id}, which was deleted"
        return noted(state, "deleted_item", detail, event_type=event.type, item_id=item_id)
    if item is None:
        early = state.settled.early.get(item_id, ())
        entry = (*entry[:3], 0)  # its number would say nothing: it is in no draft
        state = state.having(early=state.settled.early.set(item_id, (*early, entry)))
        if early or entry[0] in INPUT:
            return state
        detail = f"{event.type} came before {item_id} was added"
        return noted(state, "early_delta", detail, event_type=event.type, item_id=item_id)
    if item.is_final and entry[0] not in INPUT:
        detail = f"{event.type} came after the end of {item_id}"
        return noted(state, "late_delta", detail, event_type=event.type, item_id=item_id)
    return start_draft(state, item_id, Draft(of_ended=item.is_final), entry)


def part_added(state: RealtimeState, event: server_events.ResponseContentPartAdded) -> RealtimeState:
    """A part begins."""
    return _say(state, event, event.item_id, (open_part, event.content_index, part_of(event.part), state[3]))


def part_done(state: RealtimeState, event: server_events.ResponseContentPartDone) -> RealtimeState:
    """A part ends."""
    if event.part is None:
        return state
    return _say(state, event, event.item_id, (close_part, event.content_index, part_of(event.part), state[3]))


TranscriptionDelta = server_events.ConversationItemInputAudioTranscriptionDelta
TranscriptionCompleted = server_events.ConversationItemInputAudioTranscriptionCompleted
TranscriptionFailed = server_events.ConversationItemInputAudioTranscriptionFailed
TranscriptionSegment = server_events.ConversationItemInputAudioTranscriptionSegment


_heard: Final = _saying(hear, _of_input)


def transcription_delta(state: RealtimeState, event: TranscriptionDelta) -> RealtimeState:
    """The transcription of the user's audio goes on; it may come before the item does."""
    return _heard(state, event) if event.delta else state


def transcription_completed(state: RealtimeState, event: TranscriptionCompleted) -> RealtimeState:
    """The transcription is authoritative, whatever the deltas were. What it took is billed apart."""
    languages = tuple([language.code for language in event.languages or () if language.code])
    return _transcribed(state, event, heard_whole, (event.transcript, languages), usage=event.usage)


def transcription_failed(state: RealtimeState, event: TranscriptionFailed) -> RealtimeState:
    """The transcription failed; the reason stands on the part, and the turn goes on."""
    reason = event.error.code or event.error.message or "unknown"
    return _transcribed(state, event, not_heard, reason)


def transcription_segment(state: RealtimeState, event: TranscriptionSegment) -> RealtimeState:
    """One speaker's stretch of a diarised transcription."""
    segment = TranscriptSegment(event.id, event.speaker, event.text, event.start, event.end)
    return _transcribed(state, event, hear_speaker, segment)


def _transcribed(state: RealtimeState, event: Any, how: How, what: Any, *, usage: Any = None) -> RealtimeState:
    """The state with this folded into the event's item; for an item not yet known it waits."""
    index = event.content_index or 0
    edit = Edit.of(state)
    if usage is not None and not isinstance(usage, Unknown):
        edit.transcription_usage = edit.transcription_usage.plus(_transcription_usage(usage))
    item = edit.items.get(event.item_id)
    if item is None or not item.in_conversation or not 0 <= index < PARTS_LIMIT:
        return _say(edit.done(), event, event.item_id, (how, index, what, edit.said))
    put(edit, settled(edit, event.item_id, last=(how, index, what, edit.said)) or item)
    return edit.done()


def _transcription_usage(usage: Any) -> TranscriptionUsage:
    counts = usage.__dict__
    return TranscriptionUsage(
        counts.get("input_tokens") or 0, counts.get("output_tokens") or 0, counts.get("seconds") or 0.0
    )


TABLE: Final[Table] = {
    server_events.ResponseOutputTextDelta: _saying(add_text, _in_part("delta")),
    server_events.ResponseOutputTextDone: _saying(end_text, _in_part("text")),
    server_events.ResponseOutputAudioTranscriptDelta: _saying(add_transcript, _in_part("delta")),
    server_events.ResponseOutputAudioTranscriptDone: _saying(end_transcript, _in_part("transcript")),
    server_events.ResponseOutputAudioDelta: _saying(add_audio, _in_part("pcm_size")),
    server_events.ResponseFunctionCallArgumentsDelta: _saying(add_arguments, _of_call("delta")),
    server_events.ResponseFunctionCallArgumentsDone: _saying(end_arguments, _of_call("arguments")),
    server_events.ResponseMcpCallArgumentsDelta: _saying(add_arguments, _of_call("delta")),
    server_events.ResponseMcpCallArgumentsDone: _saying(end_arguments, _of_call("arguments")),
    server_events.ResponseContentPartAdded: part_added,
    server_events.ResponseContentPartDone: part_done,
    TranscriptionDelta: transcription_delta,
    TranscriptionCompleted: transcription_completed,
    TranscriptionFailed: transcription_failed,
    TranscriptionSegment: transcription_segment,
}
