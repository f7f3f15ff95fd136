"""What an update means to whoever follows a conversation item by item: one begins, says something, sounds, ends. Pure.

An item ends when nothing more comes of it: typed text at once; what the user spoke when its words are known, or never
will be; all items of a response with that response. Every item that begins ends; what is left over `rest` ends.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from realtime_sdk.fold import Update
from realtime_sdk.protocol import server_events as s
from realtime_sdk.session.turns import transcription
from realtime_sdk.state import Item, RealtimeState, Response

__all__ = ["Began", "Ended", "ItemSteps", "Said", "Shortened", "Sounded", "Step"]


@dataclass(frozen=True, slots=True)
class Began:
    """A new item; its type and role are known."""

    item: Item


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of an item's text or transcript."""

    item_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Sounded:
    """A piece of the assistant's sound, as its event."""

    delta: s.ResponseOutputAudioDelta


@dataclass(frozen=True, slots=True)
class Ended:
    """Items that are over: one alone, or all of a response that has ended.

    `status` says what ended them before their time: `deleted`, or what `rest` was told. `error` why the user's words
    could not be written down (`code` and `message`).
    """

    items: tuple[Item, ...]
    response: Response | None = None
    status: str | None = None
    error: Any = None


@dataclass(frozen=True, slots=True)
class Shortened:
    """The sound of an item was cut at `item.truncated_ms`; it may be over."""

    item: Item


Step: TypeAlias = Began | Said | Sounded | Ended | Shortened


def _nobody(_: Item, __: Response | None) -> bool:
    return False


class ItemSteps:
    """The steps of the items that begin after `state`. Items of out-of-band responses have none, and those that `skip`
    is true of: it is asked once an item, with the response that makes it."""

    def __init__(self, state: RealtimeState, *, skip: Callable[[Item, Response | None], bool] = _nobody) -> None:
        self._skip = skip
        self._seen = set(state.items)
        self._has_words: dict[str, bool] = {}
        """The items that have not ended."""
        self._of_responses: dict[str, list[str]] = {}

    def take(self, update: Update) -> list[Step]:
        """What an update does. Give it every one."""
        if update.record.sender != "server":
            return []
        known = ((event, meaning) for event in update.events if (meaning := MEANINGS.get(type(event))))
        return [step for event, meaning in known for step in meaning(self, event, update.after)]

    def rest(self, state: RealtimeState, status: str) -> list[Step]:
        """The ends of all that has not ended, under this status: of the session, or of somebody's patience."""
        steps: list[Step] = []
        for response_id in [*self._of_responses]:
            response = state.responses.get(response_id) or Response(id=response_id)
            steps += self._end_response(replace(response, status=status), state, status=status)
        for item_id in [*self._has_words]:
            steps += self._end(item_id, state, status=status)
        return steps

    # --- items ----------------------------------------------------------------------------------------------------

    def _item(self, event: Any, state: RealtimeState) -> Iterator[Step]:
        item = state.items.get(getattr(event.item, "id", None) or "")
        if item is None:
            return
        if item.id not in self._seen:
            response = state.responses.get(item.response_id or "")
            if not (response is not None and response.out_of_band) and not self._skip(item, response):
                self._seen.add(item.id)
                yield from self._begin(item, state)
        elif isinstance(event, s.ConversationItemDone | s.ResponseOutputItemDone):
            yield from self._end_if_whole(item, state)

    def _begin(self, item: Item, state: RealtimeState) -> Iterator[Step]:
        self._has_words[item.id] = False
        yield Began(item)
        if item.response_id is not None:
            self._of_responses.setdefault(item.response_id, []).append(item.id)
            return
        if item.type == "message":
            yield from self._say(item.id, item.text or item.input_transcript)
        yield from self._end_if_whole(item, state)

    def _say(self, item_id: str, text: str | None) -> Iterator[Step]:
        if text and item_id in self._has_words:
            self._has_words[item_id] = True
            yield Said(item_id, text)

    def _end_if_whole(self, item: Item, state: RealtimeState) -> Iterator[Step]:
        if item.response_id is None and item.is_final and not _awaits_words(item, state):
            yield from self._end(item.id, state)

    def _end(self, item_id: str, state: RealtimeState, **why: Any) -> Iterator[Step]:
        item = state.items.get(item_id)
        if self._has_words.pop(item_id, None) is not None and item is not None:
            yield Ended((item,), **why)

    def _deleted(self, event: Any, state: RealtimeState) -> Iterator[Step]:
        yield from self._end(event.item_id, state, status="deleted")

    def _shortened(self, event: Any, state: RealtimeState) -> Iterator[Step]:
        item = state.items.get(event.item_id)
        if item is not None and item.truncated_ms is not None:
            yield Shortened(item)

    # --- words and sound ------------------------------------------------------------------------------------------

    def _words(self, event: Any, _: RealtimeState) -> Iterator[Step]:
        yield from self._say(event.item_id, event.delta)

    def _written_down(self, event: Any, state: RealtimeState) -> Iterator[Step]:
        if self._has_words.get(event.item_id) is False:
            yield from self._say(event.item_id, (event.transcript or "").strip())
        yield from self._end(event.item_id, state)

    def _not_written_down(self, event: Any, state: RealtimeState) -> Iterator[Step]:
        error = getattr(event, "error", None)
        why = {"code": getattr(error, "code", None), "message": getattr(error, "message", None)}
        yield from self._end(event.item_id, state, error=why)

    def _sound(self, event: Any, _: RealtimeState) -> Iterator[Step]:
        if event.item_id in self._has_words:
            yield Sounded(event)

    # --- responses ------------------------------------------------------------------------------------------------

    def _response_done(self, event: Any, state: RealtimeState) -> Iterator[Step]:
        response = state.responses.get(event.response.id or "")
        if response is not None:
            yield from self._end_response(response, state)

    def _end_response(self, response: Response, state: RealtimeState, **why: Any) -> Iterator[Step]:
        item_ids = self._of_responses.pop(response.id, None)
        if item_ids is None:
            return
        for item_id in item_ids:
            self._has_words.pop(item_id, None)
        items = tuple(item for item_id in item_ids if (item := state.items.get(item_id)) is not None)
        yield Ended(items, response, **why)


