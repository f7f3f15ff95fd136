"""Calls that are answered on both sides of a break: the model goes on when it knows of all of them."""

import anyio

from realtime_sdk.fold import replay
from tests.session.scripted import Servers
from tests.session.test_tools import idle, outputs, run_calls


async def test_the_model_goes_on_when_the_output_of_the_last_call_has_been_told() -> None:
    release = anyio.Event()

    async def quick() -> str:
        return "quick"

    async def slow() -> str:
        await release.wait()
        return "slow"

    with anyio.fail_after(5):
        async with Servers().talking(tools=[quick, slow]) as (session, servers):
            await run_calls(session, servers.last, ("call_1", "quick", ""), ("call_2", "slow", ""))
            await session.until(lambda state: any(item.output == "quick" for item in state.items.values()))
            await servers.last.transport.aclose(1006)
            await session.until(lambda state: state.epochs[0].closed)
            await session.update()
            await idle()
            release.set()
            await servers.last.until_heard("response.create")
            await idle()
            assert outputs(servers.last) == [("call_1", "quick"), ("call_2", "slow")]
            assert servers.last.kinds[-3:] == ["conversation.item.create"] * 2 + ["response.create"]
    assert session.state == replay(session.log)
