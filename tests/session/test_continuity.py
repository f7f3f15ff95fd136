"""A broken or expiring connection is not the end: the next one is told everything, and what it cannot be is named."""

import base64
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from realtime_sdk.errors import (
    ConnectionClosed,
    ConnectionExpired,
    ConnectionLost,
    HandshakeError,
    RealtimeError,
    RequestTimeout,
)
from realtime_sdk.fold import replay
from realtime_sdk.log import EventLog
from realtime_sdk.protocol import client_events, models
from realtime_sdk.session import Continuity, RealtimeSession
from realtime_sdk.state import RealtimeState
from realtime_sdk.transport import Endpoint, Transport
from tests.session.scripted import AT_ONCE, Server, Servers, talking


async def idle() -> None:
    for _ in range(60):
        await checkpoint()


async def brought_back(session: RealtimeSession, epoch: int = 1) -> None:
    """Wait until the session stands again, restored."""
    await session.until(lambda state: len(state.epochs) > epoch and state.epochs[epoch].session_id is not None)
    await idle()


def told(server: Server) -> list[tuple[str, Any]]:
    """What a server was told, item by item: (kind, words)."""
    found: list[tuple[str, Any]] = []
    for event in server.heard_of("conversation.item.create"):
        item = event["item"]
        words = [part.get("text") or part.get("image_url") for part in item.get("content", ())]
        found.append((item.get("role") or item["type"], words or item.get("call_id")))
    return found


def texts(session: RealtimeSession) -> list[str | None]:
    return [item.text for item in session.state.conversation.items.values()]


class Prompt:
    """A transport that never lets another task run while it has something; held back, it gives all at the end."""

    def __init__(self, inner: Transport) -> None:
        self.send: Callable[[bytes], Awaitable[None]] = inner.send
        self.aclose = inner.aclose
        self.is_holding = False
        self._inner = inner
        self._came: deque[bytes | ConnectionClosed] = deque()
        self._changed = anyio.Event()

    async def pump(self) -> None:
        while True:
            try:
                self._came.append(await self._inner.receive())
            except ConnectionClosed as end:
                self._came.append(end)
                self._changed.set()
                return
            if not self.is_holding:
                self._changed.set()
                self._changed = anyio.Event()

    async def receive(self) -> bytes:
        while not self._came:
            await self._changed.wait()
        if isinstance(found := self._came[0], ConnectionClosed):
            raise found
        self._came.popleft()
        return found


# --- a break --------------------------------------------------------------------------------------------------------


async def test_after_a_break_the_new_server_is_told_settings_and_conversation() -> None:
    async with Servers().talking(instructions="Be brief.", turn_detection=None) as (session, servers):
        await session.update(voice="cedar")
        await session.respond("What is the capital of France?")
        await servers.last.transport.aclose(1006)
        await brought_back(session)
        assert servers.last.kinds == ["session.update", "conversation.item.create", "conversation.item.create"]
        assert servers.last.heard[0]["session"] == {
            "type": "realtime",
            "instructions": "Be brief.",
            "audio": {"input": {"turn_detection": None}, "output": {"voice": "cedar"}},
        }
        assert told(servers.last) == [("user", ["What is the capital of France?"]), ("assistant", ["Paris."])]
        assert texts(session) == ["What is the capital of France?", "Paris."]
        assert [epoch.session_id for epoch in session.state.epochs] == ["sess_1", "sess_2"]
        assert session.state.epochs[1].lost == ()
        assert set(session.state.conversation.order) == {
            event["item"]["id"] for event in servers.last.heard_of("conversation.item.create")
        }
        assert (await session.respond("And of Italy?")).text == "Paris."
    assert session.state == replay(session.log)
    assert session.state.anomalies == ()


