"""The verbs that make the assistant speak: responses asked for and followed, calls and approvals answered."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Unpack
from weakref import WeakValueDictionary

from pydantic_core import to_json

from realtime_sdk.fold import Update
from realtime_sdk.protocol import client_events as c, models
from realtime_sdk.session.content import as_item, user_message
from realtime_sdk.session.reply import Reply
from realtime_sdk.session.requests import TAG, Ticket
from realtime_sdk.session.response_queue import Held
from realtime_sdk.session.restoring import retold_call
from realtime_sdk.session.settings import ResponseSettings, response_params
from realtime_sdk.session.subscribers import Subscriber
from realtime_sdk.session.verbs import TIMEOUT_S, Verbs, item_create
from realtime_sdk.session.waiting import limited
from realtime_sdk.state import Item, RealtimeState

__all__ = ["Speaking"]


class Speaking(Verbs):
    """Asking for responses, and answering what a response asks for."""

    _answered: set[str]
    """The call_ids that were answered."""
    _replies: WeakValueDictionary[str, Reply]
    """The replies that have begun, by the id of their response, while somebody holds them."""

    @abstractmethod
    def updates(self, *, limit: int | None = ..., sent_audio: bool = ...) -> Subscriber:
        """Updates from now on."""

    @abstractmethod
    def _take_back(self, held: Held) -> None:
        """Take a request for a response off the wire, if nobody else wants it: what it was to answer was refused."""

    @abstractmethod
    async def _standing(self) -> None:
        """Wait until there is a connection. Raises what the session ended with."""

    @abstractmethod
    def _withdraw(self, held: Held) -> None:
        """Take back a request for a response that was not sent yet."""

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
        waits for its turn. `out_of_band` keeps question and answer out of the conversation, and waits for no turn:
        what is said then replaces the conversation as the context (`models.ItemReference` in `input` brings items in),
        and calls are yours to run (`answer.calls`).
        """
        message = user_message(text, audio=audio, image=image)
        said = [*map(as_item, items), *([] if message is None else [message])]
        tag = self._ids.tag()
        response = _params(settings, tag, out_of_band=said if out_of_band else None)
        return Reply(
            partial(self._say_and_ask, () if out_of_band else said, response),
            lambda: self.updates(limit=None, sent_audio=False),
            tag,
            timeout,
        )

    async def _say_and_ask(self, items: Iterable[Any], response: models.ResponseCreateParams, reply: Reply) -> None:
        """Put these items into the conversation and ask for the response that the reply is."""
        creates = [item_create(item, item.id or self._ids.item(), event_id=self._ids.event()) for item in items]
        event = c.ResponseCreate(event_id=self._ids.event(), response=response)
        held = Held(event, failed=reply.fail, answered=partial(self._begun, reply))
        reply.withdraw = lambda: self._withdraw(held)

        def settled(ticket: Ticket) -> None:
            if ticket.failure is not None:
                reply.fail(ticket.failure)
                self._take_back(held)

        written = [self._written(said) for said in (*creates, event)]  # all of it can be said, or nothing is
        for create, frames in zip(creates, written, strict=False):
            await self._send_followed(create, frames, settled)
        await self._queue(held)

    def _begun(self, reply: Reply, update: Update) -> None:
        reply.begin(update)
        self._replies[reply.response_id or ""] = reply

    async def submit_tool_output(
        self, call_id: str, output: Any, *, reply: bool = True, timeout: float | None = TIMEOUT_S
    ) -> Item:
        """Answer a function call: `output` as text, or anything that JSON can say. Returns the output's item.

        With `reply` the assistant goes on when all calls of the same response are answered and nobody answers or
        speaks, once for all of them; if the server has begun an answer of its own meanwhile, that is it. A call of an
        earlier connection is told again before its output, as the new server does not know it.
        (`conversation.item.create` → `conversation.item.added`)
        """
        with limited(timeout, "a connection"):
            await self._standing()
        answered = {call_id}
        if (again := retold_call(self.state, call_id)) is not None:
            await self.add_item(again, timeout=timeout)
            call_id = again.call_id
        text = output if isinstance(output, str) else to_json(output, fallback=str).decode()
        item = models.FunctionCallOutput(id=self._ids.item(), call_id=call_id, output=text)

        def and_ask() -> Held | None:
            self._answered.update(answered | {call_id})
            if not reply:
                return None
            held = self._joint(item.id or "")
            held.is_ready = _all_answered(call_id, self._answered)
            held.is_polite = True
            return held

        create = item_create(item, item.id or "")
        update = await self._request(create, timeout, and_ask)
        return update.after.items[item.id or ""]

    def _wait_no_more(self, call_id: str) -> None:
        """Let the answer to other calls of the same response not wait for this one: no server took its output."""
        self._answered.add(call_id)

    async def _say_meanwhile(self, text: str) -> Held:
        """Have the assistant say how far a call is, when nobody answers or speaks. Returns the request for that."""
        part = models.SystemMessageContent(type="input_text", text=text)
        item = await self.add_item(models.SystemMessage(content=[part]))
        held = Held(self._marked(tool_choice="none"), answers=frozenset({item.id}), is_polite=True)
        await self._queue(held)
        return held

    async def approve(
        self,
        approval_request_id: str,
        *,
        approve: bool = True,
        reason: str | None = None,
        reply: bool = True,
        timeout: float | None = TIMEOUT_S,
    ) -> Item:
        """Allow or refuse a call of an MCP server's tool (`state.pending_approvals`). Returns the answer's item.

        With `reply` the assistant is asked to go on. (`mcp_approval_response` item; not verified on the wire)
        """
        why: dict[str, Any] = {} if reason is None else {"reason": reason}
        item = models.McpApprovalResponse(
            id=self._ids.item(), approval_request_id=approval_request_id, approve=approve, **why
        )
        return await self.add_item(item, reply=reply, timeout=timeout)


def _params(settings: ResponseSettings, tag: str, *, out_of_band: Sequence[Any] | None) -> models.ResponseCreateParams:
    """The parameters of a response that carries a mark; out of band with these items, in band with None."""
    given: dict[str, Any] = {**settings, "metadata": {**settings.get("metadata", {}), TAG: tag}}
    if out_of_band:
        given["input"] = [*settings.get("input", ()), *out_of_band]
    response = response_params(given)
    return response if out_of_band is None else response.model_copy(update={"conversation": "none"})


def _all_answered(call_id: str, answered: set[str]) -> Callable[[RealtimeState], bool]:
    """Whether every finished call of the response that made this call has an answer of ours."""

    def is_ready(state: RealtimeState) -> bool:
        calls = [item for item in state.items.values() if item.call_id is not None and item.type == "function_call"]
        response_id = next((item.response_id for item in calls if item.call_id == call_id), None)
        siblings = [item for item in calls if item.response_id == response_id and item.status == "completed"]
        return response_id is None or all(item.call_id in answered for item in siblings)

    return is_ready
