"""Random turns of a user against random outputs and texts: each of these is answered, and none of them twice."""

import json
import random
from typing import Any

import anyio
import pytest
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from realtime_sdk.fold import replay
from realtime_sdk.log import EventLog
from realtime_sdk.session import RealtimeSession
from realtime_sdk.session.requests import TAG
from tests.session.scripted import Server, talking
from tests.session.test_turns import detecting

SEEDS = 40


class Listening(Server):
    """A server with voice detection that takes its time over everything."""

    chance: random.Random
    group: TaskGroup

    async def pause(self, turns: int) -> None:
        for _ in range(self.chance.randrange(turns)):
            await checkpoint()

    async def on_conversation_item_create(self, event: dict[str, Any]) -> None:
        await self.pause(6)
        await super().on_conversation_item_create(event)

    async def on_response_create(self, event: dict[str, Any]) -> None:
        await self.pause(6)
        if self.active is not None:
            await self.error("conversation_already_has_active_response", event_id=event["event_id"])
        else:
            response_id = await self.begin(event["response"])
            self.group.start_soon(self.answer_later, response_id, event["response"]["metadata"])

    async def answer_later(self, response_id: str, metadata: Any = None) -> None:
        await self.pause(30)
        if response_id == self.active:
            item_id = await self.speak(response_id, "Yes.")
            await self.finish(response_id, items=(item_id,), metadata=metadata)

    async def hear_turns(self, count: int) -> None:
        for number in range(count):
            await self.pause(40)
            await self.hear_a_turn(number, f"item_u{number}")

    async def hear_a_turn(self, number: int, item_id: str) -> None:
        await self.say("input_audio_buffer.speech_started", audio_start_ms=1_000 * number, item_id=item_id)
        if self.active is not None and self.chance.random() < 0.7:
            await self.finish(self.active, status="cancelled", status_details={"reason": "turn_detected"})
        await self.pause(20)
        await self.say("input_audio_buffer.speech_stopped", audio_end_ms=1_000 * number + 500, item_id=item_id)
        await self.say("input_audio_buffer.committed", previous_item_id=self._last, item_id=item_id)
        content = [{"type": "input_audio", "transcript": None}]
        await self.take_in({"id": item_id, "type": "message", "role": "user", "content": content})
        await self.pause(6)
        if self.active is None:
            await self.respond_by_itself(f"resp_u{number}")
            self.group.start_soon(self.answer_later, f"resp_u{number}")


async def give(session: RealtimeSession, chance: random.Random) -> list[str]:
    """Put outputs and texts into the conversation that want an answer; their ids."""
    ids: list[str] = []
    for number in range(chance.randint(1, 5)):
        for _ in range(chance.randrange(40)):
            await checkpoint()
        is_output = chance.random() < 0.6
        given = session.submit_tool_output(f"call_{number}", "done") if is_output else session.add_item("x", reply=True)
        ids.append((await given).id)
    return ids


async def settled(session: RealtimeSession) -> None:
    for _ in range(3):
        for _ in range(100):
            await checkpoint()
        await session.until(lambda state: not state.active_response_id)


def check(log: EventLog, ids: list[str]) -> None:
    """Whether each item was followed by a response, and each response of ours was asked for when one was still owed."""
    added: dict[str, int] = {}
    begun: list[int] = []
    asked: dict[str, int] = {}
    for record in log:
        event = json.loads(record.frame)
        match record.sender, event["type"]:
            case "server", "conversation.item.added":
                added[event["item"]["id"]] = record.seq
            case "client", "response.create":
                asked[event["response"]["metadata"][TAG]] = record.seq
            case "server", "response.created":
                before = max((seq for seq in begun if seq < asked.get(_tag(event), 0)), default=-1)
                assert _tag(event) is None or any(before < added.get(one, -1) < record.seq for one in ids)
                begun.append(record.seq)
    assert all(any(seq > added[one] for seq in begun) for one in ids)


def _tag(event: dict[str, Any]) -> Any:
    return (event["response"]["metadata"] or {}).get(TAG)


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_outputs_and_texts_are_answered_once_whatever_the_user_says_meanwhile(seed: int) -> None:
    chance = random.Random(seed)
    with anyio.fail_after(10):
        async with (
            talking(Listening, prepare=detecting) as (session, server),
            anyio.create_task_group() as server.group,
        ):
            server.chance = chance
            async with anyio.create_task_group() as both:
                both.start_soon(server.hear_turns, chance.randint(0, 4))
                ids = await give(session, chance)
            await settled(session)
    check(session.log, ids)
    assert session.state == replay(session.log)