async def test_iterations_go_on_and_what_was_pending_fails() -> None:
    async with Servers().talking() as (session, servers), anyio.create_task_group() as group:
        failures: list[type[Exception]] = []
        seen: list[str] = []

        async def listen() -> None:
            seen.extend([update.record.sender async for update in session.updates()])

        async def fails(what: Any) -> None:
            try:
                await what
            except Exception as error:
                failures.append(type(error))

        servers.last.silent_about.add("input_audio_buffer.clear")
        servers.last.holding = True
        group.start_soon(listen)
        group.start_soon(fails, session.clear())
        group.start_soon(fails, session.respond("Hello"))
        await servers.last.until_heard("response.create")
        await servers.last.transport.aclose(1011)
        await brought_back(session)
        assert failures == [ConnectionLost, ConnectionLost]
        assert session.is_open
        await session.aclose()
    assert seen[-1] == "local"


async def test_senders_wait_for_the_new_connection_and_go_out_in_order() -> None:
    patient = replace(AT_ONCE, attempts=1_000)
    async with Servers().talking(continuity=patient) as (session, servers), anyio.create_task_group() as group:
        servers.refusing = ConnectionLost("not yet")
        await servers.last.transport.aclose(1006)
        await session.until(lambda state: state.epochs[0].closed)
        for text in ("One", "Two", "Three"):
            group.start_soon(session.add_item, text)
            await idle()
        servers.refusing = None
        await session.until(lambda state: len(state.conversation.items) == 3)
        assert told(servers.last) == [("user", ["One"]), ("user", ["Two"]), ("user", ["Three"])]


async def test_waiting_for_a_connection_has_a_limit() -> None:
    patient = replace(AT_ONCE, attempts=1_000, first_delay_s=1.0)
    async with Servers().talking(continuity=patient) as (session, servers):
        servers.refusing = ConnectionLost("not yet")
        await servers.last.transport.aclose(1006)
        await session.until(lambda state: state.epochs[0].closed)
        for wait in (
            session.ask(timeout=0),
            session.send(client_events.InputAudioBufferClear(), timeout=0),
            session.add_item("Hello", timeout=0),
            session.respond("Hello", timeout=0),
            session.submit_tool_output("call_1", "done", timeout=0),
        ):
            with pytest.raises(RequestTimeout):
                await wait


async def test_a_request_for_a_response_that_was_given_up_at_the_gate_is_not_made() -> None:
    patient = replace(AT_ONCE, attempts=1_000)
    async with Servers().talking(continuity=patient) as (session, servers):
        servers.refusing = ConnectionLost("not yet")
        await servers.last.transport.aclose(1006)
        await session.until(lambda state: state.epochs[0].closed)
        for wait in (session.ask(timeout=0), session.send(client_events.ResponseCreate(), timeout=0)):
            with pytest.raises(RequestTimeout):
                await wait
        servers.refusing = None
        await brought_back(session)
        await session.add_item("Hello")
        assert servers.last.kinds == ["conversation.item.create"]


async def test_audio_of_the_gap_is_sent_and_what_did_not_fit_is_told() -> None:
    policy = replace(AT_ONCE, gap_audio_bytes=300, attempts=1_000)
    async with Servers().talking(continuity=policy) as (session, servers):
        servers.refusing = ConnectionLost("not yet")
        await servers.last.transport.aclose(1006)
        await session.until(lambda state: state.epochs[0].closed)
        for piece in (b"a" * 150, b"b" * 150, b"c" * 150):
            await session.append_audio(piece)
        servers.refusing = None
        await brought_back(session)
        await session.append_audio(b"d" * 3)
        await idle()
        sent = [len(event["audio"]) for event in servers.last.heard_of("input_audio_buffer.append")]
        assert sent == [200, 200, 4]
        assert session.state.epochs[1].lost == ("150 bytes of audio",)
    assert session.state == replay(session.log)


def appended(server: Server) -> bytes:
    return b"".join(base64.b64decode(event["audio"]) for event in server.heard_of("input_audio_buffer.append"))


async def test_audio_that_was_not_committed_is_sent_again_and_what_is_not_kept_is_told() -> None:
    async with Servers().talking(continuity=replace(AT_ONCE, gap_audio_bytes=400)) as (session, servers):
        await session.append_audio(b"a" * 150)
        await session.commit()
        for piece in (b"b" * 150, b"c" * 150):
            await session.append_audio(piece)
        await servers.last.until_heard("input_audio_buffer.append", 3)
        await servers.last.transport.aclose(1006)
        await brought_back(session)
        await idle()
        assert appended(servers.last) == b"b" * 150 + b"c" * 150
        for piece in (b"d" * 150, b"e" * 150):
            await session.append_audio(piece)
        await servers.last.until_heard("input_audio_buffer.append", 4)
        await servers.last.transport.aclose(1006)
        await brought_back(session, 2)
        await idle()
        assert appended(servers.last) == b"d" * 150 + b"e" * 150
        assert session.state.epochs[2].lost[-1] == "300 bytes of audio"
    assert session.state == replay(session.log)


