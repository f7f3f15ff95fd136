"""When a response may be asked for: one at a time in the default conversation, the rest in the order of asking. Pure.

The server refuses a second `response.create` while a response runs (DOSSIER §4.3), and voice detection creates
responses too: so a request waits until the conversation is idle, and one that lost that race is made once more.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from realtime_sdk.errors import ConnectionClosed, ServerError
from realtime_sdk.fold import Update
from realtime_sdk.protocol.client_events import ConversationItemCreate, ResponseCreate
from realtime_sdk.protocol.server_events import ResponseCreated, ResponseDone
from realtime_sdk.session.requests import Outstanding, Ticket
from realtime_sdk.session.turns import is_floor_free
from realtime_sdk.state import RealtimeState

__all__ = ["Held", "ResponseQueue", "is_out_of_band"]

BUSY: Final = "conversation_already_has_active_response"
_MOST_TRIES: Final = 2


def _always(_: RealtimeState) -> bool:
    return True


def _never(_: str) -> bool:
    return False


def _nobody(_: object) -> None:
    pass


def is_out_of_band(event: ResponseCreate) -> bool:
    """Whether a response is asked for outside the default conversation, where any number may run."""
    return event.response is not None and event.response.conversation == "none"


@dataclass(eq=False)
class Held:
    """A request for a response that waits for its turn: `answered` when it began, `failed` when refused for good.

    With `joinable` it answers everything that was put into the conversation before it goes out: others who may go out
    too join it then, and those whose items were `said` by then need no other. One that nobody wants any more is not
    sent again. `answers` are the items it is for: a response that the server begins by itself when it has all of them
    answers them too. One that `is_polite` does not go out while the user speaks, or is about to be answered: the server
    would refuse its own answer to them.
    """

    event: ResponseCreate
    joinable: bool = False
    answers: frozenset[str] = frozenset()
    is_ready: Callable[[RealtimeState], bool] = _always
    is_polite: bool = False
    failed: Callable[[Exception], object] = _nobody
    answered: Callable[[Update], object] = _nobody
    tries: int = field(default=0, init=False)
    said: Callable[[str], bool] = field(default=_never, init=False)
    wanted_by: int = field(default=1, init=False)
    joined: "Held | None" = field(default=None, init=False)
    response_id: str | None = field(default=None, init=False)

    @property
    def goes_out(self) -> "Held":
        """The one that is sent for it: itself, or the one it joined."""
        return self if self.joined is None else self.joined.goes_out


class ResponseQueue:
    """The requests that wait, oldest first. Whoever takes one must send it at once, before anything else happens."""

    def __init__(self, outstanding: Outstanding) -> None:
        self._outstanding = outstanding
        self.waiting: deque[Held] = deque()
        self._is_blocked = False
        self._in_flight: Held | None = None
        self._own_id: str | None = None

    def put(self, held: Held) -> None:
        """Queue a request."""
        self.waiting.append(held)

    def leave(self, held: Held) -> None:
        """One of those who wanted it has given up: if it was the last, it is not sent; what was sent stays."""
        held = held.goes_out
        if held in self.waiting:
            held.wanted_by -= 1
            if not held.wanted_by:
                self.waiting.remove(held)

    def withdraw(self, held: Held) -> bool:
        """Nobody wants it any more; whether it was not sent yet, and will not be."""
        held.wanted_by = 0
        is_unsent = held in self.waiting
        if is_unsent:
            self.waiting.remove(held)
        return is_unsent

    def hear(self, event: Any, update: Update) -> None:
        """Learn from an event of the server's that a response has begun or ended."""
        if isinstance(event, ResponseDone):
            self._is_blocked = False
        elif isinstance(event, ResponseCreated):
            self._begun(event.response.id, update)

    def is_due(self, state: RealtimeState) -> bool:
        """Whether one may be sent now."""
        return bool(self.waiting) and self._next(state) is not None

    def take(self, state: RealtimeState) -> Held | None:
        """The one to be sent now, None while there is none."""
        held = self._next(state)
        if held is not None:
            self.waiting.remove(held)
            self._join(held, state)
            held.tries += 1
            held.said = self._said_before(state)
            if not is_out_of_band(held.event):
                self._in_flight = held
            self._outstanding.expect(held.event, lambda ticket: self._settled(held, ticket))
        return held

    def fail_all(self, error: Exception, *, but_joinable: bool = False) -> None:
        """None of them will be sent; with `but_joinable` only those that nobody waits for stay for a new connection."""
        waiting, self.waiting, self._is_blocked = self.waiting, deque(), False
        for held in waiting:
            if but_joinable and held.joinable:
                self.put(held)
            else:
                held.failed(error)

    def _join(self, held: Held, state: RealtimeState) -> None:
        """Let one response answer all who want the same by now."""
        others = [other for other in self.waiting if held.joinable and other.joinable and self._may(other, state)]
        for other in others:
            self.waiting.remove(other)
            held.wanted_by += other.wanted_by
            held.answers = held.answers | other.answers if held.answers and other.answers else frozenset()
            held.is_ready = _both(held.is_ready, other.is_ready)
            held.is_polite = held.is_polite or other.is_polite
            other.joined = held

    def _next(self, state: RealtimeState) -> Held | None:
        is_busy = self._is_busy(state)
        may = (held for held in self.waiting if not is_busy or is_out_of_band(held.event))
        return next((held for held in may if self._may(held, state)), None)

    def _may(self, held: Held, state: RealtimeState) -> bool:
        return held.is_ready(state) and (not held.is_polite or is_floor_free(state))

    def _is_busy(self, state: RealtimeState) -> bool:
        if self._is_blocked or state.active_response_id is not None:
            return True
        return any(not is_out_of_band(event) for event in self._outstanding.asked(ResponseCreate))

    def _begun(self, response_id: str | None, update: Update) -> None:
        if response_id == update.after.active_response_id and response_id != self._own_id:
            self._answered(lambda item_id: _is_taken(item_id, update.before))

    def _answered(self, knows: Callable[[str], bool]) -> None:
        """A response to the conversation has begun: it answers all that waits for one to items that it `knows`."""
        asked = tuple(self.waiting) if self._in_flight is None else (*self.waiting, self._in_flight)
        for held in asked:
            if held.answers and all(map(knows, held.answers)):
                self.withdraw(held)

    def _said_before(self, state: RealtimeState) -> Callable[[str], bool]:
        """Whether an item was put into the conversation before now, taken by the server or on its way."""
        on_their_way = {create.item.id for create in self._outstanding.asked(ConversationItemCreate)}
        return lambda item_id: item_id in on_their_way or _is_taken(item_id, state)

    def _settled(self, held: Held, ticket: Ticket) -> None:
        if held is self._in_flight:
            self._in_flight = None
        refused = ticket.failure
        if refused is not None and not held.wanted_by:
            return
        if isinstance(refused, ServerError) and refused.code == BUSY and held.tries < _MOST_TRIES:
            self.waiting.appendleft(held)
            self._is_blocked = True  # until some response ends: one runs, whether we saw it begin or not
        elif isinstance(refused, ConnectionClosed) and held.joinable:
            self.waiting.appendleft(held)  # a new connection may come; else `fail_all` follows
        elif refused is not None:
            held.failed(refused)
        elif ticket.answer is not None:
            begun = (event for event in ticket.answer.events if isinstance(event, ResponseCreated))
            held.response_id = next((event.response.id for event in begun), None)
            self._own_id = held.response_id
            if held.joinable:
                before, said = ticket.answer.before, held.said
                self._answered(lambda item_id: said(item_id) and _is_taken(item_id, before))
            held.answered(ticket.answer)


def _is_taken(item_id: str, state: RealtimeState) -> bool:
    item = state.items.get(item_id)
    return item is not None and item.in_conversation


def _both(
    one: Callable[[RealtimeState], bool], other: Callable[[RealtimeState], bool]
) -> Callable[[RealtimeState], bool]:
    return lambda state: one(state) and other(state)
