"""`realtime-sdk demo`: a spoken conversation with a server on this machine, shown as it grows, then replayed.

Made of the public face alone: what happens here, a user's program can do. The user is two shipped clips, the second of
which interrupts the answer to the first; the server is the simulator behind a real websocket on loopback.
"""

import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from io import BytesIO
from itertools import count
from math import isfinite
from pathlib import Path
from typing import Final

import anyio

import realtime_sdk as rt
from realtime_sdk.audio.pacing import pace
from realtime_sdk.audio.pcm import chunks
from realtime_sdk.audio.player import Player
from realtime_sdk.audio.tracks import export_tracks
from realtime_sdk.audio.wav import read_wav
from realtime_sdk.cli.ending import MISUSED, Ending
from realtime_sdk.cli.lines import Line
from realtime_sdk.cli.views import View, view_of
from realtime_sdk.session import RealtimeSession, SessionSettings
from realtime_sdk.state import pending_calls

__all__ = ["demo"]

QUESTION: Final = "weather.wav"
FAREWELL: Final = "goodbye.wav"
"""What the user says over the answer to the question."""
HEARD_MS: Final = 1_200
"""How much of that answer the user hears before speaking."""
PIECE_MS: Final = 20
SILENCE_MS: Final = 800
"""What follows every clip: enough for the server to hear that the user has finished."""
PATIENCE_S: Final = 30.0
"""How long an answer may take at real time."""
NAME: Final = "realtime-demo"

