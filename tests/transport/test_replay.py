"""A log that is spoken again: order, checks, times, ends, on recorded sessions too."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
import trio.testing

from realtime_sdk.errors import ConnectionClosed, ConnectionExpired, ConnectionLost, ReplayMismatch
from realtime_sdk.log import EventLog, LogRecord
from realtime_sdk.transport import ReplayTransport, Transport, connections
from realtime_sdk.transport.script import Check

MS = 1_000_000


def c(kind: str, at_ms: int | None = None, **fields: Any) -> tuple[str, int | None, bytes]:
    return "client", at_ms, json.dumps({"type": kind, **fields}).encode()


def s(kind: str, at_ms: int | None = None, **fields: Any) -> tuple[str, int | None, bytes]:
    return "server", at_ms, json.dumps({"type": kind, **fields}).encode()


def closed(code: int | None, reason: str | None = None, by: str | None = None) -> tuple[str, int | None, bytes]:
    event = {"type": "local.connection_closed", "code": code, "reason": reason, "by": by}
    return "local", None, json.dumps(event).encode()


def log(*said: tuple[str, int | None, bytes]) -> list[LogRecord]:
    return [
        LogRecord(seq, None if at_ms is None else at_ms * MS, sender, frame)  # type: ignore[arg-type]
        for seq, (sender, at_ms, frame) in enumerate(said)
    ]


def shape(error: ConnectionClosed) -> tuple[type[ConnectionClosed], int | None, str]:
    return type(error), error.code, error.reason


def kind(frame: bytes) -> str:
    return str(json.loads(frame)["type"])


async def end_of(transport: Transport) -> tuple[type[ConnectionClosed], int | None, str]:
    with pytest.raises(ConnectionClosed) as caught:
        await transport.receive()
    return shape(caught.value)


async def received(transport: Transport) -> list[bytes]:
    frames: list[bytes] = []
    with pytest.raises(ConnectionClosed):
        while True:
            frames.append(await transport.receive())
    return frames


ROUND = log(s("session.created"), c("session.update", x=1), s("session.updated"), c("response.create"), s("done"))


async def test_server_frames_wait_for_the_clients_frames_before_them() -> None:
    transport = ReplayTransport(ROUND)
    got: list[str] = []

    async def listen() -> None:
        got.extend(kind(frame) for frame in await received(transport))

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(listen)
            await anyio.wait_all_tasks_blocked()
            assert got == []
            assert transport.waiting_for == ROUND[1]
            await transport.send(ROUND[1].frame)
            await anyio.wait_all_tasks_blocked()
            assert transport.waiting_for == ROUND[3]
            assert repr(transport) == "<ReplayTransport open, 2 of 3 server frames said>"
            await transport.send(ROUND[3].frame)
    assert got == ["session.created", "session.updated", "done"]
    assert transport.unmatched == ()
    assert isinstance(transport, Transport)


async def test_a_client_that_is_ahead_is_no_mismatch() -> None:
    transport = ReplayTransport(ROUND)
    await transport.send(ROUND[1].frame)
    await transport.send(ROUND[3].frame)
    assert [kind(frame) for frame in await received(transport)] == ["session.created", "session.updated", "done"]
    await transport.aclose()


async def test_with_the_check_off_nothing_is_waited_for_and_nothing_expected() -> None:
    transport = ReplayTransport(ROUND, check="off")
    await transport.send(b"anything")
    assert [kind(frame) for frame in await received(transport)] == ["session.created", "session.updated", "done"]
    assert transport.unmatched == ()
    await transport.aclose()


async def test_a_mismatch_comes_out_of_send_once() -> None:
    transport = ReplayTransport(ROUND)
    with pytest.raises(ReplayMismatch) as caught:
        await transport.send(b'{"type":"session.update","x":2}')
    assert (caught.value.seq, caught.value.got) == (1, {"type": "session.update", "x": 2})
    assert caught.value.expected == {"type": "session.update", "x": 1}
    await transport.aclose()
    assert [record.seq for record in transport.unmatched] == [1, 3]


async def test_frames_left_over_are_raised_at_a_strict_close_once() -> None:
    transport = ReplayTransport(ROUND)
    await transport.send(ROUND[1].frame)
    with pytest.raises(ReplayMismatch, match=r"1 of the log's frames unsent, from record 3 on") as caught:
        await transport.aclose()
    assert (caught.value.seq, caught.value.expected) == (3, {"type": "response.create"})
    await transport.aclose()


async def test_frames_left_over_are_only_told_when_lenient() -> None:
    transport = ReplayTransport(ROUND, check="lenient")
    await transport.send(b'{"type":"session.update"}')
    await transport.aclose()
    assert [record.seq for record in transport.unmatched] == [3]


@pytest.mark.parametrize(
    ("record", "end"),
    [
        (closed(1001, "Your session hit the maximum duration of 60 minutes.", "server"), ConnectionExpired),
        (closed(1000, "bye", "server"), ConnectionClosed),
        (closed(1006, None, "network"), ConnectionLost),
        (closed(4000, "invalid_request_error.beta_api_shape_disabled", "server"), ConnectionClosed),
    ],
)
async def test_the_end_is_the_recorded_one(record: tuple[str, int | None, bytes], end: type[ConnectionClosed]) -> None:
    told = json.loads(record[2])
    transport = ReplayTransport(log(s("a"), record, s("after a reconnect")))
    assert await transport.receive() == b'{"type": "a"}'
    expected = (end, told["code"], told["reason"] or "")
    assert await end_of(transport) == expected
    assert await end_of(transport) == expected
    with pytest.raises(end):
        await transport.send(b"{}")


@pytest.mark.parametrize(
    ("said", "end"),
    [
        ([], (ConnectionClosed, 1000, "")),
        ([s("a")], (ConnectionClosed, 1000, "")),
        ([closed(None)], (ConnectionClosed, 1000, "")),
        ([closed(None, by="network")], (ConnectionLost, 1006, "")),
        ([("local", None, b"not json"), ("local", None, b'{"type":"local.other"}')], (ConnectionClosed, 1000, "")),
    ],
)
async def test_without_a_recorded_code_the_end_is_still_known(said: list[Any], end: object) -> None:
    transport = ReplayTransport(log(*said), check="off")
    for record in said:
        if record[0] == "server":
            await transport.receive()
    assert await end_of(transport) == end


async def test_the_end_waits_for_the_clients_last_frame() -> None:
    transport = ReplayTransport(log(s("a"), c("b")))
    await transport.receive()
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(end_of, transport)
            await anyio.wait_all_tasks_blocked()
            await transport.send(b'{"type":"b"}')


async def test_closing_wakes_a_receive_that_waits() -> None:
    transport = ReplayTransport(ROUND, check="lenient")
    await transport.receive()
    ends: list[object] = []

    async def listen() -> None:
        ends.append(await end_of(transport))

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(listen)
            await anyio.wait_all_tasks_blocked()
            await transport.aclose(4321, "enough")
    assert ends == [(ConnectionClosed, 4321, "enough")]
    with pytest.raises(ConnectionClosed):
        await transport.send(ROUND[1].frame)


@pytest.mark.parametrize("check", ["strict", "lenient", "off"])
async def test_where_the_client_closed_it_is_waited_for(check: Check) -> None:
    transport = ReplayTransport(log(s("a"), closed(1001, "leaving", "client"), s("after a reconnect")), check=check)
    await transport.receive()
    ends: list[object] = []

    async def listen() -> None:
        ends.append(await end_of(transport))

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(listen)
            await anyio.wait_all_tasks_blocked()
            assert ends == []
            await transport.aclose(1000, "done")
    assert ends == [(ConnectionClosed, 1000, "done")]


async def test_what_was_received_before_the_clients_close_is_received_before_it_again() -> None:
    said = log(s("a"), c("b"), s("c"), c("d"), s("e"), closed(1000, None, "client"))
    transport = ReplayTransport(said, check="lenient")
    await transport.send(said[1].frame)
    await transport.aclose()
    assert [kind(frame) for frame in await received(transport)] == ["a", "c"]
    with pytest.raises(ConnectionClosed):
        await transport.send(said[3].frame)


async def test_a_cancelled_receive_loses_nothing_and_a_second_one_is_refused() -> None:
    transport = ReplayTransport(ROUND)
    await transport.receive()
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(transport.receive)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(anyio.BusyResourceError):
                await transport.receive()
            group.cancel_scope.cancel()
    await transport.send(ROUND[1].frame)
    assert kind(await transport.receive()) == "session.updated"


def test_a_log_of_several_connections_is_parted_at_its_closes() -> None:
    records = log(s("a"), closed(1006), s("b"), closed(1001), s("c"))
    assert [[record.seq for record in part] for part in connections(records)] == [[0, 1], [2, 3], [4]]
    assert list(connections([])) == []


def test_a_speed_that_never_ends_is_refused() -> None:
    for speed in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="speed must be above 0"):
            ReplayTransport([], speed=speed)


# ------------------------------------------------------------------------------------------------------------------
# Times, in virtual time


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop whose clock jumps to the next timer as soon as nothing else is to do."""

    _now = 0.0

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self._now = max(self._now, self._scheduled[0].when())  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