async def test_raw_appends_are_kept_and_sent_again_as_all_audio_is() -> None:
    def append(sound: bytes, **more: Any) -> Any:
        return client_events.InputAudioBufferAppend(audio=base64.b64encode(sound).decode(), **more)

    patient = replace(AT_ONCE, attempts=1_000)
    async with Servers().talking(continuity=patient) as (session, servers):
        await session.send(append(b"aaa", event_id="evt_mine"))
        heard = await servers.last.until_heard("input_audio_buffer.append")
        assert heard == {"type": "input_audio_buffer.append", "event_id": "evt_mine", "audio": "YWFh"}
        servers.refusing = ConnectionLost("not yet")
        await servers.last.transport.aclose(1006)
        await session.until(lambda state: state.epochs[0].closed)
        with anyio.fail_after(5):
            await session.append_audio(b"bbb")
            await session.send(append(b"ccc"))
        servers.refusing = None
        await brought_back(session)
        await session.send(append(b"ddd"))
        await servers.last.until_heard("input_audio_buffer.append", 4)
        assert appended(servers.last) == b"aaabbbcccddd"
        assert session.state.epochs[1].lost == ()
        assert session.state.sent_audio_bytes == 15
    assert session.state == replay(session.log)


async def test_speech_that_goes_on_is_sent_again_from_where_it_began() -> None:
    detecting = {"type": "server_vad"}
    async with Servers().talking(turn_detection=detecting) as (session, servers):
        await session.append_audio(b"s" * 48_000)
        await servers.last.say("input_audio_buffer.speech_started", audio_start_ms=900, item_id="item_u")
        await session.until(lambda state: state.input_audio.speaking)
        await session.append_audio(b"t" * 4_800)
        await servers.last.until_heard("input_audio_buffer.append", 2)
        await servers.last.transport.aclose(1006)
        await brought_back(session)
        await idle()
        assert appended(servers.last) == b"s" * 4_800 + b"t" * 4_800
        assert session.state.epochs[1].lost == ()


async def test_an_output_that_is_ready_after_a_break_is_told_with_its_call() -> None:
    started, ready = anyio.Event(), anyio.Event()
    runs: list[int] = []

    async def slow() -> str:
        """Takes its time."""
        runs.append(1)
        started.set()
        await ready.wait()
        return "done"

    async with Servers().talking(tools=[slow]) as (session, servers):
        long_id = "call_" + "x" * 40
        await servers.last.respond_by_itself("resp_1")
        call = await servers.last.call("resp_1", "slow", "{}", call_id=long_id)
        await servers.last.finish("resp_1", items=(call,))
        await started.wait()
        await servers.last.transport.aclose(1006)
        await brought_back(session)
        assert session.state.epochs[1].lost == (call,)
        ready.set()
        await servers.last.until_heard("response.create")
        (first, call_id), (second, output_id) = told(servers.last)
        assert (first, second) == ("function_call", "function_call_output")
        assert call_id == output_id
        assert runs == [1]
    assert session.state == replay(session.log)


async def test_an_output_that_is_refused_is_told_of() -> None:
    async def quick() -> str:
        """Takes no time."""
        return "done"

    async with Servers().talking(tools=[quick]) as (session, servers):
        servers.last.refuse("conversation.item.create", code="invalid_value")
        await servers.last.respond_by_itself("resp_1")
        call = await servers.last.call("resp_1", "quick", "{}", call_id="call_1")
        await servers.last.finish("resp_1", items=(call,))
        await session.until(lambda state: state.epochs[0].lost == ("the output of quick for call_1",))
    assert session.state == replay(session.log)


