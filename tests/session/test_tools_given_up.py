"""Tools that are cancelled from inside, and tools that are cancelled with their session."""

import asyncio

import anyio
import pytest

from realtime_sdk.session.tools import Outcome, ToolContext, tool
from tests.session.scripted import talking
from tests.session.test_tools import outputs, run_calls

CALL = ToolContext("call_1", "look", "")


@pytest.fixture
def anyio_backend() -> str:
    """One loop: trio knows no such cancellation."""
    return "asyncio"


async def awaits_what_was_cancelled() -> None:
    asked = asyncio.get_running_loop().create_future()
    asked.cancel()
    await asked


async def test_a_tool_that_waits_for_what_was_cancelled_is_answered() -> None:
    with anyio.fail_after(5):
        async with talking(tools=[awaits_what_was_cancelled]) as (session, server):
            await run_calls(session, server, ("call_1", "awaits_what_was_cancelled", ""))
            await server.until_heard("response.create")
            assert outputs(server) == [("call_1", "Error: CancelledError")]


async def test_a_tool_that_is_cancelled_from_outside_gives_nothing() -> None:
    found: list[Outcome] = []

    async def run() -> None:
        found.append(await tool(anyio.sleep_forever).run(CALL))

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    assert found == []


async def test_a_tool_that_is_out_of_time_is_no_failed_one() -> None:
    slow = tool(anyio.sleep_forever, timeout=0.01)
    assert (await slow.run(CALL)).status == "timed_out"
