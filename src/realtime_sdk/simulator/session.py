"""One client's session with the simulator: a brain, a clock and a transport, and the tasks that keep them going.

Only here time passes and replies are made. Every task lives in the group of `run`, which ends with the connection; a
reply that fails ends its response, and is kept in `failures`.
"""

import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from inspect import isawaitable
from typing import Any

import anyio
from anyio.abc import TaskGroup

from realtime_sdk.audio.pacing import Clock
from realtime_sdk.dialects import Dialect
from realtime_sdk.errors import ConnectionClosed, RemoteProtocolError
from realtime_sdk.log import EventLog
from realtime_sdk.protocol.codec import encode
from realtime_sdk.protocol.local import ConnectionOpened
from realtime_sdk.simulator import brain
from realtime_sdk.simulator.brain import (
    Answered,
    Fault,
    Happening,
    Heard,
    Step,
    TimePasses,
    Turn,
    Unheard,
    Utterance,
    Words,
)
from realtime_sdk.simulator.ear import neutral_words
from realtime_sdk.simulator.espeak import espeak
from realtime_sdk.simulator.faults import Passing, Side, Trouble, Wire, WireFault, let_pass, with_trouble
from realtime_sdk.simulator.reply import Fail, Reply, ReplyStep, Say, as_reply
from realtime_sdk.simulator.scenario import Run
from realtime_sdk.transport.base import Transport

__all__ = ["Part", "SimulatedSession"]

_logger = logging.getLogger(__name__)
_QUIET_S = 0.05
"""After so long without a frame, one that was held back to change places goes by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a session is given to play its part with."""

    reply: Callable[[Turn], object]
    ears: tuple[Callable[[Utterance], object], ...]
    """Asked one after the other; the first that knows an utterance's words is believed."""
    spoken: bool = False
    """Whether espeak-ng speaks in place of the tones."""
    dialect: Dialect
    settings: brain.Settings
    clock: Clock
    refusal: Fault | None = None
    """Why the client is turned away, None if it is not."""
    faults: tuple[Trouble, ...] = ()
    """What goes wrong: a `Fault` as soon as the session has begun, a `WireFault` whenever a frame fits it."""