async def test_calls_of_a_history_are_not_run_again() -> None:
    runs: list[int] = []

    async def once() -> str:
        """Runs once."""
        runs.append(1)
        return "done"

    async with talking(tools=[once]) as (session, server):
        await server.respond_by_itself("resp_1")
        call = await server.call("resp_1", "once", "{}", call_id="call_1")
        await server.finish("resp_1", items=(call,))
        await session.until(lambda state: any(i.type == "function_call_output" for i in state.items.values()))
    async with talking(tools=[once], history=session.log) as (_, later):
        assert ("function_call", "call_1") in told(later)
        await idle()
    assert runs == [1]


async def test_a_response_that_was_asked_for_when_idle_is_asked_for_again_after_a_break() -> None:
    async with Servers().talking() as (session, servers):
        servers.last.holding = True
        await servers.last.respond_by_itself("resp_1")
        await session.until(lambda state: state.active_response_id)
        await session.add_item("And now?", reply=True)
        assert servers.last.heard_of("response.create") == []
        await servers.last.transport.aclose(1006)
        await brought_back(session)
        await servers.last.until_heard("response.create")
        await session.until(lambda state: not state.active_response_id and len(state.responses) == 2)
        assert len(servers.last.heard_of("response.create")) == 1


async def test_joined_requests_for_a_response_in_flight_are_made_once_on_the_new_connection() -> None:
    async with Servers().talking() as (session, servers):
        servers.last.silent_about.add("response.create")
        await session.add_item("One", reply=True)
        await session.add_item("Two", reply=True)
        await session.add_item("Three", reply=True)
        assert len(servers.last.heard_of("response.create")) == 1
        await servers.last.transport.aclose(1006)
        await brought_back(session)
        await session.until(lambda state: not state.active_response_id and state.responses)
        await idle()
        assert told(servers.last) == [("user", ["One"]), ("user", ["Two"]), ("user", ["Three"])]
        assert servers.last.kinds.count("response.create") == 1
        assert texts(session) == ["One", "Two", "Three", "Paris."]


async def test_a_response_to_what_was_lost_with_its_connection_is_not_asked_for_again() -> None:
    async with Servers().talking() as (session, servers), anyio.create_task_group() as group:
        servers.last.silent_about |= {"conversation.item.create", "response.create"}

        async def lose(text: str) -> None:
            with pytest.raises(ConnectionLost):
                await session.add_item(text, reply=True)

        for text in ("One", "Two", "Three"):
            group.start_soon(lose, text)
        await servers.last.until_heard("conversation.item.create", 3)
        await servers.last.transport.aclose(1006)
        await brought_back(session)
        assert servers.last.kinds == []
        await session.add_item("Four", reply=True)
        await session.until(lambda state: not state.active_response_id and state.responses)
        assert texts(session) == ["Four", "Paris."]
        assert servers.last.kinds.count("response.create") == 1


class Snapping(Servers):
    """The first connection breaks in the middle of sending a frame that has this in it."""

    breaks_at = b"?"

    @asynccontextmanager
    async def open(self, endpoint: Endpoint) -> AsyncGenerator[Transport, None]:
        async with super().open(endpoint) as near:
            snapping = Prompt(near)
            self.group.start_soon(snapping.pump)
            send, server = snapping.send, self.last

            async def send_or_snap(frame: bytes) -> None:
                if server is self.all[0] and self.breaks_at in frame:
                    self.group.start_soon(server.transport.aclose, self.code)
                    raise self.error("snap")
                await send(frame)

            snapping.send = send_or_snap
            yield snapping

    def __init__(self, breaks_at: bytes, error: type[ConnectionClosed], code: int) -> None:
        super().__init__()
        self.breaks_at, self.error, self.code = breaks_at, error, code


@pytest.mark.parametrize(("error", "code"), [(ConnectionLost, 1006), (ConnectionExpired, 1001)])
async def test_asking_while_the_connection_breaks_is_no_error_where_it_is_asked_again(
    error: type[ConnectionClosed], code: int
) -> None:
    async with Snapping(b"response.create", error, code).talking() as (session, servers):
        await session.add_item("Hello")
        await session.ask()
        await session.until(lambda state: not state.active_response_id and state.responses)
        assert servers.last.kinds == ["conversation.item.create", "response.create"]


