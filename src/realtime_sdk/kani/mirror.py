"""What a server's conversation has of Kani's messages: which items stand for which, and bringing the rest there.

A message carries the ids of its items in `extra["realtime"]`, with the session they belong to and a fingerprint of what
it said then. So a copy that was changed, or a file that was loaded into a new session, is seen for what it is.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from kani import ChatMessage, ChatRole

from realtime_sdk.audio.wires import input_wire
from realtime_sdk.errors import ServerError
from realtime_sdk.kani.session import RealtimeSession
from realtime_sdk.kani.translate.items import KEY, fingerprint, items_of

__all__ = ["Context", "Mirror"]

ROOT: Final = "root"
_NOT_MESSAGES: Final = frozenset({"mcp_list_tools", "mcp_approval_request", "mcp_approval_response", "mcp_call"})


@dataclass(frozen=True)
class Context:
    """What a response needs to see exactly a prompt: items to append first, ids to name (None: the conversation)."""

    append: tuple[Any, ...] = ()
    references: tuple[str, ...] | None = None


class Mirror:
    """The items of one session's conversation, as messages know them."""

    def __init__(self, session: RealtimeSession) -> None:
        self._session = session
        self._numbers = count(1)
        self.own: Final = set[str]()
        """Ids of the items that were put there from here."""

    def new_id(self) -> str:
        """An id for a new item."""
        item_id = f"kani_{next(self._numbers)}"
        self.own.add(item_id)
        return item_id

    def tag(self, message: ChatMessage, item_ids: Iterable[str], **notes: Any) -> None:
        """Note on a message that these items stand for it now."""
        known = {**message.extra.get(KEY, {}), **notes}
        mark = {"session": self._session.session_id, "item_ids": [*item_ids], "fingerprint": fingerprint(message)}
        message.extra = {**message.extra, KEY: {**known, **mark}}

    def known(self, message: ChatMessage) -> tuple[str, ...] | None:
        """The ids of the items that stand for a message, none for one that says nothing; None if the server does not
        have it like this."""
        mark = message.extra.get(KEY, {})
        if mark.get("session") != self._session.session_id or mark.get("fingerprint") != fingerprint(message):
            return None
        item_ids = tuple(mark.get("item_ids", ()))
        there = self._session.conversation_items
        return item_ids if all(item_id in there for item_id in item_ids) else None

    def places(self) -> Callable[[ChatMessage], int | None]:
        """Where in the conversation a message stands now: asked for many, as it is when this is called."""
        order = {item_id: place for place, item_id in enumerate(self._session.conversation_items)}
        session_id = self._session.session_id

        def place(message: ChatMessage) -> int | None:
            mark = message.extra.get(KEY, {})
            here = mark.get("item_ids", ()) if mark.get("session") == session_id else ()
            return min((order[item_id] for item_id in here if item_id in order), default=None)

        return place

    async def context(self, messages: Sequence[ChatMessage], *, sync: str = "references") -> Context:
        """What makes the next response see exactly these messages. Appending alone, wherever that is enough.

        Else what is missing is put in its place now, and `references` names all; or, with `sync="delete"`, the
        conversation itself is made equal.
        """
        known = [self.known(message) for message in messages]
        first_new = next((n for n, ids in enumerate(known) if ids is None), len(messages))
        before = self._of_messages(item_id for ids in known[:first_new] for item_id in ids or ())
        if before == self._order() and not any(known[first_new:]):
            return Context(tuple(item for message in messages[first_new:] for item in self._made(message)))
        if sync == "delete":
            await self.make_equal(messages)
            return Context()
        await self.upload(messages)
        return Context(references=tuple(item_id for message in messages for item_id in self.known(message) or ()))

    async def upload(self, messages: Sequence[ChatMessage]) -> None:
        """Put each message that the server lacks after the one before it. ServerError says which it refused."""
        previous = ROOT
        for number, message in enumerate(messages):
            item_ids = self.known(message)
            if item_ids is None:
                try:
                    item_ids = await self._put(message, previous)
                except ServerError as refused:
                    said = f"message {number} ({message.role.value}) was refused: {refused}"
                    raise ServerError(said, code=refused.code, type=refused.type, event=refused.event) from refused
            previous = item_ids[-1] if item_ids else previous

    async def give_outputs(self, messages: Sequence[ChatMessage]) -> None:
        """Append the outputs of functions that were never given to anybody, and whose calls the server has."""
        calls = {item.call_id for item in self._session.conversation_items.values()}
        for message in messages:
            if message.role is ChatRole.FUNCTION and KEY not in message.extra and message.tool_call_id in calls:
                await self._put(message, None)

    async def make_equal(self, messages: Sequence[ChatMessage]) -> None:
        """Make the conversation hold these messages and nothing else, in this order: for responses that we do not ask
        for. Sound of the assistant that stood elsewhere becomes text."""
        order = {item_id: place for place, item_id in enumerate(self._order())}
        kept: set[str] = set()
        reached = -1
        for item_ids in filter(None, map(self.known, messages)):
            places = [order[item_id] for item_id in item_ids if item_id in order]
            if places and places == sorted(places) and places[0] > reached:
                kept.update(item_ids)
                reached = places[-1]
        for item_id in order:
            if item_id not in kept:
                await self._session.live.delete(item_id)
        await self.upload(messages)

    async def _put(self, message: ChatMessage, previous: str | None) -> tuple[str, ...]:
        items = self._made(message)
        for item in items:
            await self._session.live.add_item(item, previous_item_id=previous)
            previous = item.id
        return tuple(item.id for item in items)

    def _made(self, message: ChatMessage) -> tuple[Any, ...]:
        """The items that say a message, which is marked with them."""
        session = self._session
        wire, pictures = input_wire(session.state), not session.is_beta
        items = items_of(message, new_id=self.new_id, wire=wire, pictures=pictures)
        self.tag(message, (item.id for item in items))
        return items

    def _order(self) -> list[str]:
        """The conversation without what no message stands for."""
        return self._of_messages(self._session.conversation_items)

    def _of_messages(self, item_ids: Iterable[str]) -> list[str]:
        items = self._session.conversation_items
        return [item_id for item_id in item_ids if items[item_id].type not in _NOT_MESSAGES]