VIRTUAL: list[Any] = [
    pytest.param("asyncio", {"loop_factory": VirtualLoop}, id="asyncio"),
    pytest.param("trio", {"clock": trio.testing.MockClock(autojump_threshold=0)}, id="trio"),
]


async def times_ms(transport: Transport, sends: Callable[[], Awaitable[None]] | None = None) -> list[int]:
    """When each server frame came, from the start, while `sends` runs."""
    start_s, times = anyio.current_time(), list[int]()
    async with anyio.create_task_group() as group:
        if sends is not None:
            group.start_soon(sends)
        with pytest.raises(ConnectionClosed):
            while True:
                await transport.receive()
                times.append(round((anyio.current_time() - start_s) * 1_000))
    return times


SPOKEN = log(
    c("hello", 1_000), s("a", 1_300), s("b", 1_400), c("go", 2_000), s("c", 2_500), s("d", None), s("e", 2_900)
)


@pytest.mark.parametrize(("loop", "options"), VIRTUAL)
@pytest.mark.parametrize(
    ("check", "speed", "expected"),
    [
        ("off", 1, [300, 400, 1_500, 1_500, 1_900]),
        ("off", 2, [150, 200, 750, 750, 950]),
        ("off", 0.5, [600, 800, 3_000, 3_000, 3_800]),
        ("off", None, [0, 0, 0, 0, 0]),
    ],
)
def test_frames_come_at_their_recorded_times(
    loop: str, options: dict[str, Any], check: Check, speed: float | None, expected: list[int]
) -> None:
    async def run() -> list[int]:
        return await times_ms(ReplayTransport(SPOKEN, check=check, speed=speed))

    assert anyio.run(run, backend=loop, backend_options=options) == expected


