"""A small server for session tests: plain dictionaries over one end of a memory pair, obedient unless told otherwise.

It shares no protocol code with what is tested. `say` sends any event, `refuse` makes it answer the next event of a
type with an error, `holding` leaves responses open until `finish`.
"""

import base64
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
from anyio.lowlevel import checkpoint

from realtime_sdk.errors import ConnectionClosed
from realtime_sdk.session import RealtimeSession, connect
from realtime_sdk.session.continuity import Continuity
from realtime_sdk.session.lines import task_home
from realtime_sdk.transport import Endpoint, Transport, pair

SESSION: dict[str, Any] = {
    "type": "realtime",
    "id": "sess_1",
    "object": "realtime.session",
    "model": "gpt-realtime-2.1",
    "output_modalities": ["audio"],
    "audio": {"input": {"turn_detection": None}, "output": {"voice": "marin"}},
}


class Server:
    """The other end of a connection."""

    def __init__(self, transport: Transport, *, holding: bool = False, greets: bool = True) -> None:
        self.transport = transport
        self.holding = holding
        self.greets = greets
        self.heard: list[dict[str, Any]] = []
        self.silent_about: set[str] = set()
        self.session: dict[str, Any] = json.loads(json.dumps(SESSION))
        self.items: dict[str, dict[str, Any]] = {}
        self.active: str | None = None
        self.answer = "Paris."
        self.failure: dict[str, Any] | None = None
        self._refusals: list[tuple[str, dict[str, Any]]] = []
        self._numbers = iter(range(1, 10_000))
        self._last: str | None = None
        self._changed = anyio.Event()

    # --- what a test does with it ----------------------------------------------------------------------------

    async def say(self, kind: str, **fields: Any) -> None:
        """Send an event."""
        event = {"type": kind, "event_id": f"event_{next(self._numbers)}", **fields}
        await self.transport.send(json.dumps(event).encode())

    def refuse(self, kind: str, *, code: str, named: bool = True, message: str = "no") -> None:
        """Answer the next event of this type with an error, which names the event or does not."""
        self._refusals.append((kind, {"code": code, "message": message, "named": named}))

    async def error(self, code: str, *, event_id: str | None = None, message: str = "no") -> None:
        error = {"type": "invalid_request_error", "code": code, "message": message, "param": None, "event_id": event_id}
        await self.say("error", error=error)

    async def until_heard(self, kind: str, count: int = 1) -> dict[str, Any]:
        """Wait until so many events of a type have come; the last of them."""
        while len(found := self.heard_of(kind)) < count:
            await self._changed.wait()
        return found[count - 1]

    def heard_of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.heard if event["type"] == kind]

    @property
    def kinds(self) -> list[str]:
        """The types of what was heard, in order."""
        return [event["type"] for event in self.heard]

    async def respond_by_itself(self, response_id: str = "resp_vad") -> None:
        """Begin a response as voice detection does."""
        self.active = response_id
        await self.say("response.created", response=_response(response_id, "in_progress", None, "conv_1"))

    async def begin(self, params: dict[str, Any]) -> str:
        """Begin a response that was asked for."""
        response_id = f"resp_{next(self._numbers)}"
        conversation = None if params.get("conversation") == "none" else "conv_1"
        if conversation is not None:
            self.active = response_id
        created = _response(response_id, "in_progress", params.get("metadata"), conversation)
        await self.say("response.created", response=created)
        return response_id

    async def speak(self, response_id: str, text: str, *, sound: bytes = b"", in_conversation: bool = True) -> str:
        """Say text (and sound) in a response, up to but not including its end."""
        item_id = f"item_s{next(self._numbers)}"
        item = {"id": item_id, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        where = {"response_id": response_id, "item_id": item_id, "output_index": 0, "content_index": 0}
        await self.say("response.output_item.added", response_id=response_id, output_index=0, item=item)
        if in_conversation:
            await self.say("conversation.item.added", previous_item_id=self._last, item=item)
            self._last = item_id
        await self.say("response.content_part.added", **where, part={"type": "audio", "transcript": ""})
        for word in text.split(" "):
            await self.say("response.output_audio_transcript.delta", **where, delta=word + " ")
            if sound:
                await self.say("response.output_audio.delta", **where, delta=base64.b64encode(sound).decode())
        self.items[item_id] = item | {
            "status": "completed",
            "content": [{"type": "output_audio", "transcript": text}],
        }
        return item_id

    async def call(self, response_id: str, name: str, arguments: str, *, call_id: str, index: int = 0) -> str:
        """Call a function in a response."""
        item_id = f"item_s{next(self._numbers)}"
        item = {"id": item_id, "type": "function_call", "call_id": call_id, "name": name, "arguments": arguments}
        where = {"response_id": response_id, "output_index": index}
        await self.say("response.output_item.added", **where, item=item | {"status": "in_progress", "arguments": ""})
        await self.say("conversation.item.added", previous_item_id=self._last, item=item | {"status": "in_progress"})
        self._last = item_id
        await self.say(
            "response.function_call_arguments.done", **where, item_id=item_id, call_id=call_id, arguments=arguments
        )
        self.items[item_id] = item | {"status": "completed"}
        await self.say("conversation.item.done", previous_item_id=None, item=self.items[item_id])
        await self.say("response.output_item.done", **where, item=self.items[item_id])
        return item_id

    async def finish(
        self,
        response_id: str,
        *,
        items: tuple[str, ...] = (),
        metadata: Any = None,
        status: str = "completed",
        **more: Any,
    ) -> None:
        """End a response."""
        if response_id == self.active:
            self.active = None
        usage = {"total_tokens": 12, "input_tokens": 5, "output_tokens": 7}
        done = _response(response_id, status, metadata, more.pop("conversation", "conv_1"))
        done |= {"output": [self.items[item] for item in items], "usage": usage, **more}
        await self.say("response.done", response=done)

    # --- its life --------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Greet, and answer until the connection ends."""
        try:
            if self.greets:
                await self.say("session.created", session=self.session)
            while True:
                event = json.loads(await self.transport.receive())
                self.heard.append(event)
                self._changed.set()
                self._changed = anyio.Event()
                with suppress(ConnectionClosed):  # the other end may be gone, and have said more before
                    await self._answer(event)
        except ConnectionClosed:
            return

    async def _answer(self, event: dict[str, Any]) -> None:
        kind = event["type"]
        for refusal in self._refusals:
            if refusal[0] == kind:
                self._refusals.remove(refusal)
                named = event.get("event_id") if refusal[1]["named"] else None
                await self.error(refusal[1]["code"], event_id=named, message=refusal[1]["message"])
                return
        if kind not in self.silent_about:
            answer: Callable[[Any], Any] | None = getattr(self, "on_" + kind.replace(".", "_"), None)
            if answer is not None:
                await answer(event)

    async def on_session_update(self, event: dict[str, Any]) -> None:
        _merge(self.session, event["session"])
        await self.say("session.updated", session=self.session)

    async def on_conversation_item_create(self, event: dict[str, Any]) -> None:
        await self.take_in(event["item"], event.get("previous_item_id"))

    async def take_in(self, item: dict[str, Any], previous: str | None = None) -> None:
        item = {"id": f"item_s{next(self._numbers)}", "status": "completed", **item}
        if item["id"] in self.items:
            await self.error("item_already_exists", message=f"{item['id']} exists")
            return
        self.items[item["id"]] = item
        previous = self._last if previous is None else previous
        self._last = item["id"]
        await self.say("conversation.item.added", previous_item_id=previous, item=item)
        await self.say("conversation.item.done", previous_item_id=previous, item=item)

    async def on_conversation_item_delete(self, event: dict[str, Any]) -> None:
        await self.say("conversation.item.deleted", item_id=event["item_id"])

    async def on_conversation_item_retrieve(self, event: dict[str, Any]) -> None:
        await self.say("conversation.item.retrieved", item=self.items[event["item_id"]])

    async def on_conversation_item_truncate(self, event: dict[str, Any]) -> None:
        where = {name: event[name] for name in ("item_id", "content_index", "audio_end_ms")}
        await self.say("conversation.item.truncated", **where)

    async def on_input_audio_buffer_commit(self, event: dict[str, Any]) -> None:
        item_id = f"item_s{next(self._numbers)}"
        await self.say("input_audio_buffer.committed", previous_item_id=self._last, item_id=item_id)
        content = [{"type": "input_audio", "transcript": None}]
        await self.take_in({"id": item_id, "type": "message", "role": "user", "content": content})

    async def on_input_audio_buffer_clear(self, event: dict[str, Any]) -> None:
        await self.say("input_audio_buffer.cleared")

    async def on_output_audio_buffer_clear(self, event: dict[str, Any]) -> None:
        await self.say("output_audio_buffer.cleared", response_id="resp_1")

    async def on_response_create(self, event: dict[str, Any]) -> None:
        params = event.get("response") or {}
        if self.active is not None and params.get("conversation") != "none":
            await self.error("conversation_already_has_active_response", event_id=event.get("event_id"))
            return
        response_id = await self.begin(params)
        if not self.holding:
            is_default = params.get("conversation") != "none"
            item_id = await self.speak(response_id, self.answer, in_conversation=is_default)
            conversation = "conv_1" if is_default else None
            more = {} if self.failure is None else {"status": "failed", "status_details": self.failure}
            metadata = params.get("metadata")
            await self.finish(response_id, items=(item_id,), metadata=metadata, conversation=conversation, **more)

    async def on_response_cancel(self, event: dict[str, Any]) -> None:
        response_id = event.get("response_id") or self.active
        if response_id is None:
            await self.error("response_cancel_not_active", event_id=event.get("event_id"))
            return
        details = {"type": "cancelled", "reason": "client_cancelled"}
        await self.finish(response_id, status="cancelled", status_details=details)


def _merge(target: dict[str, Any], given: dict[str, Any]) -> None:
    for key, value in given.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        else:
            target[key] = value


def _response(response_id: str, status: str, metadata: Any, conversation: str | None) -> dict[str, Any]:
    return {
        "id": response_id,
        "object": "realtime.response",
        "status": status,
        "status_details": None,
        "output": [],
        "metadata": metadata,
        "conversation_id": conversation,
        "usage": None,
    }


@asynccontextmanager
async def talking(
    kind: type[Server] = Server,
    *,
    holding: bool = False,
    greets: bool = True,
    prepare: Callable[[Server], object] = lambda _: None,
    **how: Any,
) -> AsyncGenerator[tuple[RealtimeSession, Server], None]:
    """A session and the server it talks to, over a memory pair."""
    near, far = pair()
    server = kind(far, holding=holding, greets=greets)
    prepare(server)
    async with task_home() as group:
        group.start_soon(server.run)
        async with connect(transport=near, **how) as session:
            yield session, server


class Servers:
    """Any number of connections, each with a server of its own: what `connect(transport=…)` opens them with."""

    def __init__(self, kind: type[Server] = Server, prepare: Callable[[Server, int], object] = lambda *_: None) -> None:
        self.kind = kind
        self.prepare = prepare
        self.all: list[Server] = []
        self.refusing: Exception | None = None
        self.tries = 0
        self.group: Any = None

    @property
    def last(self) -> Server:
        return self.all[-1]

    async def until_count(self, count: int) -> None:
        while len(self.all) < count:
            await checkpoint()

    @asynccontextmanager
    async def open(self, _endpoint: Endpoint) -> AsyncGenerator[Transport, None]:
        self.tries += 1
        await checkpoint()
        if self.refusing is not None:
            raise self.refusing
        near, far = pair()
        server = self.kind(far)
        server.session["id"] = f"sess_{len(self.all) + 1}"
        self.prepare(server, len(self.all))
        self.all.append(server)
        self.group.start_soon(server.run)
        try:
            yield near
        finally:
            await near.aclose()

    @asynccontextmanager
    async def talking(self, **how: Any) -> AsyncGenerator[tuple[RealtimeSession, "Servers"], None]:
        """A session with them that goes on after breaks, at once and without chance."""
        policy = how.pop("continuity", AT_ONCE)
        async with task_home() as self.group:
            async with connect(Endpoint("memory:"), transport=self.open, continuity=policy, **how) as session:
                yield session, self


AT_ONCE = Continuity(first_delay_s=0, jitter=0, rollover_before_s=None, attempts=4)


def quick_and_slow() -> tuple[anyio.Event, list[Callable[[], Any]]]:
    """Two tools: `quick` answers at once, `slow` when it is released by the event."""
    release = anyio.Event()

    async def quick() -> str:
        return "quick"

    async def slow() -> str:
        await release.wait()
        return "slow"

    return release, [quick, slow]
