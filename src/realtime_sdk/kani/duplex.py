"""Talking and listening at once: the events of a session as Kani streams, and as messages of its history.

`Router` is what each event does, without waiting for anything: it opens streams, feeds and ends them, and says which
messages are due. The tasks around it (microphone, callback, tools) are `full_duplex`'s. One stream an item; one message
a response; every stream ends with its completion, whatever happens.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from kani import ChatMessage, ChatRole
from kani.engines.base import Completion
from kani.streaming import DummyStream, StreamManager

from realtime_sdk.audio.pcm import PCM16_24K
from realtime_sdk.audio.spoken import MicrophoneTape, Voices
from realtime_sdk.fold import Update
from realtime_sdk.kani.engine import RealtimeEngine, notes_of
from realtime_sdk.kani.parts import AudioPart
from realtime_sdk.kani.translate import Spoken, mcp_notes, message_of
from realtime_sdk.kani.translate.items import KEY, ROLES
from realtime_sdk.protocol import server_events as s
from realtime_sdk.session import Answer
from realtime_sdk.state import Item, RealtimeState, Response, interrupts_by_itself

__all__ = ["Entry", "Router", "Stream"]


@dataclass(eq=False)
class Stream:
    """One item on its way to the consumer."""

    item_id: str
    role: ChatRole
    pieces: "asyncio.Queue[str | Completion]" = field(default_factory=lambda: asyncio.Queue[str | Completion]())
    words: bool = False
    message: ChatMessage | None = None

    def say(self, text: str) -> None:
        """A piece of text."""
        if text:
            self.words = True
            self.pieces.put_nowait(text)

    def end(self, message: ChatMessage, response: Response | None = None) -> None:
        """The message that the stream was."""
        if self.message is None:
            self.message = message
            self.pieces.put_nowait(completion_of(message, response))

    async def read(self) -> AsyncIterator[str | Completion]:
        """What the consumer gets."""
        while True:
            piece = await self.pieces.get()
            yield piece
            if isinstance(piece, Completion):
                return


@dataclass(eq=False)
class Entry:
    """A message that history gets when it is its turn: `message` None while it is not known, and it may stay so."""

    item_ids: list[str]
    message: ChatMessage | None = None
    is_due: bool = False
    response: Response | None = None


def completion_of(message: ChatMessage, response: Response | None) -> Completion:
    """A message with the tokens it took, where they are known."""
    usage = None if response is None else response.usage
    return Completion(message, usage and usage.input.total, usage and usage.output.total)


class Router:
    """What the events of a session mean to a Kani. Give it every update; it waits for nothing.

    `put` gets streams in the order of the items, `hear` the assistant's sound, `called` the messages that call
    functions, `due` is set when an entry may go into history, `silence` is called when the user speaks over it.
    """

    def __init__(
        self,
        engine: RealtimeEngine,
        *,
        put: Callable[[StreamManager], object],
        hear: Callable[[Any, bytes], object],
        called: Callable[[ChatMessage], object],
        silence: Callable[[], object],
    ) -> None:
        state = engine.session.state
        self.due: Final = asyncio.Event()
        self.entries: Final[list[Entry]] = []
        self.streams: Final[dict[str, Stream]] = {}
        """Those that have not ended, by item id."""
        self.tape: Final = MicrophoneTape(state)
        self._engine = engine
        self._put, self._hear, self._called, self._silence = put, hear, called, silence
        self._voices = Voices(keep=engine.save_audio)
        self._seen: set[str] = set(state.items)
        self._responses: dict[str, Entry] = {}
        self._messages: dict[str, ChatMessage] = {}

    def take(self, update: Update) -> None:
        """Let an update do what it does."""
        if update.record.sender == "server":
            for event in update.events:
                meaning = MEANINGS.get(type(event))
                if meaning is not None:
                    meaning(self, event, update.after)

    def add(self, message: ChatMessage, item_ids: list[str]) -> Entry:
        """A message from here (what a function gave): a stream that is over, and an entry that is due."""
        entry = Entry(item_ids, message, is_due=True)
        self.entries.append(entry)
        self._put(DummyStream(message))
        self.due.set()
        return entry

    def end_all(self, status: str) -> None:
        """End every stream with what is there, and let all of it go into history."""
        state = self._engine.session.state
        for stream in [*self.streams.values()]:
            entry = self._entry_of(stream.item_id)
            if entry is not None and entry.message is None and entry in self._responses.values():
                self._end_response(entry, Response(id="", status=status), state, call=False)
            self._end_item(stream.item_id, state, status=status)
        for entry in self.entries:
            entry.is_due = True
        self.due.set()

    def next_due(self) -> Entry | None:
        """The entry whose turn it is: the first in the conversation's order, if it is due."""
        if not self.entries:
            return None
        order = {item_id: place for place, item_id in enumerate(self._engine.session.state.conversation.order)}
        end = len(order)
        first = min(self.entries, key=lambda entry: min((order.get(i, end) for i in entry.item_ids), default=end))
        return first if first.is_due else None

    # --- items ----------------------------------------------------------------------------------------------------

    def _item(self, event: Any, state: RealtimeState) -> None:
        item = state.items.get(getattr(event.item, "id", None) or "")
        if item is None:
            return
        if item.id not in self._seen and not self._is_foreign(item, state):
            self._seen.add(item.id)
            self._open(item, state)
        elif isinstance(event, s.ConversationItemDone | s.ResponseOutputItemDone):
            self._whole(item, state)

    def _is_foreign(self, item: Item, state: RealtimeState) -> bool:
        """Whether an item is somebody else's: of a turn-based round, or of a response outside the conversation."""
        if item.id in self._engine.mirror.own:
            return True
        response = state.responses.get(item.response_id or "")
        return response is not None and self._is_foreign_response(response)

    def _is_foreign_response(self, response: Response) -> bool:
        return response.out_of_band or self._engine.owns(response)

    def _open(self, item: Item, state: RealtimeState) -> None:
        role = ROLES.get(item.role or "") if item.type == "message" else None
        if item.response_id is not None:
            entry = self._responses.get(item.response_id)
            if entry is None:
                entry = self._responses[item.response_id] = Entry([])
                self.entries.append(entry)
            entry.item_ids.append(item.id)
        elif item.type == "function_call_output":
            message = ChatMessage.function(None, item.output or "", tool_call_id=item.call_id or "")
            self._engine.mirror.tag(message, [item.id])
            self.add(message, [item.id])
        elif role is not None:
            self.entries.append(Entry([item.id]))
        if role is not None:
            stream = self.streams[item.id] = Stream(item.id, role)
            self._put(StreamManager(stream.read(), role=role))
            stream.say(item.text if role is not ChatRole.ASSISTANT and item.text else item.input_transcript or "")
        self._whole(item, state)

    def _whole(self, item: Item, state: RealtimeState) -> None:
        """An item that may be complete: what is typed is at once; what is spoken when its words are known, or never
        will be; the assistant's with its response."""
        stream = self.streams.get(item.id)
        if stream is None or item.response_id is not None or not item.is_final:
            return
        if not _awaits_words(item, state):
            self._end_item(item.id, state)

    def _end_item(self, item_id: str, state: RealtimeState, **notes: Any) -> None:
        """End the stream of an item that is no response's, and let its message go into history."""
        stream = self.streams.pop(item_id, None)
        item = state.items.get(item_id)
        if stream is None or item is None:
            return
        message = message_of(Spoken((item,), {item_id: self.tape.of(item_id, state)}, notes), stream.role)
        self._engine.mirror.tag(message, [item_id])
        stream.end(message)
        entry = self._entry_of(item_id)
        if entry is not None and not entry.is_due:
            entry.message, entry.is_due = message, True
            self.due.set()

    def _entry_of(self, item_id: str) -> Entry | None:
        return next((entry for entry in self.entries if item_id in entry.item_ids), None)

    # --- words ----------------------------------------------------------------------------------------------------

    def _words(self, event: Any, _: RealtimeState) -> None:
        stream = self.streams.get(event.item_id)
        if stream is not None:
            stream.say(event.delta or "")

    def _written_down(self, event: Any, state: RealtimeState) -> None:
        stream = self.streams.get(event.item_id)
        if stream is not None:
            if not stream.words:
                stream.say((event.transcript or "").strip())
            self._end_item(event.item_id, state)

    def _not_written_down(self, event: Any, state: RealtimeState) -> None:
        error = getattr(event, "error", None)
        why = {"code": getattr(error, "code", None), "message": getattr(error, "message", None)}
        self._end_item(event.item_id, state, error=why)

    def _sound(self, event: Any, state: RealtimeState) -> None:
        if event.item_id in self.streams:
            self._hear(event, self._voices.take(event, state))

    # --- responses ------------------------------------------------------------------------------------------------

    def _response_done(self, event: s.ResponseDone, state: RealtimeState) -> None:
        response = state.responses.get(event.response.id or "")
        if response is None or self._is_foreign_response(response):
            return
        entry = self._responses.pop(response.id, None)
        if entry is not None:
            self._end_response(entry, response, state)

    def _end_response(self, entry: Entry, response: Response, state: RealtimeState, *, call: bool = True) -> None:
        """One message for history, and one for each item's stream; of a response of one item they are the same."""
        items = tuple(item for item_id in entry.item_ids if (item := state.items.get(item_id)) is not None)
        sounds = {item.id: _heard(self._voices.of(item.id), item.truncated_ms) for item in items}
        notes = {**notes_of(Answer(response, items)), **_cut_notes(items)}
        whole = message_of(Spoken(items, sounds, notes), ChatRole.ASSISTANT)
        self._engine.mirror.tag(whole, entry.item_ids)
        spoken = [item for item in items if item.type == "message"]
        for item in items:
            alone = whole if len(items) == 1 else message_of(Spoken((item,), sounds, notes), ChatRole.ASSISTANT)
            self._messages[item.id] = whole
            stream = self.streams.pop(item.id, None)
            if stream is not None:
                stream.end(alone, response if len(spoken) == 1 else None)
            elif alone.tool_calls:
                self._put(DummyStream(alone))
        entry.message = whole if whole.content is not None or whole.tool_calls or mcp_notes(items) else None
        entry.is_due, entry.response = True, response
        self.due.set()
        if call and whole.tool_calls:
            self._called(whole)

    def _speech(self, _: Any, state: RealtimeState) -> None:
        if interrupts_by_itself(state):
            self._silence()

    # --- what changes later ---------------------------------------------------------------------------------------

    def _cut(self, event: s.ConversationItemTruncated, state: RealtimeState) -> None:
        message, item = self._messages.get(event.item_id), state.items.get(event.item_id)
        if message is None or item is None:
            return
        for part in message.parts:
            if isinstance(part, AudioPart):
                part.pcm = _heard(part.pcm, event.audio_end_ms)
        self._engine.mirror.tag(message, message.extra[KEY]["item_ids"], **_cut_notes((item,)))

    def _deleted(self, event: s.ConversationItemDeleted, state: RealtimeState) -> None:
        entry = self._entry_of(event.item_id)
        if entry is not None and event.item_id in self.streams:
            self._end_item(event.item_id, state, status="deleted")
            entry.message = None


