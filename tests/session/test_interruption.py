"""Who speaks over the assistant cuts off what was not heard: the rules of RULES §3, as frames."""

import base64
import json
from dataclasses import dataclass
from typing import Any

import pytest
from anyio.lowlevel import checkpoint

from realtime_sdk.audio.playback import Position
from realtime_sdk.audio.player import Player
from realtime_sdk.errors import LocalProtocolError
from realtime_sdk.fold import replay
from realtime_sdk.session import RealtimeSession
from realtime_sdk.state import Cut
from tests.session.scripted import Server, talking

SECOND = b"\0" * 48_000
CUTTING = {"conversation.item.truncate", "conversation.item.delete", "response.cancel", "output_audio_buffer.clear"}


async def idle() -> None:
    for _ in range(60):
        await checkpoint()


async def speaking(session: RealtimeSession, server: Server, *, seconds: int = 1, item: str = "item_a") -> None:
    """Have the assistant speak in a response that goes on."""
    if server.active is None:
        await server.respond_by_itself("resp_1")
    wire = {"id": item, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    where = {"response_id": "resp_1", "item_id": item, "output_index": 0, "content_index": 0}
    await server.say("response.output_item.added", response_id="resp_1", output_index=0, item=wire)
    await server.say("conversation.item.added", item=wire)
    await server.say("response.content_part.added", **where, part={"type": "audio", "transcript": ""})
    for _ in range(seconds):
        await server.say("response.output_audio.delta", **where, delta=base64.b64encode(SECOND).decode())
    await session.until(lambda state: item in state.items and state.items[item].audio_ms == seconds * 1000)


async def user_speaks(server: Server) -> None:
    await server.say("input_audio_buffer.speech_started", audio_start_ms=0, item_id="item_u")
    await idle()


def cut(server: Server) -> list[Any]:
    """What was cut, as (verb, item, ms)."""
    return [
        (event["type"].split(".")[-1], event.get("item_id"), event.get("audio_end_ms"))
        for event in server.heard
        if event["type"] in CUTTING
    ]


def listening(**detection: Any) -> dict[str, Any]:
    return {"turn_detection": {"type": "server_vad", **detection}}


async def test_nothing_is_cut_while_no_position_is_known() -> None:
    async with talking(**listening()) as (session, server):
        await speaking(session, server)
        await user_speaks(server)
        assert cut(server) == []


async def test_what_was_not_heard_is_cut_when_the_user_speaks() -> None:
    async with talking(**listening()) as (session, server):
        await speaking(session, server, seconds=2)
        session.heard("item_a", 750)
        await user_speaks(server)
        assert cut(server) == [("truncate", "item_a", 750)]
        assert session.state.items["item_a"].truncated_ms == 750
    assert session.state == replay(session.log)


async def test_a_turn_that_was_heard_whole_is_not_cut() -> None:
    async with talking(**listening()) as (session, server):
        await speaking(session, server)
        session.heard("item_a", 1000)
        await user_speaks(server)
        assert cut(server) == []


async def test_an_item_of_which_nothing_was_heard_is_deleted() -> None:
    async with talking(**listening()) as (session, server):
        await speaking(session, server)
        session.heard("item_a", 0)
        await user_speaks(server)
        assert cut(server) == [("delete", "item_a", None)]


async def test_a_position_is_whole_ms_and_never_beyond_the_audio() -> None:
    async with talking(**listening()) as (session, server):
        await speaking(session, server)
        session.heard("item_a", 333.9)
        assert session.state.items["item_a"].parts[0].heard_ms == 333
        session.heard("item_a", 12)  # positions only grow
        session.heard("item_a", 5_000)
        assert session.state.items["item_a"].parts[0].heard_ms == 1000


async def test_a_position_before_the_beginning_or_of_nothing_is_refused() -> None:
    async with talking(**listening()) as (session, server):
        await speaking(session, server)
        before = len(session.log)
        for item_id, ms, index in (("item_a", -1, 0), ("item_a", 5, 1), ("item_b", 5, 0), ("item_a", float("nan"), 0)):
            with pytest.raises(LocalProtocolError):
                session.heard(item_id, ms, content_index=index)
        assert len(session.log) == before


async def test_of_a_turn_in_several_items_each_is_cut_at_its_own_place() -> None:
    async with talking(**listening()) as (session, server):
        for item in ("item_a", "item_b", "item_c"):
            await speaking(session, server, item=item)
        session.heard("item_a", 1000)
        session.heard("item_b", 400)
        await user_speaks(server)
        assert cut(server) == [("truncate", "item_b", 400), ("delete", "item_c", None)]


async def test_a_server_that_does_not_interrupt_is_told_to_cancel_first_and_only_when_asked() -> None:
    async with talking(**listening(interrupt_response=False)) as (session, server):
        await speaking(session, server)
        session.heard("item_a", 100)
        await user_speaks(server)
        assert cut(server) == []
        interruption = await session.interrupt()
        assert cut(server) == [("cancel", None, None), ("truncate", "item_a", 100)]
        assert interruption.is_cancelled
        assert interruption.cut == (Cut("item_a", 0, 100),)


async def test_a_server_that_interrupts_is_told_to_cancel_by_force_alone() -> None:
    async with talking(**listening()) as (session, server):
        await speaking(session, server)
        session.heard("item_a", 100)
        await session.interrupt(force=True)
        assert cut(server) == [("cancel", None, None), ("truncate", "item_a", 100)]


async def test_after_all_was_heard_and_nothing_runs_an_interruption_does_nothing() -> None:
    async with talking() as (session, server):
        await speaking(session, server)
        session.heard("item_a", 1000)
        await server.finish("resp_1")
        await session.until(lambda state: not state.active_response_id)
        assert (await session.interrupt()).cut == ()
        assert cut(server) == []


async def test_a_cut_that_the_server_refuses_because_its_item_changed_is_no_error() -> None:
    async with talking() as (session, server):
        await speaking(session, server)
        session.heard("item_a", 100)
        server.refuse("conversation.item.truncate", code="unsupported_content_type")
        assert (await session.interrupt()).cut == ()
        session.heard("item_a", 0)
        await speaking(session, server, item="item_b")
        session.heard("item_b", 0)
        server.refuse("conversation.item.delete", code="item_delete_invalid_item_id")
        assert "item_b" not in [cut.item_id for cut in (await session.interrupt()).cut]
        assert cut(server)[-1] == ("delete", "item_b", None)


async def test_where_the_server_plays_its_buffer_is_cleared() -> None:
    async with talking() as (session, server):
        await speaking(session, server)
        await server.say("output_audio_buffer.started", response_id="resp_1")
        await session.until(lambda state: state.output_audio.playing)
        await session.interrupt()
        assert cut(server) == [("cancel", None, None), ("clear", None, None)]


@dataclass
class At:
    item_id: str
    heard_ms: int
    content_index: int = 0


async def test_a_player_is_silenced_and_tells_how_far_it_was_heard() -> None:
    stopped: list[str] = []

    def stop() -> list[At]:
        stopped.append("stopped")
        return [At("item_a", 640), At("item_unknown", 3)]

    async with talking(stop_playback=stop, **listening()) as (session, server):
        await speaking(session, server)
        await user_speaks(server)
        assert stopped == ["stopped"]
        assert cut(server) == [("truncate", "item_a", 640)]


async def test_a_player_of_the_session_is_fed_and_silenced_in_the_order_of_the_log() -> None:
    player = Player(now_ns=lambda: 0)
    async with talking(player=player, **listening()) as (session, server):
        await speaking(session, server)
        assert player.unheard_ms == 1_000
        where = {"response_id": "resp_1", "item_id": "item_a", "output_index": 0, "content_index": 0}
        burst = [
            {"type": "response.output_audio.delta", "delta": base64.b64encode(SECOND).decode(), **where},
            {"type": "input_audio_buffer.speech_started", "audio_start_ms": 0, "item_id": "item_u"},
            {"type": "response.output_audio.delta", "delta": base64.b64encode(SECOND).decode(), **where},
        ]
        for said in burst:  # no task that listens gets a turn between these
            session._core.receive(json.dumps(said).encode(), at_ns=1)
        assert not player.playing
        assert player.position("item_a") == Position("item_a", 0, 3_000, 0, 0, cut=True)
        await idle()
        assert cut(server) == [("delete", "item_a", None)]


async def test_a_player_that_fails_is_fed_no_more_and_the_session_goes_on() -> None:
    class Broken:
        fed = 0

        def feed(self, delta: Any) -> None:
            self.fed += 1
            raise OSError("no such device")

        def interrupt(self) -> tuple[()]:
            return ()

    broken = Broken()
    async with talking(player=broken, **listening()) as (session, server):
        await speaking(session, server, seconds=2)
        assert (session.is_open, broken.fed) == (True, 1)


async def test_interrupting_can_be_left_to_the_caller() -> None:
    async with talking(interrupt_on_speech=False, **listening()) as (session, server):
        await speaking(session, server)
        session.heard("item_a", 100)
        await user_speaks(server)
        assert cut(server) == []


async def test_what_was_cut_once_is_not_cut_again() -> None:
    async with talking(**listening()) as (session, server):
        await speaking(session, server)
        session.heard("item_a", 100)
        await user_speaks(server)
        await user_speaks(server)
        assert cut(server) == [("truncate", "item_a", 100)]


async def test_an_answer_that_comes_in_one_burst_with_the_speech_is_not_cut() -> None:
    stops: list[str | None] = []
    async with talking(**listening()) as (session, server):
        await speaking(session, server)
        session.heard("item_a", 300)

        def stop() -> tuple[()]:
            stops.append(session.state.active_response_id)
            return ()

        session._stop_playback = stop
        ended = {"object": "realtime.response", "id": "resp_1", "status": "cancelled", "output": []}
        begun = {"id": "item_b", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        of = {"response_id": "resp_2", "item_id": "item_b", "output_index": 0, "content_index": 0}
        for said in (
            {"type": "input_audio_buffer.speech_started", "audio_start_ms": 0, "item_id": "item_u"},
            {"type": "response.done", "response": ended},
            {"type": "response.created", "response": {**ended, "id": "resp_2", "status": "in_progress"}},
            {"type": "response.output_item.added", "response_id": "resp_2", "output_index": 0, "item": begun},
            {"type": "conversation.item.added", "item": begun},
            {"type": "response.output_audio.delta", "delta": "AAAA" * 400, **of},
        ):
            session._core.receive(json.dumps(said).encode(), at_ns=1)
        await idle()
        assert stops == ["resp_1"]
        assert cut(server) == [("truncate", "item_a", 300)]


@pytest.mark.parametrize("positions", [None, [Position("item_a", 0, 0, 0, -5)]])
async def test_what_stops_the_playback_may_fail_and_the_session_goes_on(positions: Any) -> None:
    def stop() -> Any:
        if positions is None:
            raise OSError("no such device")
        return positions

    async with talking(stop_playback=stop, **listening()) as (session, server):
        await speaking(session, server)
        await server.say("input_audio_buffer.speech_started", audio_start_ms=0, item_id="item_u")
        await session.until(lambda state: state.input_audio.speaking)
        assert (await session.interrupt()).cut == ()
        assert session.is_open
