"""The simulator as a tester of another language meets it: a script in a file, a real websocket, JSON by hand."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pybase64
import pytest

from realtime_sdk.errors import ScenarioError
from realtime_sdk.simulator import load_scenario, simulate
from realtime_sdk.simulator.brain.sounds import from_wire, to_wire
from realtime_sdk.transport import Transport, connect
from tests.simulator.order import violations
from tests.simulator.talk import GET_WEATHER, QUIET, clip, kinds, of_kind, only, user_text
from tests.simulator.test_simulation import frame, until, words

TRANSCRIPTION = "conversation.item.input_audio_transcription"
BOOKING = {
    "hears": [{"words": "A table for two", "after_ms": 600}, {"words": "At eight"}, {"fail": "busy"}],
    "rules": [
        {
            "about": "table",
            "do": ["Let me look.", {"call": "find", "with": {"seats": 2}}],
            "then": ["{output} is free."],
        },
        {"turn": 3, "do": {"call_mcp": "desk.book", "with": {"at": 8}}},
    ],
    "mcp": [{"label": "desk", "tools": [{"name": "book"}], "outputs": {"book": "booked"}}],
}


class User:
    """A client that writes and reads JSON; `said` is all that the server said."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.said: list[dict[str, Any]] = []

    async def send(self, *events: dict[str, Any]) -> None:
        for event in events:
            await self.transport.send(frame(event))

    async def until(self, kind: str) -> list[dict[str, Any]]:
        """Receive up to an event of a kind."""
        found = await until(self.transport, kind)
        self.said += found
        return found

    async def update(self, **session: Any) -> dict[str, Any]:
        await self.send({"type": "session.update", "session": {"type": "realtime", **session}})
        return dict((await self.until("session.updated"))[-1]["session"])

    async def speak(self, sound: bytes) -> None:
        for start in range(0, len(sound), 9_600):
            audio = pybase64.b64encode_as_string(sound[start : start + 9_600])
            await self.send({"type": "input_audio_buffer.append", "audio": audio})

    async def done(self) -> dict[str, Any]:
        """Return the response that ends next."""
        return dict(only(await self.until("response.done"), "response.done")["response"])


@asynccontextmanager
async def user(**options: Any) -> AsyncIterator[User]:
    """A client of a server of its own; what it heard was in order."""
    async with simulate(options.pop("scenario", None), **options) as server, connect(server.url) as transport:
        made = User(transport)
        yield made
    assert violations(made.said) == []


def booking(folder: Path) -> Any:
    """Return the scenario of a script in a file."""
    path = folder / "booking.json"
    path.write_text(json.dumps(BOOKING))
    return load_scenario(path)


async def test_a_scripted_evening_by_voice(tmp_path: Path) -> None:
    async with user(scenario=booking(tmp_path), speed=20) as client:
        desk = {"type": "mcp", "server_label": "desk", "server_url": "https://desk", "require_approval": "never"}
        find = {**GET_WEATHER, "name": "find"}
        hearing = {"input": {"transcription": {"model": "gpt-4o-transcribe"}}}
        await client.update(tools=[find, desk], audio=hearing)
        await client.until("mcp_list_tools.completed")
        await client.speak(clip("weather") + QUIET * 800)
        message, call = (await client.done())["output"]
        assert (words({"output": [message]}), call["arguments"]) == ("Let me look.", '{"seats": 2}')
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "Table five"}
        await client.send({"type": "conversation.item.create", "item": output}, {"type": "response.create"})
        assert words(await client.done()) == "Table five is free."
        await client.speak(clip("goodbye") + QUIET * 800)
        assert words(await client.done()) == "You said: At eight"
        await client.speak(clip("weather") + QUIET * 800)
        (booked,) = (await client.done())["output"]
        assert (booked["type"], booked["output"]) == ("mcp_call", "booked")
        await client.until("rate_limits.updated")
    told = [event for event in client.said if event["type"].startswith(TRANSCRIPTION) and "delta" not in event]
    assert {event.get("transcript") or event["error"]["code"] for event in told} == {
        "A table for two",
        "At eight",
        "busy",
    }


async def test_a_script_that_was_not_played_to_its_end_fails_the_test(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"left over: about\('table'\): say 'Let me look.'"):
        async with user(scenario=booking(tmp_path)) as client:
            await client.until("session.created")


@pytest.mark.parametrize("kind", ["audio/pcmu", "audio/pcma"])
async def test_a_spoken_turn_in_g711(kind: str) -> None:
    async with user() as client:
        formats = {side: {"format": {"type": kind}} for side in ("input", "output")}
        shown = await client.update(audio=formats)
        assert {side: shown["audio"][side]["format"] for side in formats} == {side: {"type": kind} for side in formats}
        await client.speak(to_wire(clip("goodbye") + QUIET * 800, kind))
        assert words(await client.done()) == "You are welcome. Goodbye!"
        await client.until("rate_limits.updated")
    sounds = [pybase64.b64decode(event["delta"]) for event in of_kind(client.said, "response.output_audio.delta")]
    assert len(from_wire(b"".join(sounds), kind)) == 48 * 62.5 * len("You are welcome. Goodbye!")


async def test_plain_words_make_parallel_calls_and_a_story_can_be_talked_over() -> None:
    async with user(speed=1) as client:
        await client.update(tools=[GET_WEATHER], tool_choice="auto")
        order = 'Call get_weather with {"city": "Oslo"} and get_weather with {"city": "Rome"}'
        await client.send(user_text(order), {"type": "response.create", "response": {"metadata": {"of": "mine"}}})
        response = await client.done()
        assert [json.loads(item["arguments"])["city"] for item in response["output"]] == ["Oslo", "Rome"]
        assert response["metadata"] == {"of": "mine"}
        for item in response["output"]:
            output = {"type": "function_call_output", "call_id": item["call_id"], "output": "21"}
            await client.send({"type": "conversation.item.create", "item": output})
        await client.send(user_text("a long story"), {"type": "response.create"})
        await client.until("response.output_audio.delta")
        await client.speak(clip("goodbye")[: 48 * 500])
        response = await client.done()
        assert response["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
        item_id = response["output"][0]["id"]
        await client.send(
            {"type": "conversation.item.truncate", "item_id": item_id, "content_index": 0, "audio_end_ms": 100},
            {"type": "conversation.item.retrieve", "item_id": item_id},
            {"type": "input_audio_buffer.clear"},
        )
        said = await client.until("input_audio_buffer.cleared")
    assert kinds(said)[-3:] == [
        "conversation.item.truncated",
        "conversation.item.retrieved",
        "input_audio_buffer.cleared",
    ]
    (part,) = only(said, "conversation.item.retrieved")["item"]["content"]
    assert (len(pybase64.b64decode(part["audio"])), "transcript" in part) == (4_800, False)
