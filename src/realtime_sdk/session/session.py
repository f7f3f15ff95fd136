"""The living session: one log, one state, whoever listens, and the verbs. It owns every task it starts.

In: frame → record → events → state → subscribers, without an await between. Out: event → record → frame, under one
gate. What is decided is decided by the core and the tables; here it is put together.
"""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar, Unpack, overload

import anyio
from anyio.abc import TaskGroup

from realtime_sdk.dialects import Dialect
from realtime_sdk.errors import ConnectionClosed
from realtime_sdk.fold import Update
from realtime_sdk.log import EventLog
from realtime_sdk.protocol import client_events as c, models, server_events as s
from realtime_sdk.protocol.codec import Event
from realtime_sdk.session.asking import Asking
from realtime_sdk.session.content import user_message
from realtime_sdk.session.core import SessionCore
from realtime_sdk.session.endings import Ending
from realtime_sdk.session.ids import Ids
from realtime_sdk.session.lines import OpenTransport, open_line
from realtime_sdk.session.outbound import Outbound
from realtime_sdk.session.reply import Reply
from realtime_sdk.session.requests import TAG, Outstanding, Ticket
from realtime_sdk.session.response_queue import Held, ResponseQueue, is_out_of_band
from realtime_sdk.session.server_errors import level_of, server_error
from realtime_sdk.session.settings import ResponseSettings, response_params
from realtime_sdk.session.subscribers import DEFAULT_LIMIT, Feed, Subscriber
from realtime_sdk.session.verbs import TIMEOUT_S, Verbs, item_create
from realtime_sdk.session.waiting import limited
from realtime_sdk.session.wire import Wire
from realtime_sdk.state import RealtimeState
from realtime_sdk.transport import Endpoint

__all__ = ["RealtimeSession"]

E = TypeVar("E")

_SLICE_BYTES: Final = 1 << 18