@pytest.mark.parametrize(("error", "code"), [(ConnectionLost, 1006), (ConnectionExpired, 1001)])
async def test_appending_while_the_connection_breaks_is_no_error_where_it_is_sent_again(
    error: type[ConnectionClosed], code: int
) -> None:
    async with Snapping(b"input_audio_buffer.append", error, code).talking() as (session, servers):
        await session.append_audio(b"abc")
        await brought_back(session)
        await servers.last.until_heard("input_audio_buffer.append")
        assert appended(servers.last) == b"abc"


async def test_a_second_break_while_the_conversation_is_told_loses_nothing() -> None:
    class Fragile(Server):
        breaks_after: int | None = None

        async def on_conversation_item_create(self, event: dict[str, Any]) -> None:
            if self.breaks_after is not None and len(self.heard_of("conversation.item.create")) > self.breaks_after:
                await self.transport.aclose(1006)
                return
            await super().on_conversation_item_create(event)

    def prepare(server: Server, number: int) -> None:
        assert isinstance(server, Fragile)
        server.breaks_after = {1: 0, 2: 2}.get(number)

    async with Servers(Fragile, prepare).talking() as (session, servers):
        await session.respond("One")
        await session.respond("Two")
        before = texts(session)
        await servers.last.transport.aclose(1006)
        await servers.until_count(4)
        await brought_back(session, 3)
        assert texts(session) == before == ["One", "Paris.", "Two", "Paris."]
        assert len(told(servers.last)) == 4
        assert session.state.epochs[3].lost == ()
    assert session.state == replay(session.log)


class Prompted(Servers):
    @asynccontextmanager
    async def open(self, endpoint: Endpoint) -> AsyncGenerator[Transport, None]:
        async with super().open(endpoint) as near:
            self.prompt = Prompt(near)
            self.group.start_soon(self.prompt.pump)
            yield self.prompt


@pytest.mark.parametrize("last_answer", ["session.created", "conversation.item.added"])
async def test_a_connection_that_breaks_with_its_last_answer_is_followed_by_another(last_answer: str) -> None:
    class Brief(Server):
        async def say(self, kind: str, **fields: Any) -> None:
            items = len(self.heard_of("conversation.item.create"))
            is_last = self.session["id"] == "sess_2" and kind == last_answer and items in (0, 2)
            if is_last:
                servers.prompt.is_holding = True
            await super().say(kind, **fields)
            if is_last:
                await self.transport.aclose(1006)

    servers = Prompted(Brief)
    async with servers.talking() as (session, _):
        if last_answer == "conversation.item.added":
            await session.respond("One")
        before = texts(session)
        with anyio.fail_after(5):
            await servers.last.transport.aclose(1006)
            await servers.until_count(3)
            await brought_back(session, 2)
            assert (await session.respond("Two")).text == "Paris."
        assert texts(session) == [*before, "Two", "Paris."]
    assert session.state == replay(session.log)


async def test_the_assistant_is_remembered_as_it_was_heard() -> None:
    async with Servers().talking() as (session, servers):
        servers.last.holding = True
        await servers.last.respond_by_itself("resp_1")
        sound = b"\0" * 48_000
        item_id = await servers.last.speak("resp_1", "One two three four", sound=sound)
        await servers.last.finish("resp_1", items=(item_id,))
        await session.until(lambda state: not state.active_response_id)
        session.heard(item_id, 2_100)
        await session.interrupt()
        await servers.last.transport.aclose(1006)
        await brought_back(session)
        assert told(servers.last) == [("assistant", ["One two"])]
        (item,) = session.state.conversation.items.values()
        assert (item.text, item.heard_text, item.truncated_ms) == ("One two three four", "One two", 2_100)
    assert session.state == replay(session.log)