@pytest.mark.parametrize(("loop", "options"), VIRTUAL)
def test_a_slow_client_is_answered_as_long_after_its_frame_as_in_the_log(loop: str, options: dict[str, Any]) -> None:
    async def run() -> list[int]:
        transport = ReplayTransport(SPOKEN, speed=1)

        async def sends() -> None:
            await anyio.sleep(5)
            await transport.send(SPOKEN[0].frame)
            await anyio.sleep(5)
            await transport.send(SPOKEN[3].frame)

        return await times_ms(transport, sends)

    assert anyio.run(run, backend=loop, backend_options=options) == [5_300, 5_400, 10_500, 10_500, 10_900]


@pytest.mark.parametrize(("loop", "options"), VIRTUAL)
def test_a_fast_client_gets_the_frames_no_sooner_than_recorded(loop: str, options: dict[str, Any]) -> None:
    async def run() -> list[int]:
        transport = ReplayTransport(SPOKEN, speed=1)
        await transport.send(SPOKEN[0].frame)
        await transport.send(SPOKEN[3].frame)
        return await times_ms(transport)

    assert anyio.run(run, backend=loop, backend_options=options) == [300, 400, 1_500, 1_500, 1_900]


# ------------------------------------------------------------------------------------------------------------------
# Recorded sessions


@pytest.fixture(scope="module")
def recordings(shared_logs: Path) -> list[list[LogRecord]]:
    return [list(EventLog.load(path)) for path in sorted(shared_logs.glob("*.jsonl"))]


@pytest.mark.parametrize("check", ["strict", "lenient"])
async def test_a_recorded_session_is_spoken_again_to_a_client_that_says_the_same(
    check: Check, recordings: list[list[LogRecord]]
) -> None:
    assert len(recordings) > 5
    for records in recordings:
        transport = ReplayTransport(records, check=check)
        for record in records:
            if record.sender == "client":
                await transport.send(record.frame)
            elif record.sender == "server":
                assert await transport.receive() == record.frame
        assert (await end_of(transport))[0] is ConnectionClosed
        await transport.aclose()
        assert transport.unmatched == ()
