"""One answer of the assistant, asked for and followed: awaited for its end, or iterated for its deltas.

It is told which response is its own (`begin`, by the mark in the metadata), whatever else the server answers meanwhile.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import anyio

from realtime_sdk.errors import ConnectionClosed, RequestTimeout, ResponseFailed
from realtime_sdk.fold import Update
from realtime_sdk.protocol import server_events
from realtime_sdk.protocol.local import ConnectionClosed as ClosedRecord
from realtime_sdk.session.server_errors import retry_after_s
from realtime_sdk.session.subscribers import Subscriber
from realtime_sdk.state import Item, RealtimeState, Response, Usage
from realtime_sdk.transport.closing import NORMAL, Close, closed_by_peer

__all__ = ["Answer", "Delta", "Reply"]

Delta: TypeAlias = (
    server_events.ResponseOutputTextDelta
    | server_events.ResponseOutputAudioTranscriptDelta
    | server_events.ResponseOutputAudioDelta
    | server_events.ResponseFunctionCallArgumentsDelta
)
"""A piece of an answer: written text, spoken text, sound, arguments of a call."""

_DELTAS: Final = frozenset(
    {
        server_events.ResponseOutputTextDelta,
        server_events.ResponseOutputAudioTranscriptDelta,
        server_events.ResponseOutputAudioDelta,
        server_events.ResponseFunctionCallArgumentsDelta,
    }
)


@dataclass(frozen=True)
class Answer:
    """A response that has ended, as the state has it, with its items."""

    response: Response
    items: tuple[Item, ...]

    @property
    def id(self) -> str:
        """The server's id of the response."""
        return self.response.id

    @property
    def status(self) -> str:
        """`completed`, `cancelled` or `incomplete`; `response.reason` says why. A failed one is raised."""
        return self.response.status

    @property
    def text(self) -> str:
        """What the assistant wrote or said, its messages one a line; empty if it only called functions."""
        return "\n".join(item.text for item in self.items if item.type == "message" and item.text)

    @property
    def calls(self) -> tuple[Item, ...]:
        """The function calls that are complete, to be answered with `submit_tool_output`."""
        return tuple(item for item in self.items if item.type == "function_call" and item.status == "completed")

    @property
    def usage(self) -> Usage | None:
        """The tokens it took, None if the server did not say."""
        return self.response.usage

    @staticmethod
    def of(state: RealtimeState, response_id: str) -> "Answer":
        """The answer as it stands in a state."""
        response = state.responses[response_id]
        return Answer(response, tuple(state.items[item_id] for item_id in response.item_ids))


Ask: TypeAlias = Callable[["Reply"], Awaitable[None]]


