"""A clip spoken over a real websocket, answered, interrupted, and what is left of it as sound."""

from importlib.resources import files
from pathlib import Path

import anyio
import pytest

import realtime_sdk as rt
from realtime_sdk.audio.formats import PCM
from realtime_sdk.audio.pcm import PcmFormat
from realtime_sdk.audio.player import Player
from realtime_sdk.audio.reading import read_sound
from realtime_sdk.audio.tracks import Cut, export_tracks
from realtime_sdk.audio.wav import read_wav
from realtime_sdk.session import RealtimeSession

CLIPS = files("realtime_sdk") / "simulator" / "clips"
ANSWERS = {1: "It is sunny in Paris, with twenty degrees in the shade.", 2: "Goodbye."}


def clip(name: str) -> bytes:
    with (CLIPS / f"{name}.wav").open("rb") as file:
        return read_wav(file).pcm


class Conversation:
    """A session in virtual time: sound takes as long as it lasts, everything else takes none."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.player = Player(now_ns=lambda: self.now_ns)

    def passes(self, ms: int) -> None:
        self.now_ns += ms * 1_000_000

    async def says(self, session: RealtimeSession, sound: bytes) -> None:
        self.passes(PCM.ms_in_bytes(len(sound)))
        await session.append_audio(sound)

    async def plays(self, session: RealtimeSession) -> None:
        async for delta in session.events(rt.server_events.ResponseOutputAudioDelta):
            self.player.feed(delta)


def completed(count: int):
    return lambda state: sum(response.status == "completed" for response in state.responses.values()) == count


def all_transcribed(state: rt.RealtimeState) -> bool:
    return all(item.input_transcript for item in state.items.values() if item.role == "user")


async def interrupted_conversation(log: Path) -> rt.RealtimeState:
    talk = Conversation()
    turns = iter(ANSWERS.values())
    async with (
        rt.simulate(reply=lambda turn: next(turns)) as server,
        rt.connect(
            server.endpoint,
            log=log,
            transcription={"model": "gpt-realtime-whisper"},
            stop_playback=talk.player.interrupt,
            clock_ns=lambda: talk.now_ns,
        ) as session,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(talk.plays, session)
        await talk.says(session, clip("weather"))
        await session.until(lambda state: state.input_audio.speaking, timeout=10)
        await talk.says(session, PCM.silence(800))
        await session.until(completed(1), timeout=10)
        while talk.player.unheard_ms < 62.5 * len(ANSWERS[1]) - 1:
            await anyio.lowlevel.checkpoint()
        talk.passes(700)
        goodbye = clip("goodbye")
        await talk.says(session, goodbye[: 48 * 300])
        await session.until(lambda state: any(item.truncated_ms for item in state.items.values()), timeout=10)
        await talk.says(session, goodbye[48 * 300 :])
        await talk.says(session, PCM.silence(800))
        await session.until(completed(2), timeout=10)
        await session.until(all_transcribed, timeout=10)
        tasks.cancel_scope.cancel()
    return session.state


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "call.jsonl"


async def test_a_spoken_turn_is_answered_and_interrupted_at_the_right_millisecond(log: Path) -> None:
    state = await interrupted_conversation(log)
    spoken = [item for item in state.items.values() if item.type == "message"]
    assert [item.role for item in spoken] == ["user", "assistant", "user", "assistant"]
    assert [item.input_transcript for item in spoken[0::2]] == ["What is the weather in Paris?", "Thank you, goodbye."]
    assert [item.truncated_ms for item in spoken[1::2]] == [1_000, None]
    assert rt.replay(rt.EventLog.load(log)) == state

    answer_ms = int(62.5 * len(ANSWERS[1]))
    cut = Cut(spoken[1].id, 0, heard_ms=1_000, placed_ms=answer_ms)
    heard = export_tracks(log, log.with_name("heard.flac"), layout="assistant")
    assert heard.cuts == (cut,)
    answered_ms = 1_586 + 800
    sound = read_sound(heard.path).pcm
    last = max(at for at in range(len(sound) // 48) if any(sound[48 * at : 48 * at + 48]) and at < answered_ms + 1_500)
    assert answered_ms + 900 <= last < answered_ms + 1_000

    whole = export_tracks(log, log.with_name("whole.wav"), heard=False)
    assert whole.cuts == ()
    assert read_wav(whole.path).pcm_format == PcmFormat(24_000, 2)
    assert whole.user_ms == heard.user_ms
    assert whole.user_ms == 1_586 + 800 + 700 + 1_551 + 800
