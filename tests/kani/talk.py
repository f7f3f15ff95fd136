"""A Kani and the server it talks to, on any wire: the session tests' small server, with Kani's words for it."""

import asyncio
import base64
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias

from kani import AIFunction, ChatRole

import realtime_sdk as rt
from realtime_sdk.kani.engine import RealtimeEngine
from realtime_sdk.kani.realtime_kani import OpenAIRealtimeKani
from realtime_sdk.simulator import Scenario, Simulation
from realtime_sdk.transport import Endpoint, Transport, pair
from tests.kani.old_words import to_old_client, to_old_server
from tests.kani.wires import BETA_HEADERS, MEMORY, Wire
from tests.session.faulty_sockets import FarEnd
from tests.session.scripted import Server as Scripted
from tests.transport.loopback import serving

QUIET = bytes(4_800)  # 100 ms


class Server(Scripted):
    """The other end. It says "hello" unless it is told otherwise; `script` is what it does for each response.create."""

    def __init__(self, transport: Transport, **how: Any) -> None:
        super().__init__(transport, **how)
        self.answer = "hello"
        self.scripts: list[Callable[[str], Any]] = []
        self.sounds: tuple[bytes, ...] = ()
        self.session["audio"]["input"] = {
            "turn_detection": {"type": "server_vad"},
            "transcription": {"model": "whisper-1"},
        }

    @property
    def said(self) -> list[dict[str, Any]]:
        """What the client said, but for its sound and its settings."""
        left_out = ("session.update", "input_audio_buffer.append")
        return [event for event in self.heard if event["type"] not in left_out]

    async def on_response_create(self, event: dict[str, Any]) -> None:
        params = event.get("response") or {}
        if self.active is not None or params.get("conversation") == "none":
            await super().on_response_create(event)
            return
        if not self.scripts:
            self.saying(self.answer)
        response_id = await self.begin(params)
        self.params = params
        await self.scripts.pop(0)(response_id)

    async def words(self, response_id: str, text: str, *, written: bool = False) -> str:
        """Say text in a response, to the end of its item."""
        item_id = await self.opened(response_id)
        where = {"response_id": response_id, "item_id": item_id, "output_index": 0, "content_index": 0}
        kind = "output_text" if written else "output_audio_transcript"
        part = {"type": "output_text", "text": text} if written else {"type": "output_audio", "transcript": text}
        for word in text.split(" "):
            gap = "" if word == text.split(" ")[0] else " "
            await self.say(f"response.{kind}.delta", **where, delta=gap + word)
        for sound in self.sounds:
            await self.say("response.output_audio.delta", **where, delta=base64.b64encode(sound).decode())
        done = self.items[item_id] = {**self.items[item_id], "status": "completed", "content": [part]}
        await self.say("conversation.item.done", previous_item_id=None, item=done)
        await self.say("response.output_item.done", response_id=response_id, output_index=0, item=done)
        return item_id

    async def opened(self, response_id: str, *, item_id: str | None = None) -> str:
        """Begin a message in a response."""
        item_id = item_id or f"item_s{next(self._numbers)}"
        item = {"id": item_id, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        self.items[item_id] = item
        await self.say("response.output_item.added", response_id=response_id, output_index=0, item=item)
        await self.say("conversation.item.added", previous_item_id=self._last, item=item)
        self._last = item_id
        part = {"type": "audio", "transcript": ""}
        await self.say(
            "response.content_part.added",
            response_id=response_id,
            item_id=item_id,
            output_index=0,
            content_index=0,
            part=part,
        )
        return item_id

    async def over(self, response_id: str, *items: str, status: str = "completed", **more: Any) -> None:
        """End a response."""
        metadata = getattr(self, "params", {}).get("metadata")
        await self.finish(response_id, items=items, status=status, metadata=metadata, **more)

    def saying(self, text: str, **how: Any) -> None:
        """Answer the next response.create with this."""

        async def script(response_id: str) -> None:
            await self.over(response_id, await self.words(response_id, text, **how))

        self.scripts.append(script)

    def calling(self, *calls: tuple[str, str, str], text: str = "") -> None:
        """Answer the next response.create with these calls: (function, arguments, call_id)."""

        async def script(response_id: str) -> None:
            items = [await self.words(response_id, text)] if text else []
            for name, arguments, call_id in calls:
                items.append(await self.call(response_id, name, arguments, call_id=call_id))
            await self.over(response_id, *items)

        self.scripts.append(script)

    async def spoken(self, item_id: str, *, transcript: str | None = "hi", transcribed: bool = True) -> None:
        """A turn of the user by voice, as voice detection commits it."""
        await self.say("input_audio_buffer.speech_started", audio_start_ms=0, item_id=item_id)
        await self.say("input_audio_buffer.speech_stopped", audio_end_ms=100, item_id=item_id)
        await self.say("input_audio_buffer.committed", previous_item_id=self._last, item_id=item_id)
        content = [{"type": "input_audio", "transcript": None}]
        await self.take_in({"id": item_id, "type": "message", "role": "user", "content": content})
        if transcribed:
            await self.written(item_id, transcript)

    async def written(self, item_id: str, transcript: str | None) -> None:
        """What a turn of the user said; None: it could not be written down."""
        name = "conversation.item.input_audio_transcription."
        where = {"item_id": item_id, "content_index": 0}
        if transcript is None:
            error = {"type": "server_error", "code": "no_words", "message": "unheard", "param": None}
            await self.say(name + "failed", **where, error=error)
        else:
            await self.say(name + "completed", **where, transcript=transcript, usage={"type": "duration", "seconds": 1})

    async def answers_by_itself(self, response_id: str, text: str) -> str:
        """A response that voice detection asked for."""
        self.params = {}
        await self.respond_by_itself(response_id)
        item_id = await self.words(response_id, text)
        await self.over(response_id, item_id)
        return item_id


class Forgetful(Server):
    """Gives the metadata of no response back, as servers of 2024 did and some do today."""

    async def say(self, kind: str, **fields: Any) -> None:
        if "response" in fields:
            fields["response"] = {key: value for key, value in fields["response"].items() if key != "metadata"}
        await super().say(kind, **fields)


class Far(FarEnd):
    """The server's end of a websocket, which ends like a memory pair."""

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        await (self.cut() if code == 1006 else super().aclose(code, reason))


class World:
    """The servers that a Kani was connected to; the last one is `server`. Entered, it listens where its wire wants it.

    `how` is what a Kani, an engine or a session is given to come here.
    """

    def __init__(
        self,
        kind: type[Server] = Server,
        prepare: Callable[[Server], object] = lambda _: None,
        *,
        wire: Wire = MEMORY,
        **socket: Any,
    ) -> None:
        self.servers: list[Server] = []
        self.endpoints: list[Endpoint] = []
        self.wire = wire
        self.base = "ws://host/v1/realtime"
        self._kind = kind
        self._prepare = prepare
        self._socket = socket
        self._failures: list[Exception] = []
        self._stack = AsyncExitStack()

    @property
    def server(self) -> Server:
        return self.servers[-1]

    @property
    def how(self) -> dict[str, Any]:
        carried = {} if self.wire.is_socket else {"transport": self.opening}
        headers = {"headers": self.wire.headers} if self.wire.is_beta else {}
        return {"ws_base": self.base, **carried, **headers}

    async def __aenter__(self) -> "World":
        if self.wire.is_socket:
            self.base = f"{await self._stack.enter_async_context(serving(self._handle, **self._socket))}/v1/realtime"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()
        for failure in self._failures:
            raise failure

    @asynccontextmanager
    async def opening(self, endpoint: Endpoint) -> AsyncGenerator[Transport, None]:
        near, far = pair()
        self.endpoints.append(endpoint)
        task = asyncio.create_task(self._serve(far))
        try:
            yield near
        finally:
            await near.aclose()
            await task

    async def _handle(self, websocket: Any) -> None:
        sent = {name: value for name, value in websocket.request.headers.raw_items() if name in _OF_OURS}
        self.endpoints.append(Endpoint(self.base.removesuffix("/v1/realtime") + websocket.request.path, sent))
        await self._serve(Far(websocket))

    async def _serve(self, far: Transport) -> None:
        server = self._kind(to_old_client(far) if self.wire.is_beta else far)
        self._prepare(server)
        self.servers.append(server)
        try:
            await server.run()
        except Exception as error:  # whoever is connected learns nothing of it
            self._failures.append(error)
            await far.aclose(1011)


_OF_OURS = ("Authorization", "X-Mine", *BETA_HEADERS)
Talking: TypeAlias = Callable[..., AbstractAsyncContextManager[tuple[Any, World]]]


@asynccontextmanager
async def talking(
    kind: type[Server] = Server,
    *,
    prepare: Callable[[Server], object] = lambda _: None,
    connected: bool = True,
    config: Any = None,
    make: type[OpenAIRealtimeKani] = OpenAIRealtimeKani,
    wire: Wire = MEMORY,
    **how: Any,
) -> AsyncGenerator[tuple[Any, World], None]:
    """A Kani, and the world it is connected to."""
    async with World(kind, prepare, wire=wire) as world:
        ai = make("k", **{**world.how, **how})
        try:
            if connected:
                await ai.connect(config)
            yield ai, world
        finally:
            await ai.close()


Simulating: TypeAlias = Callable[..., AbstractAsyncContextManager[tuple[Simulation, dict[str, Any]]]]


@asynccontextmanager
async def simulating(
    scenario: Scenario | None = None, *, wire: Wire = MEMORY, **options: Any
) -> AsyncGenerator[tuple[Simulation, dict[str, Any]], None]:
    """The simulator, and what a Kani is given to talk to it."""
    async with rt.simulate(scenario, port=0 if wire.is_socket else None, **options) as server:

        @asynccontextmanager
        async def opening(_: Endpoint) -> AsyncGenerator[Transport, None]:
            transport = server.memory()
            yield to_old_server(transport) if wire.is_beta else transport
            await transport.aclose()

        where = {"ws_base": server.url} if wire.is_socket else {"transport": opening}
        yield server, {**where, "headers": wire.headers}


def engine_in(world: World, **how: Any) -> RealtimeEngine:
    return RealtimeEngine("k", **{**world.how, **how})


async def settled(ai: Any) -> None:
    """Until nothing is on its way any more: what the server said has come, and what it brought about has gone out."""
    for _ in range(2):
        await ai.session.live.update()
        for _ in range(20):
            await asyncio.sleep(0)


async def microphone(*pieces: bytes, until: asyncio.Event | None = None) -> AsyncIterator[bytes]:
    """A microphone that gives these pieces, and then nothing until it is unplugged."""
    for piece in pieces:
        yield piece
    if until is not None:
        await until.wait()


def shown(message: Any) -> tuple[str, Any, Any]:
    """What a test compares of a message."""
    calls = [(call.id, call.function.name, call.function.arguments) for call in message.tool_calls or ()]
    return message.role.value, message.text, calls or message.tool_call_id


def history(ai: Any) -> list[tuple[str, Any, Any]]:
    return [shown(message) for message in ai.chat_history]


def function(inner: Callable[..., Any], **how: Any) -> AIFunction:
    return AIFunction(inner, **{"desc": "For tests.", **how})


def text_of(item: dict[str, Any]) -> str:
    """What an item on the wire says, in one word each."""
    match item["type"]:
        case "message":
            said = "+".join(part.get("text") or part["type"] for part in item["content"])
            return f"{item['role']} {said}"
        case "function_call":
            return f"call {item['call_id']} {item['name']}({item['arguments']})"
        case kind:
            return f"{kind} {item.get('call_id')} {item.get('output')}"


def created(server: Server) -> list[str]:
    """The items that the client created, in order."""
    return [text_of(event["item"]) for event in server.heard_of("conversation.item.create")]


def asked(server: Server) -> list[dict[str, Any]]:
    """The responses that the client asked for, without the mark."""
    found = [event.get("response") or {} for event in server.heard_of("response.create")]
    return [{key: value for key, value in params.items() if key != "metadata"} for params in found]


ASSISTANT = ChatRole.ASSISTANT


class Heard:
    """What a consumer of `full_duplex` got: streams as they came, each read by a task of its own."""

    def __init__(self) -> None:
        self.streams: list[tuple[str, list[str]]] = []
        self.messages: dict[int, Any] = {}
        self.unplug = asyncio.Event()
        self.error: BaseException | None = None
        self.is_over = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def said(self) -> list[tuple[str, list[str], str | None]]:
        """(role, tokens, text) of the streams that have ended, in the order in which they came."""
        found = enumerate(self.streams)
        return [(role, tokens, self.messages[n].text) for n, (role, tokens) in found if n in self.messages]

    async def consume(self, ai: Any, audio: AsyncIterator[bytes], callback: Any, **how: Any) -> None:
        try:
            async for stream in ai.full_duplex(audio, callback, **how):
                number = len(self.streams)
                self.streams.append((stream.role.value, []))
                self._tasks.append(asyncio.create_task(self._read(number, stream)))
        except Exception as error:
            self.error = error
        finally:
            self.is_over = True

    async def _read(self, number: int, stream: Any) -> None:
        async for token in stream:
            self.streams[number][1].append(token)
        self.messages[number] = await stream.message()

    async def end(self) -> None:
        """Unplug the microphone, and wait until all is over."""
        self.unplug.set()
        await until(lambda: self.is_over)
        await asyncio.gather(*self._tasks)


async def until(condition: Callable[[], object]) -> None:
    """Let others run until a condition holds."""
    while not condition():  # noqa: ASYNC110 - anything may bring it about
        await asyncio.sleep(0)


@asynccontextmanager
async def conversing(
    ai: Any, callback: Any = None, *pieces: bytes, audio: Any = None, **how: Any
) -> AsyncGenerator[Heard, None]:
    """A full-duplex conversation that goes on until the block ends."""
    heard = Heard()
    source = microphone(*pieces, until=heard.unplug) if audio is None else audio
    task = asyncio.create_task(heard.consume(ai, source, callback, **how))
    try:
        await until(lambda: ai.session.player is not None or heard.is_over or _is_listening(ai))
        yield heard
        await heard.end()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _is_listening(ai: Any) -> bool:
    return any(task.get_name().startswith("a part of a full-duplex") for task in asyncio.all_tasks())


def parts_running() -> list[str]:
    """The tasks of full-duplex conversations that are there."""
    return [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("a part of a full-duplex")]
