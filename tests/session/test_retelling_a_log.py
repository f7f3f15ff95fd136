"""Our own logs, spoken to the same client again, strictly: it says the same, and the state is the same."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from realtime_sdk.fold import replay
from realtime_sdk.log import EventLog
from realtime_sdk.session import RealtimeSession, connect
from realtime_sdk.session.ids import Ids
from realtime_sdk.simulator import Scenario, on, simulate
from realtime_sdk.state import RealtimeState
from realtime_sdk.transport import ReplayTransport

Client = Callable[[RealtimeSession], Awaitable[object]]


def weather(city: str) -> str:
    """How the weather is in a city."""
    return f"sunny in {city}"


SETTINGS: dict[str, Any] = {"instructions": "Be brief.", "turn_detection": None, "tools": [weather]}


async def talk(session: RealtimeSession) -> None:
    """Audio, a tool, an interruption."""
    for _ in range(5):
        await session.append_audio(b"\0" * 4_800)
    await session.commit()
    await session.respond("How is the weather in Rome?")
    await session.until(lambda state: not state.active_response_id and len(state.responses) == 2)
    spoken = await session.respond("And what is the capital of France?")
    (message,) = [item for item in spoken.items if item.type == "message"]
    session.heard(message.id, 100)
    assert [cut.audio_end_ms for cut in (await session.interrupt()).cut] == [100]


def but_who_closed(state: RealtimeState) -> RealtimeState:
    """The state without who closed the connection: a log that is spoken ends by itself, perhaps before the client."""
    (epoch,) = state.epochs
    return state.having(epochs=(replace(epoch, closed_by=None),))


async def test_a_client_that_does_the_same_again_meets_no_difference_in_its_log() -> None:
    log, again = EventLog(), EventLog()
    scenario = Scenario(
        on("weather").call("weather", city="Rome").then_say("{output}."), on("capital").say("It is Paris.")
    )
    async with simulate(scenario) as server, connect(server.endpoint, log=log, ids=Ids(), **SETTINGS) as session:
        await talk(session)
    spoken = ReplayTransport(log, check="strict", event_ids=True)
    async with connect(transport=spoken, log=again, ids=Ids(), **SETTINGS) as repeated:
        await talk(repeated)
        assert spoken.unmatched == ()
    assert repeated.state == replay(again)
    assert session.state == replay(log)
    assert but_who_closed(repeated.state) == but_who_closed(session.state)
