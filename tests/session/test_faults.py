"""Randomised sessions with faults: no hang, no lost record, live state equals replayed state, nothing left behind.

In memory and over real websockets. The number of sessions is counted, not their time: `FAULT_SESSIONS` are run in
memory (100) and `SOCKET_FAULT_SESSIONS` over sockets (60); `nox -s soak` runs 10,000 and 200 of them.
"""

import os
from functools import partial

import anyio
import pytest
from anyio.lowlevel import checkpoint

from tests.session.faulty import Faulty, one_session
from tests.session.faulty_sockets import SocketServers, faulty_port
from tests.session.scripted import Servers

SESSIONS = int(os.environ.get("FAULT_SESSIONS", "100"))
OVER_SOCKETS = int(os.environ.get("SOCKET_FAULT_SESSIONS", "60"))
MEET_ALL = 50
"""So many sessions over sockets meet every fault, whatever their timing."""


def tasks() -> set[int]:
    return {task.id for task in anyio.get_running_tasks()}


async def until_only(before: set[int]) -> None:
    """Wait until no task is there but those that were there before."""
    with anyio.fail_after(5):
        while tasks() - before:
            await checkpoint()


@pytest.mark.time_limit(max(120, SESSIONS))
async def test_randomised_sessions_with_faults() -> None:
    for seed in range(SESSIONS):
        with anyio.fail_after(30):
            await one_session(seed, lambda prepare: Servers(Faulty, prepare))


@pytest.mark.time_limit(max(120, OVER_SOCKETS))
async def test_randomised_sessions_with_faults_over_websockets() -> None:
    async with faulty_port() as port:
        before = tasks()
        for seed in range(OVER_SOCKETS):
            with anyio.fail_after(30):
                await one_session(seed, partial(SocketServers, port))
                await until_only(before)
        assert port.count["breaks"] >= OVER_SOCKETS // 2
        assert OVER_SOCKETS < MEET_ALL or {"refused upgrades", "torn frames"} <= port.count.keys()