class RealtimeSession(Verbs):
    """A session with a server. Made by `rt.connect`; it ends with that block.

    All methods are for tasks of the event loop that it was opened in. Any number may send, wait and listen at once.
    """

    def __init__(
        self,
        dialect: Dialect,
        log: EventLog,
        group: TaskGroup,
        *,
        state: RealtimeState | None = None,
        now_ns: Callable[[], int],
        ids: Ids,
        outbound_limit: int | None = None,
    ) -> None:
        self._ids = ids
        self._group = group
        self._feed = Feed()
        self._outstanding = Outstanding()
        self._outbound = Outbound(limit_bytes=outbound_limit)
        self._core = SessionCore(dialect, log, state=state, tell=self._told)
        self._wire = Wire(self._core, group, outbound=self._outbound, now_ns=now_ns, ended=self._ended)
        self._asking = Asking(ResponseQueue(self._outstanding), self._core, self._wire)
        self._over = anyio.Event()
        self._ending: Ending | None = None
        group.start_soon(self._asking.run, name="asking for responses")

    def __repr__(self) -> str:
        is_open = "open" if self.is_open else "closed"
        return f"<RealtimeSession {is_open}, {self._core.dialect.name}, {self.state!r}>"

    # --- what is known ------------------------------------------------------------------------------------------

    @property
    def state(self) -> RealtimeState:
        """What is true now. A value: it does not change under your hands."""
        return self._core.state

    @property
    def log(self) -> EventLog:
        """Everything that was said, so far."""
        return self._core.log

    @property
    def dialect(self) -> Dialect:
        """What is spoken on the wire."""
        return self._core.dialect

    @property
    def is_open(self) -> bool:
        """Whether there is a connection."""
        return self._wire.line is not None

    # --- listening ----------------------------------------------------------------------------------------------

    def updates(self, *, limit: int | None = DEFAULT_LIMIT) -> Subscriber:
        """Every record from now on, as it happens, with the state before and after it.

        Ends when the session was closed by us, or by the server as planned (1000). Raises ConnectionExpired,
        ConnectionLost or ConnectionClosed for other ends, SubscriberTooSlow after falling `limit` updates behind.
        """
        return self._feed.subscribe(limit=limit)

    @overload
    def events(self, *, limit: int | None = DEFAULT_LIMIT) -> AsyncIterator[Any]: ...
    @overload
    def events(self, *classes: type[E], limit: int | None = DEFAULT_LIMIT) -> AsyncIterator[E]: ...
    def events(self, *classes: type[Any], limit: int | None = DEFAULT_LIMIT) -> AsyncIterator[Any]:
        """The events of these classes from now on (all, without any): server, client and local events in GA's words.

        Ends and raises as `updates` does.
        """
        return _Events(self.updates(limit=limit), classes)

    async def until(
        self, predicate: Callable[[RealtimeState], object], *, timeout: float | None = None
    ) -> RealtimeState:
        """Wait until `predicate` is true of the state, and return that state; at once if it is true already.

        It is asked after every record, so that nothing is missed, however short. Raises RequestTimeout, the
        ConnectionClosed family if the session ends before.
        """
        updates = self.updates(limit=None)
        if predicate(self.state):
            return self.state
        with limited(timeout, "until(…)"):
            async for update in updates:
                if predicate(update.after):
                    return update.after
        raise ConnectionClosed("the session ended before the condition was true")

    # --- saying -------------------------------------------------------------------------------------------------

    async def send(self, event: Event) -> None:
        """Send an event as it is, and wait for no answer; what the server says to it comes as updates.

        A `response.create` for the default conversation waits for its turn if a response is running; this call does
        not wait for it. Raises LocalProtocolError, OutboundFull, the ConnectionClosed family.
        """
        if isinstance(event, c.ResponseCreate) and not is_out_of_band(event):
            await self._asking.put(Held(self._identified(event)))
        else:
            await self._wire.send(self._core.write(event))

    async def request(self, event: Event, *, timeout: float | None = TIMEOUT_S) -> Update:
        """Send an event and wait for its own answer: the update that holds it.

        Raises ServerError if the server refuses this event, LocalProtocolError for one that is never answered,
        RequestTimeout, the ConnectionClosed family.
        """
        event = self._identified(event)
        if isinstance(event, c.ResponseCreate):
            return await self._request_response(event, timeout=timeout)
        answered = anyio.Event()
        ticket = self._outstanding.expect(event, lambda _: answered.set())
        try:
            with limited(timeout, ticket.question.type):
                await self._wire.send(self._core.write(event))
                await answered.wait()
        finally:
            self._outstanding.forget(ticket)
        return _result(ticket.answer, ticket.failure)

    def respond(
        self,
        text: str | None = None,
        *,
        audio: bytes | None = None,
        image: str | bytes | Sequence[str | bytes] | None = None,
        items: Iterable[Any] = (),
        out_of_band: bool = False,
        timeout: float | None = None,
        **settings: Unpack[ResponseSettings],
    ) -> Reply:
        """Say something and have it answered: text, audio (in the input format), pictures, items; or nothing new.

        Returns a Reply: await it for the Answer, iterate over it for the deltas. While another response runs it
        waits for its turn. `out_of_band` keeps question and answer out of the conversation, and waits for no turn.
        """
        message = user_message(text, audio=audio, image=image)
        said = [*items] if message is None else [*items, message]
        tag = self._ids.tag()
        params: dict[str, Any] = {**settings, "metadata": {**settings.get("metadata", {}), "realtime_sdk": tag}}
        if out_of_band and said:
            params["input"], said = [*settings.get("input", ()), *said], []
        response = response_params(params)
        if out_of_band:
            response = response.model_copy(update={"conversation": "none"})

        async def ask(reply: Reply) -> None:
            for item in said:
                await self._send_item(item, reply.fail)
            event = c.ResponseCreate(event_id=self._ids.event(), response=response)
            held = Held(event, failed=reply.fail)
            reply.withdraw = lambda: self._asking.queue.withdraw(held)
            await self._asking.put(held)

        return Reply(ask, lambda: self.updates(limit=None), tag, timeout)

    async def ask(self) -> None:
        """Have the assistant answer what stands in the conversation, when it is idle; does not wait for the answer.

        Asked several times before it goes out, it goes out once.
        """
        await self._asking.put(Held(c.ResponseCreate(event_id=self._ids.event()), joinable=True))

    async def append_audio(self, sound: bytes | Iterable[bytes] | AsyncIterable[bytes]) -> None:
        """Append the user's audio, in the session's input format, cut anywhere; iterables until they end.

        The server does not answer to it. Waits while too much is on its way. Raises OutboundFull, the
        ConnectionClosed family.
        """
        if isinstance(sound, bytes | bytearray | memoryview):
            for start in range(0, len(sound), _SLICE_BYTES):
                await self._wire.append(bytes(sound[start : start + _SLICE_BYTES]))
        elif isinstance(sound, AsyncIterable):
            async for piece in sound:
                await self.append_audio(piece)
        else:
            for piece in sound:
                await self.append_audio(piece)

    async def attach(self, opening: OpenTransport, endpoint: Endpoint) -> None:
        """Open the connection and read from it. `connect` calls this; raises what `opening` raises."""
        self._wire.open(await open_line(self._group, opening, endpoint))

    async def aclose(self) -> None:
        """Close the connection with 1000. Iterations end. Done by the end of `connect`'s block too."""
        await self._wire.close()

    # --- inside -------------------------------------------------------------------------------------------------

    def _told(self, update: Update) -> None:
        self._feed.publish(update)
        self._outstanding.observe(update)
        self._asking.observe(update)
        if update.record.sender == "server" and isinstance(update.event, s.ErrorEvent):
            self._end_if_fatal(update.event)

    def _end_if_fatal(self, event: s.ErrorEvent) -> None:
        if level_of(event.error.code) == "account":
            self._group.start_soon(self._close_for, server_error(event))

    async def _close_for(self, error: Exception) -> None:
        await self._wire.close(fatal=error)

    def _ended(self, ending: Ending) -> None:
        self._ending = ending
        error = ending.error or ConnectionClosed("the session is closed", code=ending.record.code)
        self._outbound.close(error)
        self._outstanding.fail_all(error)
        self._asking.queue.fail_all(error)
        self._feed.close(ending.error)
        self._over.set()

    def _identified(self, event: Any) -> Any:
        """The event with an `event_id`, by which an error names it."""
        if getattr(event, "event_id", None) is None and hasattr(event, "event_id"):
            return event.model_copy(update={"event_id": self._ids.event()})
        return event

    async def _send_item(self, item: Any, failed: Callable[[Exception], object]) -> None:
        create = item_create(item, item.id or self._ids.item(), event_id=self._ids.event())

        def settled(ticket: Ticket) -> None:
            if ticket.failure is not None:
                failed(ticket.failure)

        self._outstanding.expect(create, settled)
        await self._wire.send(self._core.write(create))

    async def _request_response(self, event: c.ResponseCreate, *, timeout: float | None) -> Update:
        params = event.response or models.ResponseCreateParams()
        marked = params.model_copy(update={"metadata": {TAG: self._ids.tag(), **(params.metadata or {})}})
        event = event.model_copy(update={"response": marked})
        answered = anyio.Event()
        outcome: list[Update | Exception] = []

        def settle(found: Update | Exception) -> None:
            outcome.append(found)
            answered.set()

        held = Held(event, failed=settle, answered=settle)
        try:
            with limited(timeout, event.type):
                await self._asking.put(held)
                await answered.wait()
        except BaseException:
            self._asking.queue.withdraw(held)
            raise
        (found,) = outcome
        return _result(None, found) if isinstance(found, Exception) else found


class _Events:
    """The events of some classes, out of updates."""

    def __init__(self, updates: Subscriber, classes: tuple[type[Any], ...]) -> None:
        self._updates = updates
        self._classes = classes
        self._found: Iterator[Any] = iter(())

    def __aiter__(self) -> "_Events":
        return self

    async def __anext__(self) -> Any:
        while True:
            for event in self._found:
                return event
            update = await anext(self._updates)
            self._found = (e for e in update.events if not self._classes or isinstance(e, self._classes))


def _result(answer: Update | None, failure: Exception | None) -> Update:
    if failure is not None:
        raise failure
    assert answer is not None
    return answer