async def test_what_was_broken_off_is_told_as_far_as_it_was_heard_and_else_is_lost() -> None:
    async with Servers().talking() as (session, servers):
        await servers.last.respond_by_itself("resp_1")
        heard = await servers.last.speak("resp_1", "One two", sound=b"\0" * 48_000)
        unheard = await servers.last.speak("resp_1", "Three four", sound=b"\0" * 48_000)
        await session.until(lambda state: unheard in state.items and state.items[unheard].audio_ms == 2_000)
        session.heard(heard, 1_500)
        await servers.last.transport.aclose(1006)
        await brought_back(session)
        assert told(servers.last) == [("assistant", ["One"])]
        assert session.state.epochs[1].lost == (unheard,)
        assert session.state.responses["resp_1"].reason == "connection_closed"


async def test_calls_go_with_their_outputs_and_calls_without_one_are_lost() -> None:
    async with Servers().talking() as (session, servers):
        await servers.last.respond_by_itself("resp_1")
        long_id = "call_" + "x" * 40
        first = await servers.last.call("resp_1", "weather", "{}", call_id=long_id)
        second = await servers.last.call("resp_1", "weather", "{}", call_id="call_2", index=1)
        await servers.last.finish("resp_1", items=(first, second))
        await session.until(lambda state: not state.active_response_id and second in state.conversation.items)
        await session.submit_tool_output(long_id, "sunny", reply=False)
        await servers.last.transport.aclose(1006)
        await brought_back(session)
        (call, call_id), (output, output_id) = told(servers.last)
        assert (call, output) == ("function_call", "function_call_output")
        assert call_id == output_id
        assert len(call_id) <= 32
        assert session.state.epochs[1].lost == (second,)


async def test_pictures_and_system_messages_are_told_again_and_what_a_server_refuses_is_lost() -> None:
    def prepare(server: Server, number: int) -> None:
        if number == 1:
            server.refuse("conversation.item.create", code="invalid_value")

    async with Servers(prepare=prepare).talking() as (session, servers):
        system = [models.SystemMessageContent(type="input_text", text="Be kind.")]
        await session.add_item(models.SystemMessage(content=system))
        picture = models.UserMessageContent(type="input_image", image_url="data:image/png;base64,AAAA")
        await session.add_item(models.UserMessage(content=[picture]))
        await servers.last.transport.aclose(1006)
        await brought_back(session)
        assert told(servers.last) == [("system", ["Be kind."]), ("user", ["data:image/png;base64,AAAA"])]
        refused = servers.last.heard_of("conversation.item.create")[0]["item"]["id"]
        assert session.state.epochs[1].lost == (refused,)
        assert refused not in session.state.conversation.items


async def test_spoken_words_of_the_user_are_told_as_text() -> None:
    async with Servers().talking() as (session, servers):
        await session.append_audio(b"\0" * 4800)
        item_id = await session.commit()
        await session.append_audio(b"\0" * 4800)
        untold = await session.commit()
        assert item_id is not None
        completed = "conversation.item.input_audio_transcription.completed"
        usage = {"type": "duration", "seconds": 0.1}
        await servers.last.say(completed, item_id=item_id, content_index=0, transcript="Hello there", usage=usage)
        await session.until(lambda state: state.items[item_id].input_transcript)
        await servers.last.transport.aclose(1006)
        await brought_back(session)
        assert told(servers.last) == [("user", ["Hello there"])]
        assert session.state.epochs[1].lost == (untold,)
        (item,) = session.state.conversation.items.values()
        assert item.input_transcript == "Hello there"


async def test_a_turn_that_nobody_answered_is_asked_again_if_that_is_wanted() -> None:
    async with Servers().talking(continuity=replace(AT_ONCE, answer_again=True)) as (session, servers):
        await session.add_item("Are you there?")
        await servers.last.transport.aclose(1006)
        await session.until(lambda state: any(item.role == "assistant" for item in state.conversation.items.values()))
        assert texts(session)[0] == "Are you there?"


async def test_a_call_that_is_attached_to_again_goes_on_as_it_is() -> None:
    from realtime_sdk.session import connect
    from realtime_sdk.session.lines import task_home
    from realtime_sdk.transport import Endpoint

    servers = Servers(prepare=lambda server, _: setattr(server, "greets", False))
    async with task_home() as servers.group:
        endpoint = Endpoint("ws://host/v1/realtime?call_id=rtc_1")
        async with connect(endpoint, transport=servers.open, continuity=AT_ONCE) as session:
            item = await session.add_item("Hello")
            await servers.last.transport.aclose(1006)
            await session.until(lambda state: len(state.epochs) == 2)
            await idle()
            assert servers.last.heard == []
            assert session.state.conversation.order == (item.id,)


