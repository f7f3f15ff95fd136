"""A simulation ends without mess: on an interrupt, on a cancellation, and with clients that do not read."""

import os
import signal
import subprocess
import sys
import textwrap

import anyio

from realtime_sdk.simulator import Scenario, Turn, on, simulate
from realtime_sdk.transport import connect

LOOPS = os.environ.get("TEST_LOOPS", "asyncio,trio").split(",")
PROGRAM = """
import sys
import anyio
import realtime_sdk as rt
from realtime_sdk.transport import connect

async def main():
    async with rt.simulate(speed=1) as server, connect(server.url) as transport:
        await transport.receive()
        await transport.send(b'{"type":"response.create"}')
        print("ready", flush=True)
        await anyio.sleep_forever()

for backend in sys.argv[1:]:
    try:
        anyio.run(main, backend=backend)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


def test_an_interrupt_ends_everything_without_a_word() -> None:
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", textwrap.dedent(PROGRAM), *LOOPS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            for _ in LOOPS:
                assert running.stdout.readline() == "ready\n"
                running.send_signal(signal.SIGINT)
                assert running.stdout.readline() == "interrupted\n"
            out, err = running.communicate(timeout=60)
        finally:
            running.kill()
    assert (out, running.returncode) == ("", 0)
    assert [line for line in err.splitlines() if "Executing <" not in line] == []


async def test_a_cancelled_block_ends_in_time_and_closes_its_clients() -> None:
    with anyio.CancelScope() as scope:
        async with simulate(speed=1) as server, connect(server.url) as transport:
            await transport.receive()
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert [session.closed.is_set() for session in server.sessions] == [True]


async def test_a_scenario_that_was_cut_off_by_a_cancellation_is_not_complained_about() -> None:
    with anyio.move_on_after(0.05):
        async with simulate(Scenario(on("never").say("x")), port=None):
            await anyio.sleep_forever()


async def test_a_client_that_does_not_read_holds_nothing_up() -> None:
    answered = anyio.Event()

    def reply(turn: Turn) -> object:
        if turn.number == 3:
            answered.set()
        return "x" * 400

    async with simulate(reply=reply) as server, connect(server.url) as transport:
        for _ in range(3):
            await transport.send(b'{"type":"response.create"}')
        await answered.wait()


async def test_a_reply_that_never_comes_does_not_outlive_the_block() -> None:
    asked, cancelled = anyio.Event(), anyio.Event()

    async def reply(turn: Turn) -> object:
        asked.set()
        try:
            await anyio.sleep_forever()
        finally:
            cancelled.set()

    async with simulate(reply=reply, port=None) as server:
        transport = server.memory()
        await transport.send(b'{"type":"response.create"}')
        await asked.wait()
    assert cancelled.is_set()
