"""Whose turn it is: ending the user's when the microphone has ended, and knowing whether somebody is to answer."""

from typing import Any

import pytest
from anyio import fail_after

from realtime_sdk.errors import ServerError
from realtime_sdk.protocol import local
from realtime_sdk.session import connect
from realtime_sdk.session.turns import end_turn, is_floor_free, transcription, turn_detection, until_floor_free
from realtime_sdk.simulator import simulate
from realtime_sdk.state import RealtimeState
from tests import said
from tests.session.scripted import Server, talking

SECOND = bytes(48_000)


def detecting(server: Server) -> None:
    server.session["audio"]["input"]["turn_detection"] = {"type": "server_vad"}


async def test_without_voice_detection_the_rest_is_committed_and_waits_for_an_answer() -> None:
    with fail_after(5):
        async with talking() as (session, server):
            await session.append_audio(SECOND)
            assert await end_turn(session) is True
            assert server.kinds == ["input_audio_buffer.append", "session.update", "input_audio_buffer.commit"]


async def test_a_rest_that_servers_refuse_is_left_out() -> None:
    with fail_after(5):
        async with talking() as (session, server):
            await session.append_audio(SECOND[: 48 * 99])
            assert await end_turn(session) is False
            assert server.heard_of("input_audio_buffer.commit") == []


async def test_with_voice_detection_silence_ends_the_turn() -> None:
    with fail_after(5):
        async with talking(prepare=detecting) as (session, server):
            await session.append_audio(SECOND)
            assert await end_turn(session) is False
            assert server.kinds == ["input_audio_buffer.append", "input_audio_buffer.append", "session.update"]


async def test_a_turn_that_voice_detection_has_not_ended_by_then_is_committed() -> None:
    with fail_after(5):
        async with talking(prepare=detecting) as (session, server):
            await server.say("input_audio_buffer.speech_started", audio_start_ms=0, item_id="u")
            await session.until(lambda state: state.input_audio.speaking)
            assert await end_turn(session) is True


@pytest.mark.parametrize(("code", "raised"), [("input_audio_buffer_commit_empty", False), ("server_error", True)])
async def test_a_commit_that_came_too_late_is_no_error(code: str, raised: bool) -> None:
    found: Any = None
    with fail_after(5):
        async with talking() as (session, server):
            server.refuse("input_audio_buffer.commit", code=code)
            await session.append_audio(SECOND)
            try:
                found = await end_turn(session)
            except ServerError as refused:
                found = refused.code
    assert found == (code if raised else False)


async def test_an_answer_that_came_by_itself_is_told_to_whoever_waits_for_the_floor() -> None:
    with fail_after(5):
        async with talking(prepare=detecting) as (session, server):
            before = session.state
            assert await until_floor_free(session, since=before) == ()
            await server.respond_by_itself("r1")
            await session.until(lambda state: "r1" in state.responses)
            await server.finish("r1", items=(await server.speak("r1", "Yes."),))
            began = await until_floor_free(session, since=before)
            assert [(response.id, response.status) for response in began] == [("r1", "completed")]
            assert await until_floor_free(session, since=session.state) == ()


def detected(**detection: Any) -> Any:
    found = {"type": "server_vad", **detection} if detection.get("type", "") is not None else None
    session = {"type": "realtime", "id": "s", "audio": {"input": {"turn_detection": found}}}
    return said.server("session.created", session=session)


SPEAKING = said.server("input_audio_buffer.speech_started", audio_start_ms=0, item_id="u")
STOPPED = said.server("input_audio_buffer.speech_stopped", audio_end_ms=100, item_id="u")
COMMITTED = said.server("input_audio_buffer.committed", item_id="u")
IDLE = said.server("input_audio_buffer.timeout_triggered", audio_start_ms=0, audio_end_ms=9_000, item_id="i")
SPOKEN = said.added(said.user("u", None))
TURN = (detected(), SPEAKING, STOPPED, COMMITTED, SPOKEN)
ANSWERED = (*TURN, said.created(), said.item_of("added", said.assistant("a")), said.ended())
COMMIT = said.client("input_audio_buffer.commit")


