"""Which answer of the server belongs to which event of ours. Pure: looks at updates, waits for nothing.

An error names the `event_id` that caused it, most answers name an item, the rest come in the order of the questions.
So every event that is answered is counted here, also those that nobody waits for.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from realtime_sdk.errors import LocalProtocolError
from realtime_sdk.fold import Update
from realtime_sdk.protocol import client_events as c, registries, server_events as s
from realtime_sdk.session.server_errors import BLAME, LEVELS, server_error

__all__ = ["ANSWERS", "QUESTIONS", "TAG", "Outstanding", "Ticket", "tag_of"]

TAG: Final = "realtime_sdk"
"""The key of `metadata` under which a response carries the mark of the request that asked for it."""

_MOST_UNANSWERED: Final = 256


class Ticket:
    """A question that was asked, or is about to be. `settled` is called once, when `answer` or `failure` is there."""

    __slots__ = ("answer", "event_id", "failure", "question", "settled")

    def __init__(self, question: Any, event_id: str | None, settled: Callable[["Ticket"], object]) -> None:
        self.question = question
        self.event_id = event_id
        self.settled = settled
        self.answer: Update | None = None
        self.failure: Exception | None = None

    def settle(self, *, answer: Update | None = None, failure: Exception | None = None) -> None:
        """The answer, or why there is none."""
        self.answer, self.failure = answer, failure
        self.settled(self)


class Rule(NamedTuple):
    """How an event is answered: by which event, and how one tells that it is the answer to this one."""

    by: type[Any]
    belongs: Callable[[Any, Any, Update], bool]
    words: str


def _in_order(_question: Any, _answer: Any, _update: Update) -> bool:
    return True


def _same_new_item(question: Any, answer: Any, _update: Update) -> bool:
    asked, given = getattr(question.item, "id", None), getattr(answer.item, "id", None)
    if asked is not None:
        return bool(asked == given)
    return type(question.item) is type(answer.item)


def _same_item(question: Any, answer: Any, _update: Update) -> bool:
    return answer.item_id in (question.item_id, "")  # xAI leaves the id empty


def _same_retrieved(question: Any, answer: Any, _update: Update) -> bool:
    return bool(getattr(answer.item, "id", None) == question.item_id)


def _same_part(question: Any, answer: Any, _update: Update) -> bool:
    return (answer.item_id, answer.content_index) == (question.item_id, question.content_index)


def _committed_by_itself(committed: Any, update: Update) -> bool:
    """Whether the server seems to have committed of its own accord: it says before which item that will be."""
    audio = update.before.input_audio
    by_itself = [stretch for stretch in (audio.speech, *audio.timeouts[-1:]) if stretch and stretch.end_ms is not None]
    return any(stretch.item_id == committed.item_id for stretch in by_itself)


def _own_commit(_question: Any, answer: Any, update: Update) -> bool:
    return not _committed_by_itself(answer, update)


def tag_of(metadata: Mapping[str, str] | None) -> str | None:
    """The mark that a response or a request for one carries, None without one."""
    return None if metadata is None else metadata.get(TAG)


def _same_tag(question: Any, answer: Any, _update: Update) -> bool:
    """By the mark; a server that says nothing of metadata (xAI) answers in order."""
    if "metadata" not in answer.response.model_fields_set:
        return True
    params = question.response
    return tag_of(None if params is None else params.metadata) == tag_of(answer.response.metadata)


def _cancelled(question: Any, answer: Any, update: Update) -> bool:
    asked = question.response_id or update.before.active_response_id
    return asked is None or bool(answer.response.id == asked)


_THEIRS: Final = registries.TRANSLATION

QUESTIONS: Final[Mapping[type[Any], Rule]] = MappingProxyType(
    {
        c.SessionUpdate: Rule(s.SessionUpdated, _in_order, "session.updated"),
        c.ConversationItemCreate: Rule(s.ConversationItemAdded, _same_new_item, "conversation.item.added"),
        c.ConversationItemDelete: Rule(s.ConversationItemDeleted, _same_item, "conversation.item.deleted"),
        c.ConversationItemRetrieve: Rule(s.ConversationItemRetrieved, _same_retrieved, "conversation.item.retrieved"),
        c.ConversationItemTruncate: Rule(s.ConversationItemTruncated, _same_part, "conversation.item.truncated"),
        c.InputAudioBufferCommit: Rule(s.InputAudioBufferCommitted, _own_commit, "input_audio_buffer.committed"),
        c.InputAudioBufferClear: Rule(s.InputAudioBufferCleared, _in_order, "input_audio_buffer.cleared"),
        c.OutputAudioBufferClear: Rule(s.OutputAudioBufferCleared, _in_order, "output_audio_buffer.cleared"),
        c.ResponseCreate: Rule(s.ResponseCreated, _same_tag, "response.created"),
        c.ResponseCancel: Rule(s.ResponseDone, _cancelled, "response.done"),
        _THEIRS.client["session.update"]: Rule(_THEIRS.server["session.updated"], _in_order, "session.updated"),
        _THEIRS.client["session.close"]: Rule(_THEIRS.server["session.closed"], _in_order, "session.closed"),
    }
)
"""Class of client event → how the server answers it. What is not in here is never answered."""

ANSWERS: Final[Mapping[type[Any], tuple[type[Any], ...]]] = {
    s.ConversationItemCreated: (c.ConversationItemCreate,),
    **{rule.by: tuple(q for q, r in QUESTIONS.items() if r.by is rule.by) for rule in QUESTIONS.values()},
}
"""Class of server event → the questions that it may answer."""


class Outstanding:
    """The questions that are not answered yet. Give it every event of `QUESTIONS`, `ANSWERS` and errors."""

    def __init__(self) -> None:
        self._asked: dict[type[Any], deque[Ticket]] = {}  # by class, from its first: an empty deque takes 760 bytes
        self._expected: dict[str, Ticket] = {}

    def expect(self, event: Any, settled: Callable[[Ticket], object]) -> Ticket:
        """A ticket for an event with an `event_id`, to be taken before it is sent.

        Raises LocalProtocolError for an event that is never answered.
        """
        if type(event) not in QUESTIONS:
            raise LocalProtocolError(f"{event.type} is never answered: use send()")
        ticket = self._expected[event.event_id] = Ticket(event, event.event_id, settled)
        return ticket

    def forget(self, ticket: Ticket) -> None:
        """Nobody waits for this answer any more. It is still taken for the answer to that question when it comes."""
        if ticket.event_id is not None:
            self._expected.pop(ticket.event_id, None)
        ticket.settled = _nothing

    def drop(self, ticket: Ticket) -> None:
        """No answer is to be taken for the answer to this any more."""
        self._remove(ticket)
        ticket.settled = _nothing

    @property
    def count(self) -> int:
        """How many questions are not answered."""
        return len(self._expected) + sum(map(len, self._asked.values()))

    def asked(self, kind: type[Any]) -> Iterator[Any]:
        """The events of this class that were sent and are neither answered nor refused, oldest first."""
        return (ticket.question for ticket in self._asked.get(kind, ()))

    def hear(self, event: Any, update: Update) -> None:
        """Learn what was asked, answered or refused from an event of `QUESTIONS`, of `ANSWERS`, or an error."""
        if event.__class__ in QUESTIONS:
            self._sent(event)
        elif event.__class__ in ANSWERS:
            self._answered(event, update)
        else:
            self._refused(event)

    def fail_all(self, error: Exception, *, but_unsent: bool = False) -> None:
        """No answer comes any more; with `but_unsent` questions that were not sent yet go to the next connection."""
        waiting = [ticket for tickets in self._asked.values() for ticket in tickets]
        for tickets in self._asked.values():
            tickets.clear()
        if not but_unsent:
            waiting += self._expected.values()
            self._expected.clear()
        for ticket in waiting:
            ticket.settle(failure=error)

    def _sent(self, event: Any) -> None:
        event_id: str | None = getattr(event, "event_id", None)
        ticket = self._expected.pop(event_id, None) if event_id is not None else None
        ticket = ticket or Ticket(event, event_id, _nothing)
        self._asked.setdefault(event.__class__, deque(maxlen=_MOST_UNANSWERED)).append(ticket)

    def _answered(self, event: Any, update: Update) -> None:
        for kind in ANSWERS[event.__class__]:
            for ticket in self._asked.get(kind, ()):
                if QUESTIONS[kind].belongs(ticket.question, event, update):
                    self._asked[kind].remove(ticket)
                    ticket.settle(answer=update)
                    break

    def _refused(self, event: Any) -> None:
        ticket = self._blamed(event)
        if ticket is not None:
            self._remove(ticket)
            ticket.settle(failure=server_error(event))

    def _remove(self, ticket: Ticket) -> None:
        self._expected.pop(ticket.event_id or "", None)
        asked = self._asked.get(ticket.question.__class__)
        if asked is not None and ticket in asked:
            asked.remove(ticket)

    def _blamed(self, event: Any) -> Ticket | None:
        """The question that an error refuses: the one it names; else the only one that it can mean."""
        named = event.error.event_id
        everything = [ticket for tickets in self._asked.values() for ticket in tickets]
        if named is not None:
            unread = self._expected.get(named)  # sent in words that its dialect does not know
            return next((ticket for ticket in everything if ticket.event_id == named), unread)
        code = event.error.code or ""
        if LEVELS.get(code) in ("session", "account"):
            return None
        if code in BLAME:
            return next(iter(self._asked.get(BLAME[code], ())), None)
        return everything[0] if len(everything) == 1 else None


def _nothing(_: Ticket) -> None:
    pass
