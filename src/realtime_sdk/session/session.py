"""The living session: one log, one state, whoever listens, and the verbs. It owns every task it starts.

In: frame → record → events → state → subscribers, without an await between. Out: event → record → frame, under one
gate. What is decided is decided by the core and the tables; here it is put together.
"""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Any, Final, TypeVar, overload
from weakref import WeakValueDictionary

import anyio
from anyio.abc import TaskGroup

from realtime_sdk.dialects import Dialect
from realtime_sdk.errors import ConnectionClosed, ConnectionExpired, ConnectionLost, LocalProtocolError
from realtime_sdk.fold import Update
from realtime_sdk.log import EventLog
from realtime_sdk.protocol import client_events as c, models
from realtime_sdk.protocol.codec import Event
from realtime_sdk.protocol.wire import LocalEventBase
from realtime_sdk.session.asking import Asking
from realtime_sdk.session.choices import Choices
from realtime_sdk.session.content import as_event
from realtime_sdk.session.continuity import Continuity, KeptSettings
from realtime_sdk.session.core import SessionCore, sound_of
from realtime_sdk.session.endings import Ending
from realtime_sdk.session.engine import Engine
from realtime_sdk.session.hearing import Hearing
from realtime_sdk.session.ids import Ids
from realtime_sdk.session.keeper import Keeper
from realtime_sdk.session.lines import Line, OpenTransport, open_line
from realtime_sdk.session.outbound import Outbound
from realtime_sdk.session.requests import TAG, Outstanding, Ticket
from realtime_sdk.session.response_queue import Held, ResponseQueue, is_out_of_band
from realtime_sdk.session.retelling import carry_over, note_epoch, seed
from realtime_sdk.session.speaking import Speaking
from realtime_sdk.session.subscribers import DEFAULT_LIMIT, Events, Feed, Subscriber, hears_sent_audio
from realtime_sdk.session.tool_calls import ToolCalls
from realtime_sdk.session.tools import Tool
from realtime_sdk.session.verbs import AndAsk
from realtime_sdk.session.waiting import limited
from realtime_sdk.session.wire import Wire
from realtime_sdk.state import RealtimeState
from realtime_sdk.transport import Endpoint
from realtime_sdk.transport.closing import NORMAL

__all__ = ["RealtimeSession"]

E = TypeVar("E")

_SLICE_BYTES: Final = 1 << 18


