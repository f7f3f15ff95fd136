"""Keeping a session alive across connections: after a break, and before the longest duration is reached.

All of it happens between two states of the log: the end of one connection is recorded, then the beginning of the
next; a session's epochs say what was carried over. Senders wait at the gate meanwhile, audio is kept.
"""

import logging
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from typing import Final, TypeAlias

import anyio

from realtime_sdk.errors import (
    ConnectionClosed,
    ConnectionExpired,
    ConnectionLost,
    HandshakeError,
    RealtimeError,
    RequestTimeout,
)
from realtime_sdk.session.continuity import Continuity, Gap, KeptSettings
from realtime_sdk.session.endings import Ending
from realtime_sdk.session.engine import Engine
from realtime_sdk.session.greeting import greeted
from realtime_sdk.session.lines import Line
from realtime_sdk.session.quiet import is_quiet
from realtime_sdk.session.restoring import is_unanswered
from realtime_sdk.session.retelling import carry_on, carry_over, note_epoch
from realtime_sdk.session.server_errors import level_of
from realtime_sdk.session.unheard import SentAudio, owed
from realtime_sdk.session.waiting import limited
from realtime_sdk.state import RealtimeState

__all__ = ["Keeper"]

_logger: Final = logging.getLogger(__name__)

Reopen: TypeAlias = Callable[[], Awaitable[Line]]