WEATHER: Final = rt.models.FunctionTool(
    type="function",
    name="get_weather",
    description="The weather in a city now.",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
SETTINGS: Final[SessionSettings] = {
    "instructions": "Be brief. Use the tool for questions about the weather.",
    "tools": [WEATHER],
    "transcription": "gpt-4o-mini-transcribe",
    "turn_detection": "server_vad",
}


def demo(*, speed: float, log: Path | None, quiet: bool) -> None:
    """Hold the conversation, show it, leave its log and compare. Raises an Ending where the replay differs."""
    if not isfinite(speed):
        raise Ending(f"--speed {speed} is no speed", MISUSED)
    path = _free_name() if log is None else log
    sound = _sound_beside(path)
    with view_of(quiet=quiet) as view:
        live = anyio.run(partial(_converse, path, speed=speed, view=view))
        kept = rt.EventLog.load(path)
        if rt.replay(kept) != live:
            raise Ending(f"{path}: the replay differs from the live state")
        export = export_tracks(path, sound)
        view.finish(
            live,
            Line("replay", f"{len(kept)} records of the log give the state that the session had"),
            Line("sound", f"{export.path}  (user left, assistant right)"),
            Line("next", f"realtime-sdk show {path}"),
        )
    if quiet:
        print(path)


def _free_name() -> Path:
    """A file in the current folder that does not exist yet."""
    names = (Path(f"{NAME}{'' if number == 1 else f'-{number}'}.jsonl") for number in count(1))
    return next(name for name in names if not name.exists() and not name.with_suffix(".wav").exists())


def _sound_beside(log: Path) -> Path:
    """Where the sound goes: beside the log. An Ending if something is there, or would be the log itself."""
    bare = log.name.removesuffix(".gz").rpartition(".")
    sound = log.with_name(f"{bare[0] or bare[2]}.wav") if log.name else Path(f"{NAME}.wav")
    if sound == log or (sound.exists() and not log.exists()):  # a log that is there is complained about by itself
        raise Ending(f"{sound} is there already, and the sound of the demo would go there", MISUSED)
    return sound


@dataclass(slots=True)
class _Clock:
    """The time in which sound is heard: real time by `speed`; at speed 0 it passes by waiting for it."""

    speed: float
    waited_ns: int = 0

    def now_ns(self) -> int:
        return round(time.monotonic_ns() * self.speed) if self.speed else self.waited_ns

    async def sleep(self, seconds: float) -> None:
        self.waited_ns += round(seconds * 1e9)
        await anyio.sleep(seconds / self.speed if self.speed else 0)


async def _converse(log: Path, *, speed: float, view: View) -> rt.RealtimeState:
    """The whole conversation; its state when it was over."""
    clock = _Clock(speed)
    player = Player(now_ns=clock.now_ns, sleep=clock.sleep)
    async with rt.simulate(speed=speed) as server:
        opening = rt.connect(server.endpoint, **SETTINGS, log=log, stop_playback=player.interrupt)
        async with opening as session, anyio.create_task_group() as group:
            view.begin(Line("server", server.url), Line("log", str(log)))
            group.start_soon(_watch, session, view)
            group.start_soon(_play, session, player)
            group.start_soon(_use_tools, session)
            patience_s = PATIENCE_S / min(speed or 1.0, 1.0)
            await session.append_audio(_spoken(QUESTION, speed))
            with anyio.fail_after(patience_s):
                await _listen(session, player, clock)
                if not speed:  # a server that says all at once cannot hear that it is interrupted
                    await session.interrupt()
                    await session.until(_is_cut)
            await session.append_audio(_spoken(FAREWELL, speed))
            await session.until(_is_answered, timeout=patience_s)
            await player.drained()
            group.cancel_scope.cancel()
        return session.state


def _spoken(clip: str, speed: float) -> AsyncIterator[bytes]:
    """A shipped clip and some silence, as a microphone would give it."""
    sound = read_wav(BytesIO((files("realtime_sdk") / "simulator" / "clips" / clip).read_bytes()))
    size = sound.pcm_format.bytes_in_ms(PIECE_MS)
    return pace(chunks(sound.pcm + sound.pcm_format.silence(SILENCE_MS), size), PIECE_MS, speed=speed or None)


def _is_answered(state: rt.RealtimeState) -> bool:
    """Whether the farewell is written down, and the assistant has the last word."""
    items = list(state.conversation.items.values())
    last = items[-1]
    return _turns(state) == 2 and last.role == "assistant" and last.is_final and state.active_response_id is None


def _turns(state: rt.RealtimeState) -> int:
    """How often the user has spoken, if every word of it is written down; else 0."""
    spoken = [item for item in state.conversation.items.values() if item.role == "user"]
    return len(spoken) if all(part.final for item in spoken for part in item.parts) else 0


async def _play(session: RealtimeSession, player: Player) -> None:
    """Let the user hear what the assistant says."""
    async for update in session.updates(limit=None, sent_audio=False):
        if isinstance(update.event, rt.server_events.ResponseOutputAudioDelta):
            player.feed(update.event)


async def _listen(session: RealtimeSession, player: Player, clock: _Clock) -> None:
    """Listen to the answer to the question, until enough of it was heard to speak over it."""
    state = await session.until(_is_being_answered)
    item_id = state.conversation.order[-1]
    while (heard := player.position(item_id)) is None or heard.heard_ms < HEARD_MS:
        await clock.sleep(PIECE_MS / 1_000)


def _is_cut(state: rt.RealtimeState) -> bool:
    return any(item.truncated_ms is not None for item in state.conversation.items.values())


def _is_being_answered(state: rt.RealtimeState) -> bool:
    """Whether the question is written down, and the assistant has begun to answer."""
    items = list(state.conversation.items.values())
    return _turns(state) == 1 and items[-1].role == "assistant"


async def _watch(session: RealtimeSession, view: View) -> None:
    async for update in session.updates(sent_audio=False):
        view.see(update.after)


async def _use_tools(session: RealtimeSession) -> None:
    """Give every call its output, and ask for the answer to it."""
    answered: set[str | None] = set()
    async for update in session.updates(sent_audio=False):
        for call in pending_calls(update.after):
            if call.call_id not in answered:
                answered.add(call.call_id)
                output = rt.models.FunctionCallOutput(call_id=call.call_id, output=_weather(call.arguments or "{}"))
                await session.add_item(output, reply=True)


def _weather(arguments: str) -> str:
    city = json.loads(arguments).get("city", "nowhere")
    return f"It is 18 degrees and sunny in {city}, with a light wind from the west."
