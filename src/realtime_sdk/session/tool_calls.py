"""Running the model's calls: each once, all at the same time, answered in their order, one response after all of them.

Lives beside the session as a listener: it hears of calls from the updates, and answers with the session's own verbs.
"""

import inspect
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import anyio
from anyio.abc import TaskGroup

from realtime_sdk.errors import ConnectionExpired, ConnectionLost, RealtimeError
from realtime_sdk.fold import Update
from realtime_sdk.protocol import server_events as s
from realtime_sdk.session.response_queue import Held
from realtime_sdk.session.restoring import short_call_id
from realtime_sdk.session.subscribers import Subscriber
from realtime_sdk.session.tools import Approve, Outcome, Tool, ToolContext
from realtime_sdk.state import Item, RealtimeState

__all__ = ["ToolCalls"]

_logger: Final = logging.getLogger(__name__)


_MOST_BREAKS: Final = 3


class Answering(Protocol):
    """What is asked of a session."""

    def updates(self, *, limit: int | None = ..., sent_audio: bool = ...) -> Subscriber:
        """Updates from now on."""
        ...

    async def submit_tool_output(self, call_id: str, output: Any, *, reply: bool = True) -> Any:
        """Answer a call."""
        ...

    async def _say_meanwhile(self, text: str) -> Held:
        """Have the assistant say something while calls run."""
        ...

    def _withdraw(self, held: Held) -> None:
        """Take back what it was to say, if it was not asked for yet."""
        ...

    def _wait_no_more(self, call_id: str) -> None:
        """Go on without an output that no server took."""
        ...

    def _tell_lost(self, *what: str) -> None:
        """Record what could not be said."""
        ...


@dataclass(eq=False)
class _Call:
    """One call of the model while it is being answered."""

    item: Item
    tool: Tool | None
    outcome: Outcome | None = None
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    done: anyio.Event = field(default_factory=anyio.Event)
    is_lost: bool = False
    progress: Held | None = None

    @property
    def output(self) -> str:
        """Its output, in words."""
        return f"the output of {self.item.name} for {self.item.call_id}"


