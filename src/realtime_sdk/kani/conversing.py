"""The tasks of a full-duplex conversation: microphone, events, callback, tools, history. One object a conversation.

Plain asyncio tasks, so that the generator on top may be left from anywhere: a task group inside it could not.
"""

import asyncio
from collections.abc import AsyncIterable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final

from kani import ChatMessage, Kani, ToolCall
from kani.exceptions import FunctionCallException
from kani.internal import ExceptionHandleResult, FunctionCallResult
from kani.streaming import StreamManager

from realtime_sdk.audio.formats import PCM
from realtime_sdk.audio.resample import Recoder
from realtime_sdk.audio.spoken import Sound24k
from realtime_sdk.audio.wires import input_wire
from realtime_sdk.errors import ConnectionClosed
from realtime_sdk.kani.duplex import Router
from realtime_sdk.kani.engine import RealtimeEngine, completion_of, heard_by
from realtime_sdk.protocol import client_events as c, models
from realtime_sdk.session import end_turn, response_params, until_floor_free
from realtime_sdk.state import RealtimeState, interrupts_by_itself, is_responding

__all__ = ["Conversation"]

_NEVER_ENDED: Final = "The conversation ended before this call did."


class Conversation:
    """A conversation while it runs. `next` gives its streams, `end` ends it; both for the generator."""

    def __init__(self, kani: Kani, engine: RealtimeEngine, callback: Any, *, drain_s: float) -> None:
        self._kani = kani
        self._engine = engine
        self._live = engine.session.live
        self._callback = callback
        self._drain_s = drain_s
        self._out: asyncio.Queue[StreamManager | BaseException | None] = asyncio.Queue()
        self._sound: asyncio.Queue[bytes] = asyncio.Queue()
        self._moved = asyncio.Event()
        self._working = 0
        self._open_calls: dict[str, ToolCall] = {}
        self._failed_in_a_row = 0
        self._updates = self._live.updates(limit=None, sent_audio=False)
        self.router: Final = Router(
            engine, put=self._out.put_nowait, hear=self._hear, called=self._called, spoken_over=self._spoken_over
        )
        self._tasks: set[asyncio.Task[Any]] = set()

    def begin(self, audio_stream: AsyncIterable[bytes]) -> None:
        """Start all of it."""
        self._player = self._callback if hasattr(self._callback, "feed") else getattr(self._callback, "player", None)
        self._engine.session.player = self._player
        self._start(self._route())
        self._start(self._listen(audio_stream))
        self._start(self._keep_history())
        opening = getattr(self._player, "open", None)
        if opening is not None:
            self._start(opening())
        if self._callback is not None and self._player is None:
            self._start(self._speak())

    async def next(self) -> StreamManager | None:
        """The next stream, None at the end. Raises what went wrong, when all streams have ended."""
        found = await self._out.get()
        if isinstance(found, BaseException):
            await self.end("disconnected" if isinstance(found, ConnectionClosed) else "unfinished")
            raise found
        return found

    async def end(self, status: str = "unfinished") -> None:
        """Stop, end what is open, and let history have it. May be called twice."""
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._engine.session.player = None
        self.router.end_all(status)
        await self._flush()
        open_calls, self._open_calls = self._open_calls, {}
        for call in open_calls.values():
            lost = ChatMessage.function(call.function.name, _NEVER_ENDED, tool_call_id=call.id)
            lost.is_tool_call_error = True
            await self._kani.add_to_history(lost)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._guarded(work), name="a part of a full-duplex conversation")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """Do some work; what it raises leaves through the generator."""
        try:
            await work
        except Exception as error:
            self._out.put_nowait(error)

    # --- in -------------------------------------------------------------------------------------------------------

    async def _route(self) -> None:
        async for update in self._updates:
            self.router.take(update)
            self._moved.set()
        raise ConnectionClosed("the session was closed", code=1000)

    async def _listen(self, audio_stream: AsyncIterable[bytes]) -> None:
        wire = input_wire(self._live.state)
        recoder = Recoder(PCM, wire)
        async for pcm in audio_stream:
            self.router.tape.add(pcm)
            await self._live.append_audio(recoder.feed(pcm))
        if self._drain_s > 0:
            await self._live.append_audio(recoder.finish())
            with suppress(TimeoutError):
                async with asyncio.timeout(self._drain_s):
                    await self._drain()
        self._out.put_nowait(None)

    async def _drain(self) -> None:
        """Have what was said committed and answered, and wait until everything that it began is over."""
        if await end_turn(self._live):
            await self._begin_response(c.ResponseCreate())
        await self._live.update()
        while not self._is_quiet():
            self._moved.clear()
            await self._moved.wait()

    def _is_quiet(self) -> bool:
        waits = self._working or self.router.open or self.router.entries or not self._sound.empty()
        return not waits and not is_responding(self._live.state)

    # --- out ------------------------------------------------------------------------------------------------------

    def _hear(self, delta: Any, pcm: bytes) -> None:
        if self._player is not None:
            self._player.feed(Sound24k(delta.item_id, delta.content_index, pcm))
        elif self._callback is not None:
            self._sound.put_nowait(pcm)

    def _spoken_over(self, state: RealtimeState) -> None:
        self._start(self._give_rounds_outputs())
        while interrupts_by_itself(state) and not self._sound.empty():
            self._sound.get_nowait()

    async def _speak(self) -> None:
        while True:
            sound = await self._sound.get()
            self._working += 1
            await heard_by(self._callback, sound)
            self._working -= 1
            self._moved.set()

    async def _keep_history(self) -> None:
        while True:
            await self.router.due.wait()
            self.router.due.clear()
            await self._flush()
            self._moved.set()

    async def _flush(self) -> None:
        while (key := self.router.next_due()) is not None:
            entry = self.router.entries.pop(key)
            if entry.message is None:
                continue
            self._open_calls |= {call.id: call for call in entry.message.tool_calls or ()}
            self._open_calls.pop(entry.message.tool_call_id or "", None)
            if entry.response is not None:
                await self._kani.add_completion_to_history(completion_of(entry.message, entry.response))
            else:
                await self._kani.add_to_history(entry.message)
            self._put_in_place(entry.message)

    def _put_in_place(self, message: ChatMessage) -> None:
        """Move what history got last before the messages that the conversation has after it."""
        history = self._kani.chat_history
        if not history or history[-1] is not message:
            return  # a hook has done something else with it
        place_of, at = self._engine.mirror.places(), len(history) - 1
        place = place_of(message)
        for number in range(at - 1, -1, -1):
            other = place_of(history[number])
            if other is not None and place is not None:
                if other < place:
                    break
                at = number
        history.insert(at, history.pop())

    # --- tools ----------------------------------------------------------------------------------------------------

    def _called(self, message: ChatMessage) -> None:
        self._working += 1
        self._start(self._answer_calls(message))

    async def _answer_calls(self, message: ChatMessage) -> None:
        """Run the calls of a response, give their outputs in order, and ask once for what the model makes of them."""
        try:
            results = await asyncio.gather(*map(self._result, message.tool_calls or ()))
            state = self._live.state
            for result in results:
                state = await self._give(result.message)
            settings = self._next_turn(results)
            if settings is not None:
                await self._ask(state, settings)
        finally:
            self._working -= 1
            self._moved.set()

    async def _result(self, call: ToolCall) -> FunctionCallResult | ExceptionHandleResult:
        attempt = self._failed_in_a_row
        result: FunctionCallResult | ExceptionHandleResult
        try:
            result = await self._kani.do_function_call(call.function, tool_call_id=call.id)
            if result.message.is_tool_call_error is None:
                result.message.is_tool_call_error = False
        except FunctionCallException as error:
            handle = self._kani.handle_function_call_exception
            result = await handle(call.function, error, attempt, tool_call_id=call.id)
            result.message.is_tool_call_error = True
        return result

    async def _give(self, message: ChatMessage) -> RealtimeState:
        """Put the output of a function into the conversation; the state in which it stood there."""
        item_id = self._engine.mirror.new_id()
        self.router.add(message, [item_id])
        call_id, output = message.tool_call_id or "", message.text or ""
        item = models.FunctionCallOutput(id=item_id, call_id=call_id, output=output)
        given = await self._live.request(c.ConversationItemCreate(item=item))
        return given.after

    async def _give_rounds_outputs(self) -> None:
        """Have the server know the outputs of a round that was over with them, before voice detection has it answer."""
        async with self._kani.lock:
            await self._engine.give_outputs(self._kani.chat_history)

    def _next_turn(self, results: Sequence[FunctionCallResult | ExceptionHandleResult]) -> dict[str, Any] | None:
        """The settings of the response that follows on some results, None if the user is next."""
        failed = [result for result in results if isinstance(result, ExceptionHandleResult)]
        if not failed:
            self._failed_in_a_row = 0
            goes_on = any(result.is_model_turn for result in results if isinstance(result, FunctionCallResult))
            return {} if goes_on else None
        self._failed_in_a_row += 1
        may_retry = any(result.should_retry for result in failed)
        return {} if may_retry else dict(self._engine.disable_function_calling_kwargs)

    async def _ask(self, since: RealtimeState, settings: dict[str, Any]) -> None:
        """Ask for a response when it is quiet, unless one began by itself after the outputs were given."""
        began = await until_floor_free(self._live, since=since)
        if all(self._engine.owns(response) for response in began):
            await self._begin_response(c.ResponseCreate(response=response_params(settings)))

    async def _begin_response(self, event: c.ResponseCreate) -> None:
        """Ask for a response, and wait until it has begun."""
        await self._live.request(self._engine.session.completed(event), timeout=None)