class Reply:
    """An answer to come. Nothing is sent before it is awaited or iterated; both may be done, in this order:

        reply = session.respond("Tell me a story.")
        async for delta in reply: ...          # server_events.…Delta, as they come
        answer = await reply                   # its end: text, usage, status

    Raises ServerError if the server refuses it, or what was put into the conversation for it; ResponseFailed if it
    ends as failed; RequestTimeout; the ConnectionClosed family if the connection ends first. Giving up waiting does
    not cancel the response.
    """

    def __init__(self, ask: Ask, updates: Callable[[], Subscriber], tag: str, timeout: float | None) -> None:
        self._ask = ask
        self._subscribe = updates
        self._tag = tag
        self._timeout = timeout
        self._deadline: float | None = None
        self._updates: Subscriber | None = None
        self._pieces: deque[Delta] = deque()
        self._answer: Answer | None = None
        self._failure: Exception | None = None
        self._moved: anyio.Event | None = None
        self.response_id: str | None = None
        """The server's id of the response, None until it has begun."""
        self.withdraw: Callable[[], object] = _nothing
        """What takes the request back while it still waits for its turn."""

    def __await__(self) -> Generator[Any, Any, Answer]:
        return self.result().__await__()

    def __aiter__(self) -> "Reply":
        return self

    async def __anext__(self) -> Delta:
        if self._answer is None and not self._pieces:
            await self._go_on()
        if self._pieces:
            return self._pieces.popleft()
        raise StopAsyncIteration

    @property
    def tag(self) -> str:
        """The mark in the metadata of its response."""
        return self._tag

    def begin(self, update: Update) -> None:
        """Its response has begun: the update that says so."""
        created = (event.response.id for event in update.events if isinstance(event, server_events.ResponseCreated))
        self.response_id = next(created, None)
        self.withdraw = _nothing

    def fail(self, error: Exception) -> None:
        """It will not be answered: raised to whoever waits, at the next update."""
        self._failure = self._failure or error
        self._let_go()

    def catch_up(self) -> None:
        """Its response has ended, or its connection has: read what there is of it, so that nothing later is kept."""
        updates = self._updates
        if updates is None:
            return
        try:
            for update in updates.unread():
                self._hear(update, updates)
        except Exception as error:
            self.fail(error.with_traceback(None))  # it would hold whatever ran when the end came

    @property
    def _is_over(self) -> bool:
        return self._answer is not None or self._failure is not None

    def _let_go(self) -> None:
        self.withdraw = _nothing
        if self._updates is not None:
            self._updates.leave()

    async def result(self) -> Answer:
        """Its end, as `await reply` gives it; a coroutine function, for task groups."""
        while self._answer is None:
            if self._moved is not None:  # another task follows it
                await self._moved.wait()
                continue
            self._pieces.clear()
            await self._go_on()
        self._pieces.clear()
        return self._answer

    async def _go_on(self) -> None:
        """Wait for the next delta or the end, and wake who waits for that meanwhile."""
        self._moved = moved = anyio.Event()
        try:
            await self._go_on_alone()
        except Exception as error:
            self.fail(error)
            raise
        finally:
            self._moved = None
            moved.set()
        self._raise_if_out_of_time()

    async def _go_on_alone(self) -> None:
        if self._timeout is not None and self._deadline is None:
            self._deadline = anyio.current_time() + self._timeout
        try:
            with anyio.CancelScope(deadline=float("inf") if self._deadline is None else self._deadline) as scope:
                if self._updates is None:
                    self._updates = self._subscribe()
                    await self._ask(self)
                await self._follow(self._updates)
        except BaseException:
            self._give_up()
            raise
        if scope.cancelled_caught:
            self._give_up()

    def _give_up(self) -> None:
        """Whoever waited does not any more. One that had begun can be waited for again, one that had not is over."""
        if self.response_id is None:
            self.withdraw()
            gone = RequestTimeout(
                "the reply was given up before its response had begun", waiting_for="response.created"
            )
            self.fail(gone)

    def _raise_if_out_of_time(self) -> None:
        if self._answer is None and not self._pieces:
            said = f"the response did not end within {self._timeout} s"
            raise RequestTimeout(said, seconds=self._timeout, waiting_for="response.done")

    async def _follow(self, updates: Subscriber) -> None:
        while not self._pieces and self._answer is None:
            if self._failure is not None:
                raise self._failure
            try:
                self._hear(await anext(updates), updates)
            except StopAsyncIteration:
                if not self._is_over:  # else it has caught up meanwhile
                    raise ConnectionClosed("the session ended before the response did", code=NORMAL) from None

    def _hear(self, update: Update, updates: Subscriber) -> None:
        if update.record.sender == "server":
            self._take(update)
        elif update.record.sender == "local" and not updates.is_at_end:  # else the feed says why it ended
            _raise_if_broken(update.event)

    def _take(self, update: Update) -> None:
        for event in update.events:
            kind = event.__class__
            if kind in _DELTAS:
                if event.response_id == self.response_id:  # type: ignore[union-attr]
                    self._pieces.append(event)  # type: ignore[arg-type]
            elif isinstance(event, server_events.ResponseDone):
                self._take_end(event, update.after)

    def _take_end(self, event: server_events.ResponseDone, state: RealtimeState) -> None:
        if event.response.id is None or event.response.id != self.response_id:
            return
        answer = Answer.of(state, event.response.id)
        if answer.status == "failed":
            raise _failed(answer)
        self._answer = answer
        self._let_go()  # whoever keeps the reply keeps nothing of what comes later


def _raise_if_broken(event: Any) -> None:
    if isinstance(event, ClosedRecord):
        raise closed_by_peer(Close(event.code or 1006, event.reason or ""))


def _failed(answer: Answer) -> ResponseFailed:
    response = answer.response
    said = response.error_message or response.reason or "the server gave no reason"
    code = f" ({response.error_code})" if response.error_code else ""
    wait_s = retry_after_s(response.error_message)
    hint = "" if wait_s is None else f"; try again in {wait_s:g} s"
    return ResponseFailed(
        f"the response failed: {said}{code}{hint}",
        code=response.error_code,
        response=response,
        retry_after_s=wait_s,
    )


def _nothing() -> None:
    pass