class ToolCalls:
    """The tools of a session at work. `run` is a task that the session owns."""

    def __init__(
        self,
        session: Answering,
        *,
        dependencies: Any = None,
        approve: Approve | None = None,
    ) -> None:
        self._session = session
        self._tools: dict[str, Tool] = {}
        self._dependencies = dependencies
        self._approve = approve
        self._calls: dict[str, _Call] = {}
        self._last: tuple[str | None, anyio.Event] | None = None
        self.is_running = False

    def begin(self, group: TaskGroup) -> None:
        """Listen from now on, in a task of `group`."""
        self.is_running = True
        group.start_soon(self.run, self._session.updates(limit=None, sent_audio=False), name="running tools")

    def add(self, tools: Mapping[str, Tool]) -> None:
        """These may be called from now on, too."""
        self._tools.update(tools)

    def unanswered(self, state: RealtimeState) -> tuple[str, ...]:
        """What is lost if the session ends in this state: outputs that are not there yet, or were not taken."""
        if not self._calls:
            return ()
        taken = {item.call_id for item in state.items.values() if item.type == "function_call_output"}
        open_calls = (call for call in self._calls.values() if not call.is_lost)
        return tuple(call.output for call in open_calls if not _names(call.item) & taken)

    async def run(self, updates: Subscriber) -> None:
        """Answer calls until the session ends."""
        async with anyio.create_task_group() as group:
            try:
                async for update in updates:
                    if update.record.sender == "server":
                        self._look(update, group)
            except RealtimeError:
                pass  # the session has ended; who listens to it is told
            group.cancel_scope.cancel()

    def _look(self, update: Update, group: TaskGroup) -> None:
        for event in update.events:
            if isinstance(event, s.ConversationItemDone | s.ResponseOutputItemDone):
                item_id = getattr(event.item, "id", None)
                item = update.after.items.get(item_id) if item_id else None
                if item is not None and _is_asked_by_the_model(item, update.after):
                    self._begin(item, group)
            elif isinstance(event, s.InputAudioBufferSpeechStarted):
                self._interrupt()

    def _begin(self, item: Item, group: TaskGroup) -> None:
        call_id = item.call_id
        if call_id is None:
            return
        known = self._calls.get(call_id)
        if known is not None:
            if (known.item.name, known.item.arguments) != (item.name, item.arguments):
                _logger.warning("the model used a call_id twice for different calls; the second is not run")
            return
        call = self._calls[call_id] = _Call(item, self._tools.get(item.name or ""))
        before = self._last[1] if self._last is not None and self._last[0] == item.response_id else None
        self._last = item.response_id, call.done
        group.start_soon(self._answer, call, before, name=f"tool {item.name}")

    def _interrupt(self) -> None:
        for call in self._calls.values():
            if call.outcome is None and call.tool is not None and call.tool.on_interrupt == "cancel":
                call.scope.cancel()

    async def _answer(self, call: _Call, before: anyio.Event | None) -> None:
        """Run a call, and send its output when the calls before it have sent theirs."""
        try:
            with call.scope:
                call.outcome = await self._outcome(call)
            self._forget_progress(call)
            if call.outcome is None:
                call.outcome = Outcome("Error: the user interrupted, and the call was cancelled", "cancelled")
            if before is not None:
                await before.wait()
            await self._tell(call, call.outcome)
        except RealtimeError as error:
            _logger.warning("the output of tool %s was not taken: %s", call.item.name, type(error).__name__)
            self._session._wait_no_more(call.item.call_id or "")
            self._session._tell_lost(call.output)
            call.is_lost = True
        finally:
            call.done.set()

    async def _tell(self, call: _Call, outcome: Outcome) -> None:
        """Send an output; once more if the connection breaks before the server has taken it."""
        for _ in range(_MOST_BREAKS):
            with suppress(ConnectionExpired, ConnectionLost):
                await self._submit(call, outcome)
                return
        await self._submit(call, outcome)

    async def _submit(self, call: _Call, outcome: Outcome) -> None:
        is_wanted = outcome.status != "cancelled"
        await self._session.submit_tool_output(call.item.call_id or "", outcome.output, reply=is_wanted)

    async def _outcome(self, call: _Call) -> Outcome:
        context = self._context(call)
        if call.tool is None:
            known = ", ".join(self._tools) or "none"
            return Outcome(f"Error: there is no tool {call.item.name!r}; there are: {known}", "unknown")
        try:
            is_approved = await self._is_approved(call.tool, context)
        except Exception as error:
            _logger.warning("asking for approval of tool %s raised %s", call.tool.name, type(error).__name__)
            is_approved = False
        if not is_approved:
            return Outcome("Error: the call was not approved", "refused")
        return await call.tool.run(context)

    async def _is_approved(self, tool: Tool, context: ToolContext) -> bool:
        asked = self._approve if tool.needs_approval is True else tool.needs_approval
        if not callable(asked):
            return tool.needs_approval is False  # approval is needed, and nobody is there to give it
        answer: Any = asked(context)
        return bool(await answer if inspect.isawaitable(answer) else answer)

    def _forget_progress(self, call: _Call) -> None:
        """What nobody has asked for yet is not said any more: there is newer to tell."""
        if call.progress is not None:
            self._session._withdraw(call.progress)

    def _context(self, call: _Call) -> ToolContext:
        async def tell(text: str) -> None:
            self._forget_progress(call)
            call.progress = await self._session._say_meanwhile(f"Progress of {call.item.name}: {text}")

        item = call.item
        return ToolContext(
            item.call_id or "", item.name or "", item.arguments or "", self._dependencies, self._session, tell
        )


def _names(call: Item) -> set[str | None]:
    """The ids under which a call may have been answered."""
    return {call.call_id, short_call_id(call.call_id)}


def _is_asked_by_the_model(item: Item, state: RealtimeState) -> bool:
    """Whether this is a call to answer: whole, and made in a response of the conversation.

    Calls that were told again are in none; those of a response out of band are for whoever asked for it.
    """
    if item.type != "function_call" or item.status != "completed" or item.response_id is None:
        return False
    response = state.responses.get(item.response_id)
    return response is None or not response.out_of_band