def _awaits_words(item: Item, state: RealtimeState) -> bool:
    """Whether a message of the user will be written down: it came out of the input buffer, and somebody listens."""
    spoken = [part for part in item.parts if part.type == "input_audio"]
    if not spoken or item.id not in [*state.input_audio.commits]:
        return False
    given = getattr(getattr(state.session, "audio", None), "input", None)
    is_listening = getattr(given, "transcription", None) is not None
    return is_listening and any(not part.final and part.transcript_error is None for part in spoken)


def _heard(pcm: bytes, ms: int | None) -> bytes:
    """What was heard of a sound that was cut at `ms`; all of it for None."""
    return pcm if ms is None else pcm[: PCM16_24K.bytes_in_ms(ms)]


def _cut_notes(items: tuple[Item, ...]) -> dict[str, Any]:
    """Where an item was cut, and what was heard of it: its words stay in the message, but were not all heard."""
    cut = next((item for item in items if item.truncated_ms is not None), None)
    return {} if cut is None else {"audio_end_ms": cut.truncated_ms, "heard_text": cut.heard_text}


Meaning = Callable[[Router, Any, RealtimeState], None]

MEANINGS: Final[Mapping[type[Any], Meaning]] = MappingProxyType(
    {
        s.ConversationItemAdded: Router._item,
        s.ConversationItemCreated: Router._item,
        s.ConversationItemDone: Router._item,
        s.ConversationItemDeleted: Router._deleted,
        s.ConversationItemTruncated: Router._cut,
        s.ConversationItemInputAudioTranscriptionDelta: Router._words,
        s.ConversationItemInputAudioTranscriptionCompleted: Router._written_down,
        s.ConversationItemInputAudioTranscriptionFailed: Router._not_written_down,
        s.InputAudioBufferSpeechStarted: Router._speech,
        s.ResponseOutputItemAdded: Router._item,
        s.ResponseOutputItemDone: Router._item,
        s.ResponseOutputTextDelta: Router._words,
        s.ResponseOutputAudioTranscriptDelta: Router._words,
        s.ResponseOutputAudioDelta: Router._sound,
        s.ResponseDone: Router._response_done,
    }
)
"""Class of event → what it does; every other event does nothing here."""
