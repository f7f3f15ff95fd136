"""Many who speak at once, in real time: the simulator in a program of its own on one core, its clients in this one.

`python -m tests.simulator.crowd LOOP SPEED` is the server: it prints its URL, ends with its input, and then says how
much CPU time it took. A client speaks a clip, is quiet, and hears the answer out, so many times; a microphone is never
off. Lateness is asked where it is heard: how long after its time a piece of sound came, counted from the first of its
answer, as a player without a buffer would have it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import process_time

import anyio
import anyio.to_thread

import realtime_sdk as rt
from realtime_sdk.audio.pacing import Pacer
from realtime_sdk.protocol.server_events import ResponseOutputAudioDelta
from realtime_sdk.transport import Endpoint, WebsocketOptions
from tests.simulator.talk import QUIET, clip

ROOT = Path(__file__).parents[2]
ANSWER = "I heard you well enough, thank you."
PIECE_MS = 100
OPTIONS = WebsocketOptions(proxy=False, open_timeout=60, ping_interval=None, close_timeout=1)


@dataclass
class Heard:
    """What the clients heard, and how late."""

    late_ms: list[float] = field(default_factory=list[float])
    spoken: list[str] = field(default_factory=list[str])
    turns: int = 0

    def percentile(self, share: float) -> float:
        """The lateness in ms that this share of all pieces of sound did not exceed."""
        return sorted(self.late_ms)[min(int(len(self.late_ms) * share), len(self.late_ms) - 1)]


@dataclass(frozen=True)
class Crowd:
    """How many speak, how often, and how much faster than in real time."""

    sessions: int
    turns: int = 1
    speed: float = 1.0


async def speak(url: str, crowd: Crowd) -> Heard:
    """Let everybody speak, one a little after the other, and tell what they heard."""
    heard = Heard()
    apart_s = 5 / crowd.sessions / crowd.speed
    async with anyio.create_task_group() as group:
        for number in range(crowd.sessions):
            group.start_soon(_one, url, crowd, number * apart_s, heard)
    return heard


async def _one(url: str, crowd: Crowd, after_s: float, heard: Heard) -> None:
    await anyio.sleep(after_s)
    log = rt.EventLog(keep="none")
    detection = {"type": "server_vad", "interrupt_response": False}
    async with rt.connect(Endpoint(url), options=OPTIONS, log=log, timeout=60, turn_detection=detection) as session:
        for _ in range(crowd.turns):
            async with anyio.create_task_group() as group:
                group.start_soon(_microphone, session, crowd.speed)
                await _answer(session, crowd.speed, heard)
                group.cancel_scope.cancel()
        heard.spoken += [item.text or "" for item in session.state.items.values() if item.role == "assistant"]


async def _microphone(session: rt.RealtimeSession, speed: float) -> None:
    sound, size, pacer = clip("hello"), PIECE_MS * len(QUIET), Pacer(PIECE_MS, speed=speed)
    for at in count(0, size):  # then it is quiet
        await pacer.next()
        await session.append_audio(sound[at : at + size].ljust(size, b"\0"))


async def _answer(session: rt.RealtimeSession, speed: float, heard: Heard) -> None:
    began_s, sound_ms = 0.0, 0.0
    async for update in session.updates(limit=None):
        event = update.event
        if isinstance(event, ResponseOutputAudioDelta):
            began_s = began_s or anyio.current_time()
            heard.late_ms.append((anyio.current_time() - began_s) * 1_000 - sound_ms / speed)
            sound_ms += len(event.pcm) / len(QUIET)
        elif event is not None and event.type == "response.done":
            heard.turns += 1
            return


# ------------------------------------------------------------------------------------------------------------------
# The server


class Server:
    """The server's program: where it listens, and how much CPU time its sessions took once it has ended."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.cpu_s = 0.0


@contextmanager
def server(loop: str, *, speed: float = 1.0) -> Iterator[Server]:
    """A simulator in an interpreter of its own, on one core where the system has such a choice."""
    command = [sys.executable, "-m", "tests.simulator.crowd", loop, str(speed)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) as far:
        assert far.stdin is not None
        assert far.stdout is not None
        found = Server(far.stdout.readline().strip())
        try:
            yield found
        finally:
            far.stdin.close()
            found.cpu_s = json.loads(far.stdout.readline())


def stay_on_one_core() -> None:
    """Keep this program on one of the cores that it may use."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


async def serve(speed: float) -> None:
    async with rt.simulate(speed=speed, reply=lambda _turn: ANSWER) as simulation:
        print(simulation.url, flush=True)
        began_s = process_time()
        await anyio.to_thread.run_sync(sys.stdin.read)
        spent_s = process_time() - began_s
    print(spent_s, flush=True)


if __name__ == "__main__":
    stay_on_one_core()
    anyio.run(serve, float(sys.argv[2]), backend=sys.argv[1])
