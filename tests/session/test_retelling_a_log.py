"""Our own logs, spoken to the same client again, strictly: it says the same, and the state is the same."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from realtime_sdk.fold import replay
from realtime_sdk.log import EventLog
from realtime_sdk.protocol.codec import encode
from realtime_sdk.session import RealtimeSession, connect
from realtime_sdk.session.ids import Ids
from realtime_sdk.simulator import Scenario, on, simulate
from realtime_sdk.state import RealtimeState
from realtime_sdk.transport import ReplayTransport, pair
from tests import said

LOUD, QUIET = (b"\x00\x40" * 24 + b"\x00\xc0" * 24) * 300, bytes(48 * 800)
STORY = "It was long ago, in a land of hills and rivers. " * 20


def weather(city: str) -> str:
    """How the weather is in a city."""
    return f"sunny in {city}"


@dataclass(frozen=True)
class Position:
    item_id: str
    heard_ms: int
    content_index: int = 0


class FixedPlayer:
    """Of whatever is spoken now, 300 ms were heard."""

    session: RealtimeSession

    def stop(self) -> list[Position]:
        spoken = [item for item in self.session.state.items.values() if item.audio_ms]
        return [Position(item.id, 300) for item in spoken[-1:] if item.truncated_ms is None]


def is_idle(responses: int) -> Callable[[RealtimeState], bool]:
    return lambda state: not state.active_response_id and len(state.responses) == responses


def is_speaking(state: RealtimeState) -> bool:
    return any(item.audio_ms > 400 for item in state.items.values())


def is_cut(state: RealtimeState) -> bool:
    return any(item.truncated_ms for item in state.items.values())


async def talk(session: RealtimeSession) -> None:
    """Audio, a tool, an interruption of what was said whole."""
    for _ in range(5):
        await session.append_audio(b"\0" * 4_800)
    await session.commit()
    await session.respond("How is the weather in Rome?")
    await session.until(is_idle(2))
    spoken = await session.respond("And what is the capital of France?")
    (message,) = [item for item in spoken.items if item.type == "message"]
    session.heard(message.id, 100)
    assert [cut.audio_end_ms for cut in (await session.interrupt()).cut] == [300]


async def use_tools(session: RealtimeSession) -> None:
    """Two rounds of calls, the first with two at a time."""
    await session.respond("How is the weather?")
    await session.until(is_idle(3))
    outputs = [item.output for item in session.state.items.values() if item.type == "function_call_output"]
    assert outputs == ["sunny in Rome", "sunny in Oslo", "sunny in Bonn"]


async def be_interrupted_by_voice(session: RealtimeSession) -> None:
    """The user speaks in mid-speech; the server ends the response, the client cuts what was not heard."""
    await session.add_item("Tell me a story", reply=True)
    await session.until(is_speaking)
    await session.append_audio(LOUD + QUIET)
    await session.until(lambda state: is_cut(state) and is_idle(2)(state))
    assert [item.truncated_ms for item in session.state.items.values() if item.truncated_ms] == [300]
    assert [response.status for response in session.state.responses.values()] == ["cancelled", "completed"]


async def interrupt_by_hand(session: RealtimeSession) -> None:
    """The client cancels in mid-speech, then cuts, then asks again."""
    await session.add_item("Tell me a story", reply=True)
    await session.until(is_speaking)
    done = await session.interrupt(force=True)
    assert (done.is_cancelled, [cut.audio_end_ms for cut in done.cut]) == (True, [300])
    await session.respond("And what is the capital of France?")


TALK = Scenario(on("weather").call("weather", city="Rome").then_say("{output}."), on("capital").say("It is Paris."))
ROUNDS = Scenario(
    on("weather")
    .call("weather", city="Rome")
    .call("weather", city="Oslo")
    .then_call("weather", city="Bonn")
    .then_say("Everywhere {output}.")
)
VOICE = Scenario(on("story").say(STORY), on("capital").say("It is Paris."), hears=["And the capital of France?"])
Client = Callable[[RealtimeSession], Awaitable[object]]


@pytest.mark.parametrize(
    ("client", "scenario", "detection"),
    [
        (talk, TALK, None),
        (use_tools, ROUNDS, None),
        (be_interrupted_by_voice, VOICE, "server_vad"),
        (interrupt_by_hand, VOICE, None),
    ],
)
async def test_a_client_that_does_the_same_again_meets_no_difference_in_its_log(
    client: Client, scenario: Scenario, detection: Any
) -> None:
    log, again, player = EventLog(), EventLog(), FixedPlayer()
    settings: dict[str, Any] = {
        "instructions": "Be brief.",
        "turn_detection": detection,
        "tools": [weather],
        "stop_playback": player.stop,
    }
    async with simulate(scenario, speed=30) as server:
        async with connect(server.endpoint, log=log, ids=Ids(), **settings) as session:
            player.session = session
            await client(session)
    spoken = ReplayTransport(log, check="strict", event_ids=True)
    async with connect(transport=spoken, log=again, ids=Ids(), **settings) as repeated:
        player.session = repeated
        await client(repeated)
        assert spoken.unmatched == ()
    assert repeated.state == replay(again) == replay(log) == session.state


async def test_what_the_server_says_right_after_its_greeting_is_not_told_back_to_it() -> None:
    near, far = pair()
    await far.send(encode(said.server("session.created", session={"type": "realtime", "id": "sess_1"})))
    await far.send(encode(said.added("item_of_theirs")))
    async with connect(transport=near) as session:
        await session.until(lambda state: "item_of_theirs" in state.conversation.items)
        assert [record.sender for record in session.log] == ["local", "server", "server"]
