"""The replay server: a recorded log answers any client that says what was said, several at once."""

import json
from pathlib import Path

import anyio
import pytest

import realtime_sdk as rt
from realtime_sdk.errors import ConnectionClosed, HandshakeError, ReplayMismatch
from realtime_sdk.log import EventLog
from realtime_sdk.protocol.codec import parse
from realtime_sdk.simulator.replaying import replay_server
from realtime_sdk.transport import connect

QUESTION = "What is the capital of France?"


async def recorded(path: Path) -> EventLog:
    """Record a session with the simulator."""
    async with rt.simulate() as server, rt.connect(server.endpoint, instructions="Be brief.", log=path) as session:
        await session.respond(QUESTION)
    return EventLog.load(path)


@pytest.mark.parametrize("check", ["lenient", "strict", "off"])
async def test_a_session_can_be_held_again_with_its_log(check: str, tmp_path: Path) -> None:
    log = await recorded(tmp_path / "call.jsonl")
    async with replay_server(tmp_path / "call.jsonl", check=check) as server:  # type: ignore[arg-type]
        async with rt.connect(server.endpoint, instructions="Be brief.") as session:
            if check == "off":
                await session.until(lambda state: state.responses and state.active_response_id is None)
            else:
                assert (await session.respond(QUESTION)).text == "The capital is Paris."
    assert [one.frame for one in session.log if one.sender == "server"] == [
        one.frame for one in log if one.sender == "server"
    ]


async def test_several_clients_hear_it_at_once(tmp_path: Path) -> None:
    log = await recorded(tmp_path / "call.jsonl")
    async with replay_server(log) as server:
        async with (
            rt.connect(server.endpoint, instructions="a") as one,
            rt.connect(server.endpoint, instructions="b") as two,
        ):
            first, second = await one.respond("Hi"), await two.respond("Ho")
    assert first.text == second.text == "The capital is Paris."
    assert server.sessions == 2


async def test_a_client_that_says_something_else_is_told_and_closed_and_the_block_fails(tmp_path: Path) -> None:
    log = await recorded(tmp_path / "call.jsonl")
    with pytest.raises(ReplayMismatch, match=r"got response\.cancel"):
        async with replay_server(log) as server, connect(server.url) as transport:
            await transport.receive()
            await transport.send(b'{"type":"response.cancel"}')
            told = parse(await transport.receive())
            with pytest.raises(ConnectionClosed) as caught:
                await transport.receive()
            assert (told["type"], told["error"]["code"]) == ("error", "replay_mismatch")
            assert caught.value.code == 1008


async def test_a_strict_replay_wants_all_that_was_said(tmp_path: Path) -> None:
    log = await recorded(tmp_path / "call.jsonl")
    seen: list[ReplayMismatch] = []
    async with replay_server(log, check="strict", on_mismatch=seen.append) as server:
        async with connect(server.url) as transport:
            await transport.receive()
        async with connect(server.url, headers={}) as transport:  # the first one has ended by now, or will in the block
            await transport.receive()
            await transport.send(b'{"type":"session.update","session":{"type":"realtime"}}')
            with pytest.raises(ConnectionClosed):
                while True:
                    await transport.receive()
    assert "the client sent something else" in str(seen[-1])


async def test_each_client_hears_the_next_connection_of_a_log_and_after_the_last_the_first_again() -> None:
    log = EventLog()
    for name in ("one", "two"):
        log.append("server", json.dumps({"type": name}).encode(), at_ns=0)
        log.append("local", b'{"type":"local.connection_closed","code":1001,"by":"server"}', at_ns=1)
    heard: list[bytes] = []
    async with replay_server(log) as server:
        for _ in range(3):
            async with connect(server.url) as transport:
                heard.append(await transport.receive())
    assert heard == [b'{"type": "one"}', b'{"type": "two"}', b'{"type": "one"}']


async def test_whom_the_end_of_the_replay_takes_by_surprise_hears_of_it(tmp_path: Path) -> None:
    ends: list[int | None] = []
    connected = anyio.Event()

    async def client(url: str) -> None:
        async with connect(url) as transport:
            connected.set()
            with pytest.raises(ConnectionClosed) as caught:
                await transport.receive()
            ends.append(caught.value.code)

    log = EventLog()
    log.append("client", b'{"type":"response.create"}', at_ns=0)
    log.append("server", b'{"type":"response.created"}', at_ns=0)
    async with anyio.create_task_group() as group:
        async with replay_server(log, check="lenient") as server:
            group.start_soon(client, server.url)
            await connected.wait()
    assert ends == [1001]


async def test_it_closes_as_the_server_did(tmp_path: Path) -> None:
    log = EventLog()
    log.append("server", b'{"type":"session.created"}', at_ns=0)
    closed = {"type": "local.connection_closed", "code": 4001, "reason": "bye", "by": "server"}
    log.append("local", json.dumps(closed).encode(), at_ns=1)
    async with replay_server(log) as server, connect(server.url) as transport:
        assert await transport.receive() == b'{"type":"session.created"}'
        with pytest.raises(ConnectionClosed) as caught:
            await transport.receive()
    assert (caught.value.code, caught.value.reason) == (4001, "bye")


async def test_other_paths_are_404() -> None:
    async with replay_server(EventLog()) as server:
        with pytest.raises(HandshakeError) as caught:
            async with connect(server.url.replace("realtime", "x")):
                pass
    assert caught.value.status == 404
