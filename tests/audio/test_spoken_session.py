"""A clip spoken over a real websocket, answered, interrupted, and what is left of it as sound."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import anyio
import pytest

import realtime_sdk as rt
from realtime_sdk.audio.formats import PCM, PCMA, PCMU, WireFormat
from realtime_sdk.audio.player import Player
from realtime_sdk.audio.reading import read_sound
from realtime_sdk.audio.resample import Recoder
from realtime_sdk.audio.tracks import Cut, export_tracks
from realtime_sdk.fold import updates
from realtime_sdk.protocol.local import PlaybackHeard
from realtime_sdk.session import RealtimeSession
from tests.audio.sounds import clip

ANSWERS = ("It is sunny in Paris, with twenty degrees in the shade.", "Goodbye.")
WEATHER, GOODBYE = (clip(name)[: 48 * ms] for name, ms in (("weather", 1_586), ("goodbye", 1_551)))
PAUSE = PCM.silence(800)
HEARD_MS = 1_031
"""In the middle of a vowel of the first answer: neither the sample before it nor the one behind it is silent."""

server_events, client_events = rt.server_events, rt.client_events


class Conversation:
    """A session in virtual time: sound takes as long as it lasts, everything else takes none."""

    def __init__(self, inward: WireFormat, outward: WireFormat) -> None:
        self.now_ns = 0
        self.moved = anyio.Event()
        self.inward, self.outward = inward, outward
        self.microphone = Recoder(PCM, inward)
        self.player = Player(outward, now_ns=lambda: self.now_ns, sleep=self.sleep)

    def passes(self, ms: int) -> None:
        self.now_ns += ms * 1_000_000
        self.moved.set()
        self.moved = anyio.Event()

    async def sleep(self, seconds: float) -> None:
        until_ns = self.now_ns + int(seconds * 1e9)
        while self.now_ns < until_ns:
            await self.moved.wait()

    async def says(self, session: RealtimeSession, sound: bytes) -> None:
        self.passes(PCM.ms_in_bytes(len(sound)))
        await session.append_audio(self.microphone.feed(sound))

    async def plays(self, session: RealtimeSession) -> None:
        async for delta in session.events(server_events.ResponseOutputAudioDelta):
            self.player.feed(delta)

    async def reports(self, session: RealtimeSession) -> None:
        def report(heard: PlaybackHeard) -> None:
            session.heard(heard.item_id, heard.heard_ms, content_index=heard.content_index)

        await self.player.tell(report)


def completed(count: int) -> Callable[[rt.RealtimeState], bool]:
    return lambda state: sum(response.status == "completed" for response in state.responses.values()) == count


def all_transcribed(state: rt.RealtimeState) -> bool:
    return all(item.input_transcript for item in state.items.values() if item.role == "user")


def told(state: rt.RealtimeState) -> bool:
    return any(part.heard_ms == HEARD_MS - 300 for item in state.items.values() for part in item.parts)


def cut(state: rt.RealtimeState) -> bool:
    return any(item.truncated_ms for item in state.items.values())


async def held(talk: Conversation, session: RealtimeSession) -> rt.RealtimeState:
    """Ask, hear the answer, say goodbye 731 ms into it; the server is certain of that 300 ms later."""
    await talk.says(session, WEATHER)
    await talk.says(session, PAUSE)
    await session.until(completed(1), timeout=10)
    while talk.player.unheard_ms < 62.5 * len(ANSWERS[0]) - 1:
        await anyio.lowlevel.checkpoint()
    talk.passes(HEARD_MS - 300)
    await session.until(told, timeout=10)
    await talk.says(session, GOODBYE[: 48 * 300])
    await session.until(cut, timeout=10)
    await talk.says(session, GOODBYE[48 * 300 :])
    await talk.says(session, PAUSE)
    await session.until(completed(2), timeout=10)
    return await session.until(all_transcribed, timeout=10)


async def interrupted_conversation(log: Path, inward: WireFormat, outward: WireFormat) -> rt.RealtimeState:
    talk, turns = Conversation(inward, outward), iter(ANSWERS)
    async with (
        rt.simulate(reply=lambda turn: next(turns)) as server,
        rt.connect(
            server.endpoint,
            log=log,
            input_format={"type": inward.name},
            output_format={"type": outward.name},
            transcription={"model": "gpt-realtime-whisper"},
            stop_playback=talk.player.interrupt,
            clock_ns=lambda: talk.now_ns,
        ) as session,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(talk.plays, session)
        tasks.start_soon(talk.reports, session)
        await held(talk, session)
        tasks.cancel_scope.cancel()
    return session.state


@pytest.fixture(params=[(PCM, PCM), (PCMA, PCMU)], ids=["PCM", "telephony"])
def wires(request: pytest.FixtureRequest) -> tuple[WireFormat, WireFormat]:
    return request.param


@pytest.fixture
async def call(tmp_path: Path, wires: tuple[WireFormat, WireFormat]) -> AsyncIterator[tuple[Path, rt.RealtimeState]]:
    log = tmp_path / "call.jsonl"
    with anyio.fail_after(15):
        yield log, await interrupted_conversation(log, *wires)


def received(log: Path, wire: WireFormat, *item_ids: str) -> bytes:
    """All that came of some items, at 24 kHz."""
    events = (event for update in updates(rt.EventLog.load(log)) for event in update.events)
    deltas = (event for event in events if isinstance(event, server_events.ResponseOutputAudioDelta))
    recoder = Recoder(wire, PCM)
    return recoder.feed(b"".join(delta.pcm for delta in deltas if delta.item_id in item_ids)) + recoder.finish()


def exported(log: Path, side: str, *, heard: bool = True) -> bytes:
    path = log.with_name(f"{side}-{heard}.flac")
    export_tracks(log, path, layout=side, heard=heard)
    return read_sound(path).pcm


async def test_a_spoken_turn_is_answered_and_interrupted_at_the_right_millisecond(
    call: tuple[Path, rt.RealtimeState], wires: tuple[WireFormat, WireFormat]
) -> None:
    log, state = call
    spoken = [item for item in state.items.values() if item.type == "message"]
    assert [item.role for item in spoken] == ["user", "assistant", "user", "assistant"]
    assert [item.input_transcript for item in spoken[0::2]] == ["What is the weather in Paris?", "Thank you, goodbye."]
    assert [item.truncated_ms for item in spoken[1::2]] == [HEARD_MS, None]
    assert [item.heard_text for item in spoken[1::2]] == ["It is sunny in", None]
    assert rt.replay(rt.EventLog.load(log)) == state

    answers = [item.id for item in spoken[1::2]]
    answer, goodbye = (received(log, wires[1], item_id) for item_id in answers)
    size = PCM.bytes_in_ms(HEARD_MS)
    assert any(answer[size - 2 : size])
    assert any(answer[size : size + 2])
    before, between = PCM.silence(1_586 + 800), PCM.silence(1_551 - 300 + 800)
    assert exported(log, "assistant") == before + answer[:size] + between + goodbye
    assert exported(log, "assistant", heard=False) == before + received(log, wires[1], *answers)
    assert export_tracks(log).cuts == (Cut(spoken[1].id, 0, heard_ms=HEARD_MS, placed_ms=PCM.ms_in_bytes(len(answer))),)


async def test_the_users_track_is_what_was_said_where_it_was_said(tmp_path: Path) -> None:
    await interrupted_conversation(tmp_path / "call.jsonl", PCM, PCM)
    user = exported(tmp_path / "call.jsonl", "user")
    expected = WEATHER + PAUSE + PCM.silence(HEARD_MS - 300) + GOODBYE + PAUSE
    assert user.startswith(expected)
    assert not any(user[len(expected) :])


async def test_what_was_heard_is_told_on_the_way_and_at_the_cut(
    call: tuple[Path, rt.RealtimeState], wires: tuple[WireFormat, WireFormat]
) -> None:
    log, state = call
    events = [update.event for update in updates(rt.EventLog.load(log))]
    first = next(item for item in state.items.values() if item.truncated_ms)
    heard = [event for event in events if isinstance(event, PlaybackHeard) and event.item_id == first.id]
    assert [event.heard_ms for event in heard] == [HEARD_MS - 300, HEARD_MS]
    (asked,) = [event for event in events if isinstance(event, client_events.ConversationItemTruncate)]
    assert (asked.item_id, asked.content_index, asked.audio_end_ms) == (first.id, 0, HEARD_MS)