def _awaits_words(item: Item, state: RealtimeState) -> bool:
    """Whether a message of the user will be written down: it came out of the input buffer, and somebody listens."""
    spoken = [part for part in item.parts if part.type == "input_audio"]
    if not spoken or transcription(state) is None or item.id not in [*state.input_audio.commits]:
        return False
    return any(not part.final and part.transcript_error is None for part in spoken)


Meaning: TypeAlias = Callable[[ItemSteps, Any, RealtimeState], Iterator[Step]]

MEANINGS: Final[Mapping[type[Any], Meaning]] = MappingProxyType(
    {
        s.ConversationItemAdded: ItemSteps._item,
        s.ConversationItemCreated: ItemSteps._item,
        s.ConversationItemDone: ItemSteps._item,
        s.ConversationItemDeleted: ItemSteps._deleted,
        s.ConversationItemTruncated: ItemSteps._shortened,
        s.ConversationItemInputAudioTranscriptionDelta: ItemSteps._words,
        s.ConversationItemInputAudioTranscriptionCompleted: ItemSteps._written_down,
        s.ConversationItemInputAudioTranscriptionFailed: ItemSteps._not_written_down,
        s.ResponseOutputItemAdded: ItemSteps._item,
        s.ResponseOutputItemDone: ItemSteps._item,
        s.ResponseOutputTextDelta: ItemSteps._words,
        s.ResponseOutputAudioTranscriptDelta: ItemSteps._words,
        s.ResponseOutputAudioDelta: ItemSteps._sound,
        s.ResponseDone: ItemSteps._response_done,
    }
)
"""Class of event → what it does; every other event does nothing here."""
