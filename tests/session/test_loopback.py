"""The same over real websockets on loopback, on both event loops, against the simulator."""

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import anyio
import pytest

from realtime_sdk.errors import ConnectionLost
from realtime_sdk.fold import replay
from realtime_sdk.protocol import client_events
from realtime_sdk.session import connect
from realtime_sdk.simulator import simulate
from realtime_sdk.transport import Endpoint, Transport, WebsocketOptions, connect as open_websocket
from tests.session.scripted import AT_ONCE

QUICK = WebsocketOptions(close_timeout=0.5)


async def test_a_session_over_a_websocket_is_what_its_log_says(tmp_path: Any) -> None:
    path = tmp_path / "call.jsonl"
    async with simulate() as server, connect(server.endpoint, instructions="Be brief.", log=path) as session:
        answer = await session.respond("What is the capital of France?")
        assert "Paris" in answer.text
        assert answer.usage is not None
        sizes = [delta.pcm_size async for delta in session.respond("And of Italy?") if hasattr(delta, "pcm_size")]
        assert sum(sizes) > 0
    assert session.state == replay(session.log)
    assert session.state.anomalies == ()
    assert [epoch.close_code for epoch in session.state.epochs] == [1000]


def weather(city: str) -> str:
    """How the weather is in a city."""
    return f"sunny in {city}"


async def test_every_verb_is_understood_by_a_server() -> None:
    async with simulate() as server, connect(server.endpoint, turn_detection=None, tools=[weather]) as session:
        assert (await session.update(instructions="Be brief.")).instructions == "Be brief."
        item = await session.add_item("Hello")
        assert (await session.retrieve(item.id)).id == item.id
        await session.delete(item.id)
        await session.append_audio(b"\0" * 9_600)
        await session.clear()
        await session.append_audio(b"\0" * 9_600)
        committed = await session.commit()
        await session.until(lambda state: committed in state.conversation.items)
        assert await session.cancel() is False
        spoken = await session.respond("What is the capital of France?")
        (message,) = [item for item in spoken.items if item.type == "message"]
        session.heard(message.id, 100)
        assert [cut.audio_end_ms for cut in (await session.interrupt()).cut] == [100]
        aside = await session.respond("What is the capital of Italy?", out_of_band=True)
        assert aside.response.out_of_band
        assert aside.items[0].id not in session.state.conversation.items
        await session.request(client_events.ResponseCreate())
        await session.until(lambda state: not state.active_response_id)
        await session.ask()
        await session.until(lambda state: not state.active_response_id and len(state.responses) == 4)
    assert session.state == replay(session.log)
    assert [error.code for error in session.state.errors] == ["response_cancel_not_active"]
    assert session.state.anomalies == ()


async def test_a_tool_that_the_model_calls_is_run_and_the_model_goes_on() -> None:
    async with simulate() as server, connect(server.endpoint, tools=[weather], tool_choice="required") as session:
        called = await session.respond("How is the weather in Rome?")
        assert [call.name for call in called.calls] == ["weather"]
        await session.until(lambda state: any(item.type == "function_call_output" for item in state.items.values()))
    assert session.state == replay(session.log)


class Cutting:
    """Opens websockets, and cuts the ones that are open when told."""

    def __init__(self) -> None:
        self.open_transports: list[Transport] = []
        self.opened = 0

    @asynccontextmanager
    async def open(self, endpoint: Endpoint) -> AsyncGenerator[Transport, None]:
        async with open_websocket(endpoint.url, headers=endpoint.headers, options=QUICK) as transport:
            self.open_transports.append(inner := _Cut(transport))
            self.opened += 1
            yield inner

    def cut(self) -> None:
        self.open_transports.pop().broken.set()


class _Cut:
    """A transport whose cable can be cut: `receive` raises ConnectionLost then."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.broken = anyio.Event()

    async def send(self, frame: bytes) -> None:
        if self.broken.is_set():
            raise ConnectionLost("the cable is cut", code=1006)
        await self._inner.send(frame)

    async def receive(self) -> bytes:
        found: list[bytes] = []
        async with anyio.create_task_group() as group:

            async def watch() -> None:
                await self.broken.wait()
                group.cancel_scope.cancel()

            group.start_soon(watch)
            found.append(await self._inner.receive())
            group.cancel_scope.cancel()
        if not found:
            raise ConnectionLost("the cable is cut", code=1006)
        return found[0]

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        await self._inner.aclose(code, reason)


async def test_a_conversation_goes_on_over_new_websockets() -> None:
    cable = Cutting()
    async with (
        simulate() as server,
        connect(server.endpoint, transport=cable.open, continuity=AT_ONCE, instructions="Be brief.") as session,
    ):
        for cuts in range(3):
            await session.respond("What is the capital of France?")
            before = [item.text for item in session.state.conversation.items.values()]
            cable.cut()
            await session.until(lambda state, n=cuts: len(state.epochs) == n + 2)  # type: ignore[misc]
            await session.append_audio(b"\0" * 480)
            await session.update(instructions=f"Be briefer than {cuts}.")
            assert [item.text for item in session.state.conversation.items.values()] == before
        assert cable.opened == 4
    assert session.state == replay(session.log)
    assert session.state.anomalies == ()


async def test_a_session_rolls_over_to_another_websocket_and_goes_on() -> None:
    cable = Cutting()
    times = iter([1e12])  # late for the first session, early for all others
    policy = replace(AT_ONCE, rollover_before_s=60.0, wall_s=lambda: next(times, 0.0))
    async with (
        simulate() as server,
        connect(server.endpoint, transport=cable.open, continuity=policy, instructions="x") as session,
    ):
        await session.until(lambda state: len(state.epochs) == 2)
        answer = await session.respond("What is the capital of France?")
        assert "Paris" in answer.text
        assert session.state.epochs[0].close_reason == "rollover"
        assert cable.opened == 2
    assert session.state == replay(session.log)
    assert session.state.anomalies == ()


async def test_nobody_at_the_other_end_is_a_lost_connection() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ConnectionLost):
        async with connect(Endpoint(f"ws://127.0.0.1:{port}/v1/realtime")):
            pass