# --- giving up ------------------------------------------------------------------------------------------------------


async def test_when_no_attempt_succeeds_the_break_is_raised() -> None:
    async with Servers().talking() as (session, servers):
        updates = session.updates()
        servers.refusing = ConnectionLost("still down")
        await servers.last.transport.aclose(1006)
        with pytest.raises(ConnectionLost, match="without a close frame"):
            [update async for update in updates]
        assert servers.tries == 1 + AT_ONCE.attempts
        with pytest.raises(ConnectionLost):
            await session.append_audio(b"\0\0")
    assert session.state == replay(session.log)


async def test_a_server_that_refuses_for_good_is_asked_once() -> None:
    async with Servers().talking() as (session, servers):
        updates = session.updates()
        servers.refusing = HandshakeError("no such key", status=401, code="invalid_api_key")
        await servers.last.transport.aclose(1006)
        with pytest.raises(HandshakeError):
            [update async for update in updates]
        assert servers.tries == 2


async def test_a_session_that_is_refused_after_a_break_ends_with_one_error_for_everybody() -> None:
    refusing = Servers(prepare=lambda server, number: setattr(server, "greets", not number))
    async with refusing.talking() as (session, servers):
        updates = session.updates()
        await servers.last.transport.aclose(1006)
        await servers.until_count(2)
        await servers.last.error("invalid_api_key", message="no such key")
        with pytest.raises(RealtimeError, match="no such key") as told:
            [update async for update in updates]
        await session.aclose()
        with pytest.raises(type(told.value), match="no such key"):
            await session.until_ended()


@pytest.mark.parametrize("code", [1000, 4000])
async def test_an_end_on_purpose_is_no_break(code: int) -> None:
    async with Servers().talking() as (session, servers):
        updates = session.updates()
        await servers.last.transport.aclose(code, "bye")
        if code == 1000:
            assert [update.record.sender async for update in updates] == ["local"]
        else:
            with pytest.raises(ConnectionClosed):
                [update async for update in updates]
        assert servers.tries == 1


async def test_without_a_policy_a_break_is_the_end() -> None:
    async with Servers().talking(continuity=None) as (session, servers):
        updates = session.updates()
        await servers.last.transport.aclose(1006)
        with pytest.raises(ConnectionLost):
            [update async for update in updates]


async def test_closing_while_there_is_no_connection_ends_the_session() -> None:
    async with Servers().talking(continuity=replace(AT_ONCE, first_delay_s=1_000)) as (session, servers):
        updates = session.updates()
        await servers.last.transport.aclose(1006)
        await session.until(lambda state: state.epochs[0].closed)
        await session.aclose()
        assert [update.record.sender async for update in updates] == ["local"]


def test_delays_double_up_to_a_bound_and_chance_takes_a_share() -> None:
    policy = Continuity(first_delay_s=1, longest_delay_s=5, jitter=0.5, chance=lambda: 0.0)
    assert [policy.delay_s(attempt) for attempt in range(4)] == [1, 2, 4, 5]
    assert replace(policy, chance=lambda: 1.0).delay_s(2) == 2


# --- the longest duration -------------------------------------------------------------------------------------------


ROLLING = replace(AT_ONCE, rollover_before_s=60.0, wall_s=lambda: 59.99)


def expiring(server: Server, number: int) -> None:
    """The first session expires in a minute, so that it is time to roll over."""
    server.session["expires_at"] = 60 if number == 0 else 100_000


async def test_an_expired_session_is_followed_by_another() -> None:
    async with Servers().talking() as (session, servers):
        await session.respond("One")
        await servers.last.transport.aclose(1001, "Your session hit the maximum duration of 60 minutes.")
        await brought_back(session)
        assert texts(session) == ["One", "Paris."]


