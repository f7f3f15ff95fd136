"""Talking and listening at once: the items of a conversation as Kani streams, and as messages of its history.

`Router` turns what the session says of items into both, without waiting for anything. The tasks around it (microphone,
callback, tools) are `full_duplex`'s. One stream an item; one message a response, in the conversation's order.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from kani import ChatMessage, ChatRole
from kani.engines.base import Completion
from kani.streaming import DummyStream, StreamManager

from realtime_sdk.audio.pcm import PCM16_24K
from realtime_sdk.audio.spoken import MicrophoneTape, Voices
from realtime_sdk.fold import Update
from realtime_sdk.kani.engine import RealtimeEngine, completion_of, notes_of
from realtime_sdk.kani.parts import AudioPart
from realtime_sdk.kani.translate.items import KEY, ROLES, Spoken, mcp_notes, message_of
from realtime_sdk.protocol.server_events import InputAudioBufferSpeechStarted
from realtime_sdk.session import Answer
from realtime_sdk.session.item_steps import Began, Ended, ItemSteps, Said, Shortened, Sounded
from realtime_sdk.state import Item, RealtimeState, Response

__all__ = ["Entry", "Router"]

Pieces: TypeAlias = "asyncio.Queue[str | Completion]"
"""An item on its way to the consumer; the completion is the last."""


@dataclass(eq=False)
class Entry:
    """A message that history gets when it is its turn: `message` None while it is not known, and it may stay so."""

    item_ids: list[str]
    message: ChatMessage | None = None
    is_due: bool = False
    response: Response | None = None


class Router:
    """What the items of a session mean to a Kani. Give it every update; it waits for nothing.

    `put` gets streams in the order of the items, `hear` the assistant's sound, `called` the messages that call
    functions, `due` is set when an entry may go into history, `spoken_over` is called when the user begins to speak.
    """

    def __init__(
        self,
        engine: RealtimeEngine,
        *,
        put: Callable[[StreamManager], object],
        hear: Callable[[Any, bytes], object],
        called: Callable[[ChatMessage], object],
        spoken_over: Callable[[RealtimeState], object],
    ) -> None:
        state = engine.session.state
        self.due: Final = asyncio.Event()
        self.entries: Final[dict[str, Entry]] = {}
        """Those that history does not have yet, by the id of their response or of their item."""
        self.open: Final[dict[str, Pieces]] = {}
        """The streams that have not ended, by item id."""
        self.tape: Final = MicrophoneTape(state)
        self._engine = engine
        self._mirror = engine.mirror
        self._put, self._hear, self._called, self._spoken_over = put, hear, called, spoken_over
        self._voices = Voices(keep=engine.save_audio)
        self._steps = ItemSteps(state, skip=self._is_foreign)
        self._messages: dict[str, ChatMessage] = {}

    def take(self, update: Update) -> None:
        """Let an update do what it does."""
        for step in self._steps.take(update):
            _MEANINGS[type(step)](self, step, update.after)
        if any(isinstance(event, InputAudioBufferSpeechStarted) for event in update.events):
            self._spoken_over(update.after)

    def add(self, message: ChatMessage, item_ids: list[str]) -> None:
        """A message that is whole: a stream that is over, and an entry that is due."""
        self._mirror.tag(message, item_ids)
        self.entries[item_ids[0]] = Entry(item_ids, message, is_due=True)
        self._put(DummyStream(message))
        self.due.set()

    def end_all(self, status: str) -> None:
        """End every stream with what is there, and let all of it go into history."""
        state = self._engine.session.state
        for step in self._steps.rest(state, status):
            _MEANINGS[type(step)](self, step, state)
        for entry in self.entries.values():
            entry.is_due = True

    def next_due(self) -> str | None:
        """The entry whose turn it is: the first in the conversation's order, if it is due."""
        order = {item_id: place for place, item_id in enumerate(self._engine.session.conversation_items)}
        end = len(order)
        place_of = {key: min(order.get(i, end) for i in entry.item_ids) for key, entry in self.entries.items()}
        first = min(place_of, key=place_of.__getitem__, default=None)
        return first if first is not None and self.entries[first].is_due else None

    def _is_foreign(self, item: Item, response: Response | None) -> bool:
        """Whether an item is of a turn-based round, or was put there from here."""
        return item.id in self._mirror.own or (response is not None and self._engine.owns(response))

    # --- steps ----------------------------------------------------------------------------------------------------

    def _begin(self, step: Began, _: RealtimeState) -> None:
        item = step.item
        role = _role(item)
        if item.type == "function_call_output" and item.response_id is None:
            self.add(ChatMessage.function(None, item.output or "", tool_call_id=item.call_id or ""), [item.id])
        elif role is not None or item.response_id is not None:
            self.entries.setdefault(_key(item), Entry([])).item_ids.append(item.id)
        if role is not None:
            pieces = self.open[item.id] = asyncio.Queue()
            self._put(StreamManager(_read(pieces), role=role))

    def _say(self, step: Said, _: RealtimeState) -> None:
        if step.item_id in self.open:
            self.open[step.item_id].put_nowait(step.text)

    def _sound(self, step: Sounded, state: RealtimeState) -> None:
        self._hear(step.delta, self._voices.take(step.delta, state))

    def _end(self, step: Ended, state: RealtimeState) -> None:
        if step.response is not None:
            self._end_response(step.items, step.response, is_over=step.status is None)
            return
        (item,) = step.items
        why = {"status": step.status, "error": step.error}
        notes = {key: value for key, value in why.items() if value is not None}
        role = _role(item)
        if role is None or item.id not in self.open:
            return
        message = message_of(Spoken((item,), {item.id: self.tape.of(item.id, state)}, notes), role)
        self._mirror.tag(message, [item.id])
        self.open.pop(item.id).put_nowait(completion_of(message))
        entry = self.entries[_key(item)]
        if item.response_id is None:
            entry.message, entry.is_due = message if step.status != "deleted" else None, True
            self.due.set()

    def _end_response(self, items: tuple[Item, ...], response: Response, *, is_over: bool) -> None:
        """One message for history, and one for each item's stream; of a response of one item they are the same."""
        sounds = {item.id: _heard(self._voices.of(item.id), item.truncated_ms) for item in items}
        notes = {**notes_of(Answer(response, items)), **_cut_notes(items)}
        whole = message_of(Spoken(items, sounds, notes), ChatRole.ASSISTANT)
        entry = self.entries[response.id]
        self._mirror.tag(whole, entry.item_ids)
        is_alone = sum(item.type == "message" for item in items) == 1
        for item in items:
            alone = whole if len(items) == 1 else message_of(Spoken((item,), sounds, notes), ChatRole.ASSISTANT)
            self._messages[item.id] = whole
            if item.id in self.open:
                self.open.pop(item.id).put_nowait(completion_of(alone, response if is_alone else None))
            elif alone.tool_calls:
                self._put(DummyStream(alone))
        entry.message = whole if whole.content is not None or whole.tool_calls or mcp_notes(items) else None
        entry.is_due, entry.response = True, response
        self.due.set()
        if is_over and whole.tool_calls:
            self._called(whole)

    def _shorten(self, step: Shortened, _: RealtimeState) -> None:
        message = self._messages.get(step.item.id)
        if message is not None:
            for part in message.parts:
                if isinstance(part, AudioPart):
                    part.pcm = _heard(part.pcm, step.item.truncated_ms)
            self._mirror.tag(message, message.extra[KEY]["item_ids"], **_cut_notes((step.item,)))