class RealtimeSession(Speaking, Hearing):
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
        choices: Choices,
        tools: Mapping[str, Tool],
    ) -> None:
        self._ids = ids
        self._answered, self._replies = set(), WeakValueDictionary()
        self._player = choices.player
        self._stop_playback = choices.stop_playback
        self._interrupts = choices.interrupt_on_speech
        self._feed, self._outstanding = Feed(), Outstanding()
        self._outbound = Outbound(limit_bytes=choices.outbound_limit)
        self._core = core = SessionCore(dialect, log, state=state, tell=self._told)
        self._wire = wire = Wire(core, group, outbound=self._outbound, now_ns=now_ns, ended=self._ended)
        self._asking = asking = Asking(ResponseQueue(self._outstanding), core, wire)
        self._engine = Engine(group, ids, self._feed, self._outstanding, self._outbound, core, wire, asking)
        self._calls = ToolCalls(self, dependencies=choices.tool_context, approve=choices.approve)
        self._settings = KeptSettings()
        self._keeper: Keeper | None = None
        self._is_over = False
        self._fatal: Exception | None = None
        group.start_soon(self._asking.run, name="asking for responses")
        self._has_tools(tools)

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

    def updates(self, *, limit: int | None = DEFAULT_LIMIT, sent_audio: bool = True) -> Subscriber:
        """Every record from now on, as it happens, with the state before and after it.

        Without `sent_audio` those of `append_audio` are left out, fifty a second, for which nobody need be woken.
        Ends when the session was closed by us, or by the server as planned (1000). Raises ConnectionExpired,
        ConnectionLost or ConnectionClosed for other ends, SubscriberTooSlow after falling `limit` updates behind.
        """
        return self._feed.subscribe(limit=limit, sent_audio=sent_audio)

    @overload
    def events(self, *, limit: int | None = DEFAULT_LIMIT) -> AsyncIterator[Any]: ...
    @overload
    def events(self, *classes: type[E], limit: int | None = DEFAULT_LIMIT) -> AsyncIterator[E]: ...
    def events(self, *classes: type[Any], limit: int | None = DEFAULT_LIMIT) -> AsyncIterator[Any]:
        """The events of these classes from now on (all, without any): server, client and local events in GA's words.

        Ends and raises as `updates` does.
        """
        return Events(self.updates(limit=limit, sent_audio=hears_sent_audio(classes)), classes)

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
        raise ConnectionClosed("the session ended before the condition was true", code=NORMAL)

    async def until_ended(self, *, timeout: float | None = None) -> None:
        """Wait until the session has ended for good; at once if it has. Raises as `updates` does, or RequestTimeout."""
        with limited(timeout, "the end of the session"):
            await self._feed.ended()

    # --- saying -------------------------------------------------------------------------------------------------

    async def send(self, event: Event, *, timeout: float | None = None) -> None:
        """Send an event as it is, and wait for no answer; what the server says to it comes as updates.

        A `response.create` for the default conversation waits for its turn if a response is running; this call does
        not wait for it. It carries no mark but what you give it: a response that voice detection begins in that moment
        is taken for its answer (`ask` and `request` mark theirs). Audio goes the way of `append_audio`. It waits while
        too much is on its way, and between connections. Raises LocalProtocolError, OutboundFull, RequestTimeout, the
        ConnectionClosed family.
        """
        with limited(timeout, "room to send"):
            await self._send(as_event(event))

    async def append_audio(
        self, sound: bytes | Iterable[bytes] | AsyncIterable[bytes], *, timeout: float | None = None
    ) -> None:
        """Append the user's audio, in the session's input format, cut anywhere; iterables until they end.

        The server does not answer to it. Waits while too much is on its way. Between connections it is kept for the
        next one, up to `Continuity.gap_audio_bytes`. Raises LocalProtocolError for what is no bytes, OutboundFull,
        RequestTimeout, the ConnectionClosed family.
        """
        if timeout is None and isinstance(sound, bytes) and len(sound) <= _SLICE_BYTES:
            await self._append(sound)  # as microphones do, fifty times a second
            return
        with limited(timeout, "room to send"):
            await self._append_all(sound)

    async def attach(self, opening: OpenTransport, endpoint: Endpoint) -> None:
        """Open the connection and read from it. `connect` calls this; raises what `opening` raises."""
        self._wire.open(await open_line(self._engine.group, opening, endpoint))

    async def go_on(self, history: RealtimeState | None = None) -> None:
        """Tell the server of the conversation that is in the log, or of another one. `connect` calls this."""
        if history is None:
            lost = await carry_over(self._engine, self._wire.send, settings={})
        else:
            lost = await seed(self._engine, self._wire.send, history)
        if lost and lost != self.state.epochs[-1].lost:
            note_epoch(self._engine, lost=lost)

    def keep_alive(self, policy: Continuity, reopen: Callable[[], Awaitable[Line]]) -> None:
        """Go on after breaks, and before the longest duration. `connect` calls this."""
        keeper = Keeper(self._engine, policy, self._settings, reopen=reopen, finish=self._finish, ask=self.ask)
        self._keeper = keeper
        if policy.rollover_before_s is not None:
            self._engine.group.start_soon(keeper.watch, name="rolling over")

    async def aclose(self) -> None:
        """Close the connection with 1000. Iterations end. Done by the end of `connect`'s block too."""
        if self._keeper is not None:
            self._keeper.stop()
        await self._wire.close(fatal=self._fatal)
        self._finish(self._fatal)

    # --- inside -------------------------------------------------------------------------------------------------

    def _in_background(self, work: Callable[..., Coroutine[Any, Any, None]], *args: Any, name: str) -> None:
        self._engine.group.start_soon(work, *args, name=name)

    def _ended(self, ending: Ending) -> None:
        if self._keeper is None or not self._keeper.takes(ending):
            self._finish(ending.error)
            return
        error = ending.error or ConnectionClosed()
        self._outstanding.fail_all(error, but_unsent=True)
        self._asking.queue.fail_all(error, but_joinable=True)
        self._keeper.dropped(error)

    def _finish(self, told: Exception | None) -> None:
        if self._is_over:  # the first end counts, for everybody
            return
        self._tell_lost(*self._calls.unanswered(self.state))
        self._is_over = True
        error = told or ConnectionClosed("the session is closed", code=NORMAL)
        self._outbound.close(error)
        self._outstanding.fail_all(error)
        self._asking.queue.fail_all(error)
        self._feed.close(told)
        if self._keeper is not None:
            self._keeper.stop()

    async def _send(self, event: Event) -> None:
        if isinstance(event, c.ResponseCreate) and not is_out_of_band(event):
            await self._asking.put(Held(self._identified(event)))
        elif (sound := sound_of(event)) is not None:
            (frame,) = self._core.write(event)
            await self._append(sound, frame)
        elif getattr(event, "type", None) == "session.update":
            followed = self._identified(event)
            self._outstanding.expect(followed, self._learn)
            await self._wire.send(self._core.write(followed))
        else:
            await self._wire.send(self._core.write(event))

    async def _append_all(self, sound: Any) -> None:
        if isinstance(sound, bytes) and len(sound) <= _SLICE_BYTES:
            await self._append(sound)
        elif isinstance(sound, (bytes, bytearray, memoryview)):
            whole = memoryview(sound).cast("B")  # pyright: ignore[reportUnknownArgumentType]
            for start in range(0, len(whole), _SLICE_BYTES):
                await self._append(bytes(whole[start : start + _SLICE_BYTES]))
        elif isinstance(sound, AsyncIterable):
            async for piece in sound:  # pyright: ignore[reportUnknownVariableType]
                await self._append_all(piece)
        elif isinstance(sound, Iterable) and not isinstance(sound, str):
            for piece in sound:  # pyright: ignore[reportUnknownVariableType]
                await self._append_all(piece)
        else:
            raise LocalProtocolError(f"audio is bytes, and this is {type(sound).__name__}", field="sound")

    async def _append(self, sound: bytes, frame: bytes | None = None) -> None:
        keeper, line = self._keeper, self._wire.line
        if keeper is not None and keeper.holds(sound):
            return
        try:
            await self._wire.append(sound, frame)
        except (ConnectionLost, ConnectionExpired):
            if keeper is None or not await keeper.goes_on_after(line):
                raise
            # else it was recorded as sent, and is sent again with all that this connection did not take

    async def _request(self, event: Any, timeout: float | None, and_ask: AndAsk | None = None) -> Update:
        event = self._identified(event)
        if isinstance(event, c.ResponseCreate):
            return await self._request_response(event, timeout)
        answered = anyio.Event()
        held: Held | None = None

        def settled(ticket: Ticket) -> None:
            self._learn(ticket)
            if held is not None and ticket.failure is not None:
                self._asking.take_back(held)
            answered.set()

        ticket = self._outstanding.expect(event, settled)
        try:
            with limited(timeout, ticket.question.type):
                await self._wire.send(self._core.write(event))
                held = None if and_ask is None else and_ask()
                if held is not None and ticket.failure is None:
                    await self._queue(held)
                await answered.wait()
        finally:
            self._outstanding.forget(ticket)
        return _result(ticket.answer or ticket.failure)

    def _learn(self, ticket: Ticket) -> None:
        if ticket.question.type == "session.update":
            self._settings.settled(ticket)

    def _has_tools(self, tools: Mapping[str, Tool]) -> None:
        self._calls.add(tools)
        if tools and not self._calls.is_running:
            self._calls.begin(self._engine.group)

    async def _queue(self, held: Held) -> None:
        line = self._wire.line
        try:
            await self._asking.put(held)
        except (ConnectionLost, ConnectionExpired):
            if not held.joinable or self._keeper is None or not await self._keeper.goes_on_after(line):
                raise
            # else it is kept, and goes out on the next connection

    async def _standing(self) -> None:
        await self._outbound.enter(0)
        self._outbound.leave()

    def _tell_lost(self, *what: str) -> None:
        if what and not self._is_over:
            note_epoch(self._engine, lost=(*self.state.epochs[-1].lost, *what))

    def _withdraw(self, held: Held) -> None:
        self._asking.queue.withdraw(held)

    def _take_back(self, held: Held) -> None:
        self._asking.take_back(held)

    def _written(self, event: Any) -> tuple[bytes, ...]:
        return self._core.write(event)

    async def _send_followed(
        self, event: Any, frames: tuple[bytes, ...], settled: Callable[[Ticket], object]
    ) -> Ticket:
        ticket = self._outstanding.expect(event, settled)
        try:
            await self._wire.send(frames)
        except BaseException:
            self._outstanding.forget(ticket)
            raise
        return ticket

    def _expect_no_more(self, ticket: Ticket) -> None:
        self._outstanding.drop(ticket)

    def _note(self, event: LocalEventBase) -> Update:
        return self._core.note(event, at_ns=self._wire.now_ns())

    def _identified(self, event: Any) -> Any:
        """The event with an `event_id`, by which an error names it."""
        if getattr(event, "event_id", None) is None and hasattr(event, "event_id"):
            return event.model_copy(update={"event_id": self._ids.event()})
        return event

    async def _request_response(self, event: c.ResponseCreate, timeout: float | None) -> Update:
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
        return _result(outcome[0])


def _result(outcome: Update | Exception | None) -> Update:
    assert outcome is not None
    if isinstance(outcome, Exception):
        raise outcome
    return outcome