class Keeper:
    """The continuity of one session. `finish` ends the session for good."""

    def __init__(
        self,
        engine: Engine,
        policy: Continuity,
        settings: KeptSettings,
        *,
        reopen: Reopen,
        finish: Callable[[Exception | None], object],
        ask: Callable[[], Awaitable[None]],
    ) -> None:
        self._engine = engine
        self._policy = policy
        self._settings = settings
        self._reopen = reopen
        self._finish = finish
        self._ask = ask
        self._gap = Gap(policy.gap_audio_bytes)
        self._sent = SentAudio(policy.gap_audio_bytes)
        self._opened_at = engine.core.state.sent_audio_bytes
        engine.wire.appended = self._follow
        self._scopes: set[anyio.CancelScope] = set()
        self._spare: Line | None = None
        self._is_resuming = False
        self._is_stopped = False

    # --- what the session asks ----------------------------------------------------------------------------------

    def takes(self, ending: Ending) -> bool:
        """Whether the session goes on after this end of a connection."""
        is_a_break = isinstance(ending.error, ConnectionLost | ConnectionExpired)
        return is_a_break and not ending.is_final and not self._is_stopped

    def dropped(self, error: Exception) -> None:
        """The connection is gone: bring the session back."""
        self._engine.outbound.shut()
        if not self._is_resuming:
            self._is_resuming = True
            self._engine.group.start_soon(self._resume, error, name="reconnecting")

    async def goes_on_after(self, line: Line | None) -> bool:
        """Whether another connection follows this one, which has broken; known when its end is recorded."""
        if line is not None:
            await self._engine.wire.over(line)
        return not self._is_stopped and not self._engine.outbound.is_closed

    def _follow(self, sound: bytes) -> None:
        self._sent.add(sound, total_bytes=self._engine.core.state.sent_audio_bytes)

    def holds(self, sound: bytes) -> bool:
        """Whether there is no connection now, so that this audio was kept for the next one."""
        if self._is_stopped or not self._engine.outbound.is_shut:
            return False
        self._gap.add(sound)
        return True

    def stop(self) -> None:
        """Keep nothing alive any more."""
        self._is_stopped = True
        if self._spare is not None:
            self._spare.release()
        for scope in self._scopes:
            scope.cancel()

    # --- after a break ------------------------------------------------------------------------------------------

    @contextmanager
    def _until_stopped(self) -> Generator[None, None, None]:
        with anyio.CancelScope() as scope:
            self._scopes.add(scope)
            try:
                yield
            finally:
                self._scopes.discard(scope)

    async def _resume(self, error: Exception) -> None:
        with self._until_stopped():
            try:
                is_back = await self._is_back()
            except HandshakeError as refused:
                self._finish(refused)
                return
            finally:
                self._is_resuming = False  # from here on another break is another beginning
            if not is_back:
                self._finish(error)
            elif self._policy.answer_again and is_unanswered(self._engine.core.state):
                with suppress(ConnectionClosed):  # another break, after which it is asked again
                    await self._ask()

    async def _is_back(self) -> bool:
        """Whether one of the attempts succeeded. Raises HandshakeError where none can."""
        for attempt in range(self._policy.attempts):
            if self._spare is None:
                await anyio.sleep(self._policy.delay_s(attempt))
            if await self._tries():
                return True
        return False

    async def _tries(self) -> bool:
        """One attempt. Raises HandshakeError where another attempt would be refused as well."""
        try:
            line, self._spare = self._spare, None
            line = line or await self._opened()
            if self._is_stopped:
                line.release()
                return True
            await self._stand(line)
        except HandshakeError as refused:
            if _is_for_good(refused):
                self._engine.wire.retire("the server refuses the session")
                raise
        except (ConnectionClosed, RequestTimeout, OSError) as failed:
            _logger.debug("an attempt to reconnect failed: %s", type(failed).__name__)
        except Exception as failed:  # of whoever gives keys or opens connections: they may do better next time
            _logger.warning("an attempt to reconnect raised %s", type(failed).__name__)
        else:
            return True
        self._engine.wire.retire("the session could not be restored")
        self._engine.outstanding.fail_all(ConnectionLost("the session could not be restored"), but_unsent=True)
        return False

    async def _opened(self) -> Line:
        with limited(self._policy.timeout, "a new connection"):
            return await self._reopen()

    async def _stand(self, line: Line) -> None:
        """Make the session stand on a new connection, and let senders out to it."""
        engine = self._engine
        updates = engine.feed.subscribe(limit=None)
        if line.endpoint.call_id is None:
            again = owed(engine.core.state, self._sent, opened_at=self._opened_at)
            self._gap.put_back(again.pieces, unsent_bytes=again.unsent_bytes)
        self._opened_at = engine.core.state.sent_audio_bytes
        engine.wire.open(line, let_out=False)

        async def send(frames: tuple[bytes, ...]) -> None:
            await engine.wire.send_past_the_gate(line, frames)

        with limited(self._policy.timeout, "the session to be restored"):
            if line.endpoint.call_id is not None:
                lost = carry_on(engine)
            else:
                await greeted(updates)
                engine.wire.must_be(line)
                lost = await carry_over(engine, send, settings=self._settings.session)
            while (sound := self._gap.take()) is not None:
                await engine.wire.append_past_the_gate(line, sound)
        engine.wire.must_be(line)  # it may have broken since its last answer
        self._tell_lost(lost)
        engine.outbound.open(line.transport)

    def _tell_lost(self, lost: tuple[str, ...]) -> None:
        """Record what was lost beside what was known to be when the epoch began."""
        lost_bytes = self._gap.take_lost()
        if lost_bytes:
            lost = (*lost, f"{lost_bytes} bytes of audio")
        if lost != self._engine.core.state.epochs[-1].lost:
            note_epoch(self._engine, lost=lost)

    # --- before the longest duration ----------------------------------------------------------------------------

    async def watch(self) -> None:
        """Roll over before each session expires. A task that the session owns."""
        with self._until_stopped():
            while not self._is_stopped:
                line = self._engine.wire.line
                if line is None or line.endpoint.call_id is not None:
                    await self._until_other_than(line)
                    continue
                await self._until(self._knows_its_session)
                with anyio.move_on_after(self._wait_s()) as scope:
                    await self._until_other_than(line)
                if scope.cancelled_caught:
                    await self._roll_over(line)

    def _knows_its_session(self) -> bool:
        """Whether the server has said which session this is, and so when it expires."""
        return self._engine.core.state.epochs[-1].session_id is not None

    async def _until_other_than(self, line: Line | None) -> None:
        await self._until(lambda: self._engine.wire.line is not line)

    async def _until(self, is_so: Callable[[], bool]) -> None:
        """Wait until it is so; asked after every record. The end of the session ends the wait too."""
        updates = self._engine.feed.subscribe(limit=None)
        with suppress(RealtimeError):
            while not is_so():
                async for _ in updates:
                    break
                else:
                    return

    def _wait_s(self) -> float:
        """How long this session is to be used: at least half of what is left, however early a rollover is wanted."""
        left_s = self._time_left_s()
        return max(left_s - (self._policy.rollover_before_s or 0), left_s / 2)

    def _time_left_s(self) -> float:
        """Seconds until the session expires, as it says; else as its dialect knows."""
        expires_at = getattr(self._engine.core.state.session, "expires_at", None)
        if expires_at:
            return float(expires_at) - self._policy.wall_s()
        limit_ms = self._engine.core.dialect.limits.session_ms
        opened_ns = self._engine.wire.opened_ns
        return float("inf") if limit_ms is None else limit_ms / 1e3 - (self._engine.wire.now_ns() - opened_ns) / 1e9

    async def _roll_over(self, old: Line) -> None:
        """Have a new connection ready, and change to it at the next quiet moment."""
        try:
            spare = await self._opened()
        except Exception as failed:
            _logger.warning("no connection to roll over to: %s; trying again", type(failed).__name__)
            await anyio.sleep(self._policy.delay_s(self._policy.attempts))
            return
        if self._is_stopped or self._engine.wire.line is not old:
            spare.release()  # it ended in the very turn in which this opened, or broke before and has another
            return
        self._spare = spare
        await self._until(lambda: self._engine.wire.line is not old or self._may_change())
        if self._engine.wire.line is not old:  # it broke first, and the spare was taken
            return
        self._engine.outbound.shut()
        self._is_resuming = True
        self._engine.wire.retire("rollover")
        await self._resume(ConnectionLost("the session could not be rolled over"))

    def _may_change(self) -> bool:
        state: RealtimeState = self._engine.core.state
        engine = self._engine
        is_idle = not engine.outbound.is_busy and not engine.asking.queue.waiting and not self._is_resuming
        return is_idle and is_quiet(state, engine.outstanding)


def _is_for_good(refused: HandshakeError) -> bool:
    """Whether a server that refused so will refuse again: a key, an address, an account; not an overload."""
    is_final_status = refused.status is not None and 400 <= refused.status < 500 and refused.status not in (408, 429)
    return is_final_status or level_of(refused.code) == "account"