async def _read(pieces: Pieces) -> AsyncIterator[str | Completion]:
    """What the consumer gets."""
    piece: str | Completion = ""
    while isinstance(piece, str):
        piece = await pieces.get()
        yield piece


def _role(item: Item) -> ChatRole | None:
    """Who says an item; None for what is no message of a role that Kani has."""
    return ROLES.get(item.role or "") if item.type == "message" else None


def _key(item: Item) -> str:
    """The entry that an item belongs to."""
    return item.response_id or item.id


def _heard(pcm: bytes, ms: int | None) -> bytes:
    """What was heard of a sound that was cut at `ms`; all of it for None."""
    return pcm if ms is None else pcm[: PCM16_24K.bytes_in_ms(ms)]


def _cut_notes(items: tuple[Item, ...]) -> dict[str, Any]:
    """Where an item was cut, and what was heard of it: its words stay in the message, but were not all heard."""
    cut = next((item for item in items if item.truncated_ms is not None), None)
    return {} if cut is None else {"audio_end_ms": cut.truncated_ms, "heard_text": cut.heard_text}


_MEANINGS: Final[Mapping[type[Any], Callable[[Router, Any, RealtimeState], None]]] = MappingProxyType(
    {
        Began: Router._begin,
        Said: Router._say,
        Sounded: Router._sound,
        Ended: Router._end,
        Shortened: Router._shorten,
    }
)
