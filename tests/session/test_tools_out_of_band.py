"""Calls that a response makes outside the conversation: they are for whoever asked for it."""

from anyio import fail_after

from realtime_sdk.session import connect
from realtime_sdk.simulator import Scenario, on, simulate
from tests.session.test_sequencing import idle


async def test_they_are_not_run_and_nothing_of_them_enters_the_conversation() -> None:
    ran: list[str] = []

    async def weather(city: str) -> str:
        ran.append(city)
        return "sunny"

    scenario = Scenario(on("weather").call("weather", city="Rome"))
    with fail_after(5):
        async with simulate(scenario) as server, connect(transport=server.memory(), tools=[weather]) as session:
            answer = await session.respond("How is the weather?", out_of_band=True)
            assert [(call.name, call.arguments) for call in answer.calls] == [("weather", '{"city": "Rome"}')]
            await idle()
            await session.update()
            assert (ran, session.state.conversation.order, len(session.state.responses)) == ([], (), 1)
