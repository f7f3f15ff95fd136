"""What is said to a real server: each verb of the session at least once, in a few short sessions that cost cents.

A session is its settings and what is done in it; whoever adds a verb adds it here. What a model says is chance, so
nothing is asserted but that each verb is answered.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from realtime_sdk import RealtimeSession
from realtime_sdk.audio.pacing import pace
from realtime_sdk.errors import ServerError
from realtime_sdk.protocol.client_events import ConversationItemDelete
from realtime_sdk.protocol.server_events import ResponseOutputAudioDelta
from realtime_sdk.session.settings import SessionSettings
from tests.simulator.talk import GET_WEATHER, QUIET, clip

__all__ = ["SESSIONS", "Live", "by_voice"]

PIECE_MS = 100
PIECE = PIECE_MS * len(QUIET)
STORY = "Tell me a long story."
BRIEF: SessionSettings = {"instructions": "Answer in one short sentence.", "output_modalities": ["text"]}


@dataclass(frozen=True)
class Live:
    """A session with a real server: its settings, and what is done in it."""

    run: Callable[[RealtimeSession], Awaitable[None]]
    settings: SessionSettings = field(default_factory=lambda: BRIEF)


async def text(session: RealtimeSession) -> None:
    """Settings, answers to text, to what stands there, aside, and to what is given for the one answer."""
    await session.update(instructions="Answer in one word.", max_output_tokens=200)
    await session.respond("What is the capital of France?")
    await session.add_item("And of Italy?")
    await session.respond()
    await session.respond("Which language is spoken there?", out_of_band=True)
    async for _ in session.respond("Say exactly: done."):
        pass


async def items(session: RealtimeSession) -> None:
    """Items are put in, brought back and taken out; one that is not there is refused."""
    first = await session.add_item("My name is Ada.")
    await session.add_item("I live in Turin.", previous_item_id="root")
    await session.retrieve(first.id)
    await session.delete(first.id)
    try:
        await session.request(ConversationItemDelete(item_id="item_of_nobody"))
    except ServerError:
        return
    raise AssertionError("an item that is not there was deleted")


async def tools(session: RealtimeSession) -> None:
    """The model calls a function, and answers with its output."""
    answer = await session.respond("Call get_weather for London, then tell me the weather.", tool_choice="required")
    for call in answer.calls:
        assert call.call_id is not None
        await session.submit_tool_output(call.call_id, "It is foggy.", reply=False)
    await session.respond(tool_choice="none")


async def by_hand(session: RealtimeSession) -> None:
    """Turns without voice detection: sound is appended, thrown away, committed; the answer is cut."""
    await session.append_audio(clip("goodbye"))
    await session.clear()
    await session.append_audio(clip("hello"))
    await session.commit()
    answer = await session.respond()
    await session.truncate(answer.items[-1].id, 100)


async def by_voice(session: RealtimeSession, *, speed: float = 1.0) -> None:
    """Turns with voice detection: the microphone goes on, and the answer comes by itself."""
    sound = clip("hello") + QUIET * 1_000
    async for piece in pace((sound[at : at + PIECE] for at in range(0, len(sound), PIECE)), PIECE_MS, speed=speed):
        await session.append_audio(piece)
    await session.until(lambda state: any(not one.is_active for one in state.responses.values()), timeout=30)


async def interrupted(session: RealtimeSession) -> None:
    """A long answer is stopped in the middle; what was not heard of it is cut."""
    async for delta in session.respond(STORY):
        if isinstance(delta, ResponseOutputAudioDelta):
            session.heard(delta.item_id, 100)
            break
    await session.interrupt(force=True)
    await session.cancel()


SPOKEN: SessionSettings = {"instructions": "Answer in one short sentence.", "output_modalities": ["audio"]}
SESSIONS: Mapping[str, Live] = {
    "text": Live(text),
    "items": Live(items),
    "tools": Live(tools, {**BRIEF, "tools": [GET_WEATHER]}),
    "by-hand": Live(by_hand, {**SPOKEN, "turn_detection": None}),
    "by-voice": Live(by_voice, {**SPOKEN, "turn_detection": {"type": "server_vad"}}),
    "interrupted": Live(interrupted, {"output_modalities": ["audio"], "turn_detection": None}),
}