async def test_without_a_policy_an_expired_session_is_raised_as_such() -> None:
    async with Servers().talking(continuity=None) as (session, servers):
        updates = session.updates()
        await servers.last.transport.aclose(1001)
        with pytest.raises(ConnectionExpired):
            [update async for update in updates]


async def test_before_it_expires_the_session_rolls_over_and_the_new_connection_was_ready_before() -> None:
    async with Servers(prepare=expiring).talking(continuity=ROLLING) as (session, servers):
        await brought_back(session)
        first, second = session.state.epochs
        assert (first.close_reason, first.closed_by) == ("rollover", "client")
        assert second.session_id == "sess_2"
        assert (await session.respond("One")).text == "Paris."
        assert servers.tries == 2
    assert session.state == replay(session.log)
    assert session.state.anomalies == ()


async def test_it_rolls_over_at_a_quiet_moment_only() -> None:
    def prepare(server: Server, number: int) -> None:
        expiring(server, number)
        server.holding = True

    async with Servers(prepare=prepare).talking(continuity=ROLLING, turn_detection="server_vad") as (session, servers):
        first = servers.all[0]
        await first.respond_by_itself("resp_1")
        await servers.until_count(2)  # the new connection is ready
        await idle()
        assert len(session.state.epochs) == 1
        await first.say("input_audio_buffer.speech_started", audio_start_ms=0, item_id="item_u")
        await first.finish("resp_1")
        await idle()
        assert len(session.state.epochs) == 1
        await first.say("input_audio_buffer.speech_stopped", audio_end_ms=500, item_id="item_u")
        await first.say("input_audio_buffer.committed", item_id="item_u")
        await brought_back(session)
        assert servers.tries == 2


async def test_a_break_before_the_quiet_moment_takes_the_connection_that_is_ready() -> None:
    def prepare(server: Server, number: int) -> None:
        expiring(server, number)
        server.holding = True

    async with Servers(prepare=prepare).talking(continuity=ROLLING) as (session, servers):
        await servers.all[0].respond_by_itself("resp_1")
        await servers.until_count(2)
        await idle()
        await servers.all[0].transport.aclose(1006)
        await brought_back(session)
        assert servers.tries == 2
        assert session.state.epochs[1].session_id == "sess_2"


# --- a conversation from elsewhere ----------------------------------------------------------------------------------


async def earlier() -> RealtimeSession:
    async with talking() as (session, _):
        await session.respond("What is the capital of France?")
    return session


async def test_a_session_goes_on_with_the_conversation_of_another(tmp_path: Any) -> None:
    session = await earlier()
    session.log.save(tmp_path / "call.jsonl")
    for history in (session.state, session.log, tmp_path / "call.jsonl"):
        async with talking(history=history, instructions="x") as (later, server):
            assert server.kinds == ["session.update", "conversation.item.create", "conversation.item.create"]
            assert texts(later) == ["What is the capital of France?", "Paris."]
            assert later.state.epochs[0].lost == ()
        assert later.state == replay(later.log)


async def test_what_of_a_history_cannot_be_told_is_named() -> None:
    session = await earlier()
    ids = session.state.conversation.order
    async with talking(
        history=session.state, prepare=lambda server: server.refuse("conversation.item.create", code="invalid_value")
    ) as (later, _):
        assert later.state.epochs[0].lost == (ids[0],)
        assert texts(later) == ["Paris."]


async def test_a_log_that_goes_on_is_told_to_the_new_server() -> None:
    log = EventLog()
    async with talking(log=log) as (first, _):
        await first.respond("One")
    async with talking(log=log, prepare=lambda server: server.session.update(id="sess_2")) as (second, server):
        assert [words for _, words in told(server)] == [["One"], ["Paris."]]
        assert texts(second) == ["One", "Paris."]
    assert second.state == replay(log)


async def test_an_empty_history_is_nothing() -> None:
    async with talking(history=RealtimeState.empty()) as (_, server):
        assert server.heard == []


async def test_a_history_that_is_not_taken_in_time_is_a_timeout() -> None:
    session = await earlier()
    with pytest.raises(RequestTimeout):
        async with talking(
            history=session.log, timeout=0.05, prepare=lambda s: s.silent_about.add("conversation.item.create")
        ):
            pass