class SimulatedSession:
    """A session of the simulator, as a test sees it: `log` holds every frame both ways, `server` the brain."""

    def __init__(self, part: Part, *, log: EventLog, run: Run | None = None) -> None:
        self._part = part
        self._run = run
        self._started = part.clock.now()
        rules = [fault for fault in part.faults if isinstance(fault, WireFault)]
        self._wire = with_trouble(Wire(part.settings.seed), *rules)
        self._cut = False
        self._outbox: deque[tuple[float, Passing]] = deque()
        self._queued = anyio.Event()
        self._patience: anyio.CancelScope | None = None
        self._is_hurried = False
        self._nap: anyio.CancelScope | None = None
        self._napping_to: int | None = None
        self._answers: dict[str, anyio.CancelScope] = {}
        self._group: TaskGroup | None = None
        self._todo: deque[Happening] = deque()
        self._busy = False
        self.server = brain.opened(part.settings).server
        """What the server knows now."""
        self.log = log
        """Every frame that the client sent and the server said, in the client's dialect; faults included."""
        self.failures: tuple[Exception, ...] = ()
        """What the reply or the ear raised, in order."""
        self.closed = anyio.Event()
        """Set when the session has ended."""

    def __repr__(self) -> str:
        state = "closed" if self.closed.is_set() else "open"
        return f"<SimulatedSession {self.server.config.id} {state}, {len(self.log)} records>"

    @property
    def done(self) -> tuple[str, ...]:
        """The replies of the scenario that this session was given, by title."""
        return () if self._run is None else self._run.done

    def fault(self, fault: Trouble) -> None:
        """Let something go wrong: a `Fault` now, a `WireFault` from now on. Nothing once the session has ended."""
        if isinstance(fault, WireFault):
            self._wire = with_trouble(self._wire, fault)
        elif self._group is not None:
            self._happen(self._now(), fault)
            self._hurry(fault)

    def _hurry(self, fault: Fault) -> None:
        """Who is told to close waits for no delays."""
        if fault.kind == "close":
            self._is_hurried = True
            if self._patience is not None:
                self._patience.cancel()

    def heal(self) -> None:
        """Let no `WireFault` strike any more."""
        self._let_go()
        self._wire = Wire(self._wire.seed)

    async def run(self, transport: Transport) -> None:
        """Serve this connection until it ends, from either side."""
        try:
            async with anyio.create_task_group() as self._group:
                self._open()
                self._group.start_soon(self._read, transport)
                self._group.start_soon(self._write, transport)
                self._group.start_soon(self._keep_time)
        finally:
            self._group = None
            self.closed.set()
            self.log.close()

    def _open(self) -> None:
        dialect = self._part.dialect.name
        self.log.append("local", encode(ConnectionOpened(dialect=dialect)), at_ns=self._now_ns())
        refusal, settings = self._part.refusal, self._part.settings
        self._take(brain.opened(settings) if refusal is None else brain.refused(settings, refusal))
        self._happen(self._now(), *(fault for fault in self._part.faults if isinstance(fault, Fault)))

    # --- the three tasks ------------------------------------------------------------------------------------------

    async def _read(self, transport: Transport) -> None:
        with suppress(ConnectionClosed):
            while True:
                frame = await transport.receive()
                self.log.append("client", frame, at_ns=self._now_ns())
                passing = self._pass(frame, "client")
                await self._wait(self._part.clock.now(), passing)
                read = [happening for one in passing.frames for happening in self._read_frame(one)]
                self._happen(self._now(), *passing.faults, *read)
        self.stop()

    def _read_frame(self, frame: bytes) -> tuple[Happening, ...]:
        try:
            events: Any = self._part.dialect.read(frame, "client")
        except RemoteProtocolError as broken:
            return (brain.Unreadable(str(broken)),)
        return tuple(events)

    async def _write(self, transport: Transport) -> None:
        with suppress(ConnectionClosed):
            while (due := await self._next()) is not None:
                said_s, passing = due
                with anyio.CancelScope() as self._patience:
                    if not self._is_hurried:
                        await self._wait(said_s, passing)
                self._patience = None
                for frame in passing.frames:
                    await transport.send(frame)
            if (closing := self.server.closing) is not None:
                await transport.aclose(closing.code, closing.reason)
        self.stop()

    async def _next(self) -> tuple[float, Passing] | None:
        """What is to be sent next, None once all of it is and the server closes."""
        while True:
            self._queued = anyio.Event()
            if self._outbox:
                return self._outbox.popleft()
            if self.server.closing is not None and self._wire.held is None:
                return None
            with anyio.move_on_after(None if self._wire.held is None else _QUIET_S):
                await self._queued.wait()
                continue
            self._let_go()

    async def _wait(self, said_s: float, passing: Passing) -> None:
        """Let the time pass that a fault takes: a stall from now, a delay from when the frame was said."""
        clock = self._part.clock
        if passing.stall_ms:
            await clock.sleep_until(clock.now() + passing.stall_ms / 1_000)
        if passing.delay_ms and (due_s := said_s + passing.delay_ms / 1_000) > clock.now():
            await clock.sleep_until(due_s)

    async def _keep_time(self) -> None:
        while True:
            self._napping_to = due_ms = brain.next_due_ms(self.server)
            with anyio.CancelScope() as self._nap:
                if due_ms is None:
                    await anyio.sleep_forever()
                else:
                    await self._part.clock.sleep_until(self._started + due_ms / 1_000)
            self._happen(self._now())

    def stop(self) -> None:
        """End the session without a word, as a server that is killed does."""
        if self._group is not None:
            self._group.cancel_scope.cancel()

    # --- what happens ---------------------------------------------------------------------------------------------

    def _now(self) -> TimePasses:
        return TimePasses(self._now_ns() // 1_000_000)

    def _now_ns(self) -> int:
        return round((self._part.clock.now() - self._started) * 1_000_000_000)

    def _happen(self, *happenings: Happening) -> None:
        """Let these things happen, and what comes of them; who calls from inside a reply only adds to the queue."""
        self._todo.extend(happenings)
        if self._busy:
            return
        self._busy = True
        try:
            while self._todo:
                self._take(brain.step(self.server, self._todo.popleft()))
        finally:
            self._busy = False
        for response_id in [one for one in self._answers if not self._is_live(one)]:
            self._answers.pop(response_id).cancel()
        if self._nap is not None and brain.next_due_ms(self.server) != self._napping_to:
            self._nap.cancel()

    def _is_live(self, response_id: str) -> bool:
        return any(live.id == response_id for live in self.server.lives)

    def _take(self, step: Step) -> None:
        """Send what a step says, and see to what it wants: what is known at once is the next thing that happens."""
        self.server = step.server
        for event in step.out:
            for frame in self._part.dialect.write(event, sender="server"):
                self._say(frame)
        for wish in step.wanted:
            known = self._answer(wish) if isinstance(wish, Turn) else self._hear(wish)
            if known is not None:
                self._todo.append(known)
        self._queued.set()

    def _say(self, frame: bytes) -> None:
        """Let a frame go out, with what becomes of it on the wire."""
        if self._cut:
            return
        passing = self._pass(frame, "server")
        self._cut = passing.cut
        self._todo.extend(passing.faults)
        self._send(passing)

    def _pass(self, frame: bytes, sender: Side) -> Passing:
        if not self._wire.rules:
            return Passing((frame,))
        self._wire, passing = let_pass(self._wire, frame, sender=sender)
        return passing

    def _send(self, passing: Passing) -> None:
        for frame in passing.frames:
            self.log.append("server", frame, at_ns=self._now_ns())
        self._outbox.append((self._part.clock.now(), passing))
        self._queued.set()

    def _let_go(self) -> None:
        """Send what was held back."""
        if self._wire.held is not None:
            held, self._wire = self._wire.held, replace(self._wire, held=None)
            self._send(Passing((held,)))

    # --- replies --------------------------------------------------------------------------------------------------

    def _answer(self, turn: Turn) -> Answered | None:
        """The reply to a turn, None if it takes its time: then a task brings it."""
        try:
            given = self._part.reply(turn)
            if isawaitable(given) or self._part.spoken:
                self._start(self._answer_later, turn, given)
                return None
            return Answered(turn.response_id, as_reply(given))
        except Exception as error:
            return Answered(turn.response_id, self._failed(error))

    async def _answer_later(self, turn: Turn, given: object) -> None:
        with anyio.CancelScope() as self._answers[turn.response_id]:
            try:
                reply = as_reply(await given if isawaitable(given) else given)
                reply = await _voiced(reply) if self._part.spoken and turn.modality == "audio" else reply
            except Exception as error:
                reply = self._failed(error)
            self._answers.pop(turn.response_id, None)
            self._happen(self._now(), Answered(turn.response_id, reply))

    def _failed(self, error: Exception) -> Reply:
        """The response that comes of an error in the user's code: it fails, and somebody hears of it."""
        self._remember(error)
        return (Fail(message=f"The reply of the simulation failed: {type(error).__name__}."),)

    def _remember(self, error: Exception) -> None:
        self.failures = (*self.failures, error)
        _logger.warning("the simulation's own code failed", exc_info=error)

    # --- ears -----------------------------------------------------------------------------------------------------

    def _hear(self, utterance: Utterance) -> Heard | None:
        """The words of an utterance, None if an ear takes its time: then a task brings them."""
        for place, ear in enumerate(self._part.ears):
            found = self._asked(ear, utterance)
            if isawaitable(found):
                self._start(self._hear_later, utterance, found, self._part.ears[place + 1 :])
                return None
            if isinstance(found, str | Words | Unheard):
                return Heard(utterance.item_id, found)
        return Heard(utterance.item_id, neutral_words(utterance))

    def _asked(self, ear: Callable[[Utterance], object], utterance: Utterance) -> object:
        try:
            return ear(utterance)
        except Exception as error:
            self._remember(error)
            return Unheard()

    async def _hear_later(
        self, utterance: Utterance, first: Awaitable[object], rest: tuple[Callable[[Utterance], object], ...]
    ) -> None:
        found: object = first
        for ear in (None, *rest):
            try:
                found = found if ear is None else ear(utterance)
                found = await found if isawaitable(found) else found
            except Exception as error:
                self._remember(error)
                found = Unheard()
            if isinstance(found, str | Words | Unheard):
                break
        words = found if isinstance(found, str | Words | Unheard) else neutral_words(utterance)
        self._happen(self._now(), Heard(utterance.item_id, words))

    def _start(self, function: Callable[..., Coroutine[Any, Any, None]], *arguments: object) -> None:
        if self._group is not None:
            self._group.start_soon(function, *arguments)


async def _voiced(reply: Reply) -> Reply:
    """A reply whose messages espeak-ng speaks."""
    voiced: list[ReplyStep] = []
    for step in reply:
        if isinstance(step, Say) and step.sound is None:
            step = replace(step, sound=await espeak(step.text))
        voiced.append(step)
    return tuple(voiced)