def refused(**named: Any) -> Any:
    return said.server("error", error={"type": "server_error", "code": "server_error", "message": "no", **named})


@pytest.mark.parametrize(
    ("events", "is_free"),
    [
        ((), True),
        ((detected(), SPEAKING), False),
        ((detected(), SPEAKING, STOPPED), False),
        ((detected(), SPEAKING, STOPPED, COMMITTED), False),
        (TURN, False),
        ((*TURN, said.created()), False),
        ((*TURN, said.created("oob", conversation_id=None)), False),
        ((*TURN, said.added(said.user("later"), "u")), False),
        (ANSWERED, True),
        ((*ANSWERED, said.deleted("a")), True),
        ((*TURN, said.created(), said.ended(status="failed")), True),
        ((*TURN, refused()), True),
        ((*TURN, refused(event_id="mine")), False),
        ((*TURN, said.deleted("u")), True),
        ((*TURN[:-1], said.deleted("u")), True),
        ((*TURN, local.ConnectionClosed(code=1006)), True),
        ((*TURN[:-1], local.ConnectionClosed(code=1006)), True),
        ((detected(), SPEAKING, said.created(), STOPPED, COMMITTED, SPOKEN, said.ended()), True),
        ((detected(), COMMIT, COMMITTED, SPOKEN), True),
        ((detected(), SPEAKING, COMMIT, STOPPED, COMMITTED, SPOKEN), True),
        ((detected(), IDLE, said.server("input_audio_buffer.committed", item_id="i")), False),
        ((detected(create_response=False), SPEAKING, STOPPED, COMMITTED, SPOKEN), True),
        ((detected(type=None), COMMITTED, SPOKEN), True),
        ((SPEAKING, detected(type=None)), True),
    ],
)
def test_the_floor_is_free_when_nobody_speaks_answers_or_is_about_to(events: tuple[Any, ...], is_free: bool) -> None:
    assert is_floor_free(said.after(*events)) is is_free


def test_what_a_session_does_not_say_it_does_not_do() -> None:
    assert (turn_detection(RealtimeState.empty()), transcription(RealtimeState.empty())) == (None, None)


@pytest.mark.parametrize("is_cut_short", [True, False])
async def test_a_commit_that_cuts_speech_short_is_told_from_one_of_voice_detection(is_cut_short: bool) -> None:
    """Both look the same on the wire: what the server says to the next thing that it is asked decides."""

    class Hearing(Server):
        async def on_input_audio_buffer_commit(self, event: dict[str, Any]) -> None:
            await self.say("input_audio_buffer.speech_started", audio_start_ms=0, item_id="item_u")
            await self.say("input_audio_buffer.speech_stopped", audio_end_ms=1_000, item_id="item_u")
            await self.say("input_audio_buffer.committed", previous_item_id=None, item_id="item_u")
            if not is_cut_short:
                await self.error("input_audio_buffer_commit_empty", event_id=event["event_id"])

    with fail_after(5):
        async with talking(Hearing, prepare=detecting) as (session, server):
            await session.append_audio(SECOND)
            assert await session.commit(timeout=1) == ("item_u" if is_cut_short else None)
            await server.say("input_audio_buffer.committed", previous_item_id=None, item_id="item_vad")
            await session.until(lambda state: "item_vad" in state.input_audio.commits)
            server.silent_about.add("input_audio_buffer.commit")  # a server that does not heed it (xAI)
            assert await session.commit(timeout=1) is None


async def test_what_is_said_is_committed_by_hand_while_a_server_listens() -> None:
    with fail_after(5):
        async with simulate() as server, connect(transport=server.memory()) as session:
            await session.append_audio(b"\x10\x20" * 24_000)
            committed = await session.commit(timeout=1)
            assert committed in session.state.input_audio.commits
