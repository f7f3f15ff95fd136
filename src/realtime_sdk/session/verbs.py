"""What one can do in a session, each verb as one request of the protocol. Thin: no verb knows how frames travel.

A verb returns when the server has done it, and raises ServerError when the server refuses, RequestTimeout when no
answer comes, LocalProtocolError when it cannot be said, the ConnectionClosed family when the connection has ended.
`timeout` is in seconds, None waits without limit.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, TypeAlias, Unpack

from realtime_sdk.errors import LocalProtocolError, ServerError
from realtime_sdk.fold import Update
from realtime_sdk.protocol import client_events as c, models
from realtime_sdk.protocol.codec import Event
from realtime_sdk.protocol.unknown import UnknownItem
from realtime_sdk.protocol.wire import WireModel
from realtime_sdk.session.content import as_event, as_item
from realtime_sdk.session.ids import Ids
from realtime_sdk.session.requests import TAG, Ticket
from realtime_sdk.session.response_queue import Held
from realtime_sdk.session.server_errors import BENIGN
from realtime_sdk.session.settings import SessionSettings, session_update
from realtime_sdk.session.tools import Tool, with_definitions
from realtime_sdk.session.waiting import limited
from realtime_sdk.state import Item, RealtimeState

__all__ = ["TIMEOUT_S", "AndAsk", "Verbs", "item_create"]

AndAsk: TypeAlias = Callable[[], Held | None]
"""Gives the request for a response that follows an item, if any; called when the item was sent."""

TIMEOUT_S: Final = 30.0
"""How long a verb waits for its answer unless it is told otherwise."""


class Verbs(ABC):
    """The verbs that change the conversation, the session and the buffers."""

    _ids: Ids

    @property
    @abstractmethod
    def state(self) -> RealtimeState:
        """What is true now."""

    @abstractmethod
    async def send(self, event: Event, *, timeout: float | None = None) -> None:
        """Send an event, and wait for no answer."""

    @abstractmethod
    async def _request(self, event: Any, timeout: float | None, and_ask: AndAsk | None = None) -> Update:
        """Send an event, ask for a response to it, and wait for the event's own answer."""

    @abstractmethod
    def _written(self, event: Any) -> tuple[bytes, ...]:
        """The frames of an event. Raises LocalProtocolError if the dialect cannot say it."""

    @abstractmethod
    async def _send_followed(
        self, event: Any, frames: tuple[bytes, ...], settled: Callable[[Ticket], object]
    ) -> Ticket:
        """Send the frames of an event, and have `settled` called when it is answered or refused."""

    @abstractmethod
    def _expect_no_more(self, ticket: Ticket) -> None:
        """No answer comes to this, or it has come and could not be told from another."""

    @abstractmethod
    async def _queue(self, held: Held) -> None:
        """Have a response asked for when its turn comes; does not wait for the turn."""

    @abstractmethod
    def _has_tools(self, tools: Mapping[str, Tool]) -> None:
        """These functions answer the model's calls from now on."""

    async def ask(self, *, timeout: float | None = None) -> None:
        """Have the assistant answer what stands in the conversation, when it is idle; does not wait for the answer.

        Asked several times before it goes out, it goes out once.
        """
        with limited(timeout, "room to send"):
            await self._queue(self._joint())

    def _joint(self, *answers: str) -> Held:
        """A request for a response to these items, or to all that stands there."""
        return Held(self._marked(), joinable=True, answers=frozenset(answers))

    def _marked(self, **settings: Any) -> c.ResponseCreate:
        """The event that asks for a response. Its mark tells that one from those that the server begins by itself."""
        params = models.ResponseCreateParams(metadata={TAG: self._ids.tag()}, **settings)
        return c.ResponseCreate(event_id=self._ids.event(), response=params)

    async def request(self, event: Event, *, timeout: float | None = TIMEOUT_S) -> Update:
        """Send an event and wait for its own answer: the update that holds it.

        Raises ServerError if the server refuses this event, LocalProtocolError for one that is never answered,
        RequestTimeout, the ConnectionClosed family.
        """
        return await self._request(as_event(event), timeout)

    # --- the session --------------------------------------------------------------------------------------------

    async def update(self, *, timeout: float | None = TIMEOUT_S, **settings: Unpack[SessionSettings]) -> Any:
        """Change settings; what is not given stays. Returns the effective session as the server has it then.

        Functions among `tools` are run when the model calls them. One bad field refuses the whole update.
        (`session.update` → `session.updated`)
        """
        kind = getattr(self.state.session, "type", None)
        asked, tools = with_definitions(settings)
        update = session_update(asked, kind=kind or "realtime")
        self._has_tools(tools)
        await self.request(update, timeout=timeout)
        return self.state.session

    # --- the conversation ---------------------------------------------------------------------------------------

    async def add_item(
        self,
        item: Any,
        *,
        previous_item_id: str | None = None,
        reply: bool = False,
        timeout: float | None = TIMEOUT_S,
    ) -> Item:
        """Put an item into the conversation and return it as the state has it.

        `item` is a model (`models.UserMessage`, …), a dictionary, or the text of a message of the user. It goes to the
        end, after `previous_item_id`, or to the head (`"root"`). With `reply` the assistant answers it, as soon as it
        is idle; several such items in a row get one answer, which may be one that the server begins by itself. Of the
        assistant text is taken, no sound: LocalProtocolError.
        (`conversation.item.create` → `conversation.item.added`)
        """
        given = as_item(item)
        item_id: str = getattr(given, "id", None) or self._ids.item()
        create = item_create(given, item_id, previous_item_id)
        update = await self._request(create, timeout, partial(self._joint, item_id) if reply else None)
        return update.after.items[item_id]

    async def delete(self, item_id: str, *, timeout: float | None = TIMEOUT_S) -> None:
        """Take an item out of the conversation. (`conversation.item.delete` → `conversation.item.deleted`)"""
        await self.request(c.ConversationItemDelete(item_id=item_id), timeout=timeout)

    async def retrieve(self, item_id: str, *, timeout: float | None = TIMEOUT_S) -> Any:
        """The item as the server has it, with its audio as base64. (`conversation.item.retrieve` → `…retrieved`)"""
        update = await self.request(c.ConversationItemRetrieve(item_id=item_id), timeout=timeout)
        return update.event.item

    async def truncate(
        self, item_id: str, audio_end_ms: int, *, content_index: int = 0, timeout: float | None = TIMEOUT_S
    ) -> None:
        """Cut the audio of an assistant's message at `audio_end_ms`; its text is cut with it in the server's memory.

        Refused beyond the audio's end. (`conversation.item.truncate` → `conversation.item.truncated`)
        """
        truncate = c.ConversationItemTruncate(item_id=item_id, content_index=content_index, audio_end_ms=audio_end_ms)
        await self.request(truncate, timeout=timeout)

    # --- the buffers --------------------------------------------------------------------------------------------

    async def commit(self, *, timeout: float | None = TIMEOUT_S) -> str | None:
        """Make the appended audio an item of the user, and return its id; the item itself comes right after.

        Without voice detection this ends the user's turn; it does not ask for an answer. None where voice detection
        had committed it before. (`input_audio_buffer.commit` → `input_audio_buffer.committed`)
        """
        try:
            if _detects_turns(self.state):
                return await self._commit_beside_detection(timeout)
            return str((await self.request(c.InputAudioBufferCommit(), timeout=timeout)).event.item_id)
        except ServerError as refused:
            if refused.code in BENIGN and _detects_turns(self.state):
                return None
            raise

    async def _commit_beside_detection(self, timeout: float | None) -> str | None:
        """A commit that cuts speech short looks like one of voice detection: what follows tells which it was."""
        commit = c.InputAudioBufferCommit(event_id=self._ids.event())
        known = len(self.state.input_audio.commits)
        with limited(timeout, commit.type):
            ticket = await self._send_followed(commit, self._written(commit), lambda _: None)
            try:
                await self.update(timeout=None)  # its answer comes after all that the commit brought about
            finally:
                self._expect_no_more(ticket)
        if ticket.failure is not None:
            raise ticket.failure
        if ticket.answer is not None:
            return str(ticket.answer.event.item_id)
        found = tuple(self.state.input_audio.commits)[known:]
        return found[-1] if found else None

    async def clear(self, *, timeout: float | None = TIMEOUT_S) -> None:
        """Forget the appended audio. (`input_audio_buffer.clear` → `input_audio_buffer.cleared`)"""
        await self.request(c.InputAudioBufferClear(), timeout=timeout)

    async def cancel(self, response_id: str | None = None, *, timeout: float | None = TIMEOUT_S) -> bool:
        """End a response, without an id the active one; returns when it has ended, False if there was none to end.

        (`response.cancel` → `response.done`)
        """
        response_id = response_id or self.state.active_response_id
        cancel = c.ResponseCancel() if response_id is None else c.ResponseCancel(response_id=response_id)
        try:
            await self.request(cancel, timeout=timeout)
        except ServerError as refused:
            if refused.code in BENIGN:
                return False
            raise
        return True


def item_create(item: Any, item_id: str, previous_item_id: str | None = None, *, event_id: str | None = None) -> Any:
    """The event that puts an item into the conversation, under an id of our own.

    Raises LocalProtocolError for sound of the assistant's, of which servers take the text only.
    """
    kinds = (getattr(part, "type", None) for part in getattr(item, "content", None) or ())
    if getattr(item, "role", None) == "assistant" and any(kind in ("audio", "output_audio") for kind in kinds):
        raise LocalProtocolError("the assistant's words can be put into a conversation as text only", field="item")
    if getattr(item, "id", None) != item_id:
        known = isinstance(item, WireModel)
        item = item.model_copy(update={"id": item_id}) if known else UnknownItem({**item.raw, "id": item_id})
    given: dict[str, Any] = {"previous_item_id": previous_item_id, "event_id": event_id}
    return c.ConversationItemCreate(item=item, **{name: value for name, value in given.items() if value is not None})


def _detects_turns(state: RealtimeState) -> bool:
    given = getattr(getattr(state.session, "audio", None), "input", None)
    return getattr(given, "turn_detection", None) is not None
