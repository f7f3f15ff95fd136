"""Others who do the same, where they are installed: further contenders in our rows, each with the goal against it.

They are not installed by default (their pins exclude ours on trio). What is called here is what their own read loops
call for each frame. `openai-python` alone gives events; `openai-agents` keeps a history, as our state does.
"""

import asyncio
import base64
import importlib
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from typing import Any

from tests.benchmarks import far_side
from tests.benchmarks.decode_rows import each
from tests.benchmarks.import_rows import run
from tests.benchmarks.measure import Spent, Work, cpu_ns
from tests.benchmarks.row import Goal, Row, Scale, TimedRow, Works, at_least, at_most
from tests.benchmarks.socket_rows import GO, bare_websocket, size_of
from tests.benchmarks.uplink_rows import pieces
from tests.benchmarks.workload import Said, answer, conversation, deltas, frames_of, server_frames

__all__ = ["PEERS", "with_peers"]


MODULES = ("openai", "agents")


@dataclass(frozen=True)
class Peer:
    """A contender of somebody else's for one of our rows: its module, and how its work is made."""

    row: str
    name: str
    module: str
    make: Callable[[Scale], Work]
    goal: Goal | None = None


def with_peers(rows: Iterator[tuple[str, Row]], scale: Scale, *, tell: Callable[[str], object]) -> Iterator[Any]:
    """The rows, with the peers that are installed as further contenders; `tell` hears of those that are not."""
    there = {module: find_spec(module) is not None for module in MODULES}
    for module, is_there in there.items():
        if not is_there:
            tell(f"{module} is not installed: its figures are left out")
    for subject, row in rows:
        peers = [peer for peer in PEERS if row.name.startswith(peer.row) and there[peer.module]]
        yield subject, with_contenders(row, peers, scale) if isinstance(row, TimedRow) and peers else row


def with_contenders(row: TimedRow, peers: list[Peer], scale: Scale) -> TimedRow:
    def prepare(stack: ExitStack) -> Works:
        return {**row.prepare(stack), **{peer.name: peer.make(scale) for peer in peers}}

    return replace(row, prepare=prepare, goals={**row.goals, **{peer.name: peer.goal for peer in peers if peer.goal}})


# ------------------------------------------------------------------------------------------------------------------
# openai-python


def openai_decode(frames: Callable[[Scale], tuple[bytes, ...]], scale: Scale) -> Work:
    return each(openai_connection().parse_event, frames(scale))


def openai_sound(scale: Scale) -> Work:
    parse = openai_connection().parse_event
    return each(lambda frame: base64.b64decode(parse(frame).delta), deltas(scale.deltas))


def openai_append(_scale: Scale) -> Work:
    connection, sound = openai_connection(), pieces()

    async def append() -> Spent:
        began_ns = cpu_ns()
        for pcm in sound:
            await connection.input_audio_buffer.append(audio=base64.b64encode(pcm).decode())
        return Spent(len(sound), cpu_ns() - began_ns)

    return lambda: asyncio.run(append())


def openai_received(kind: str, scale: Scale) -> Work:
    async def receive(url: str, count: int) -> Spent:
        async with bare_websocket(url) as websocket:
            connection = openai_connection(websocket)
            await connection.recv()
            began_ns = cpu_ns()
            await websocket.send(GO, text=True)
            for _ in range(count):
                event = await connection.recv()
                if event.type == "response.output_audio.delta":
                    base64.b64decode(event.delta)
            return Spent(count, cpu_ns() - began_ns)

    return received(receive, kind, scale)


def received(receive: Callable[[str, int], Awaitable[Spent]], kind: str, scale: Scale) -> Work:
    size = size_of(kind, scale)
    url, count = f"{far_side.url()}/{kind}/{size}", len(frames_of(kind, size))
    return lambda: asyncio.run(receive(url, count))  # type: ignore[arg-type]  # a coroutine


def openai_connection(websocket: Any = None) -> Any:
    """A connection of openai-python; without a websocket it swallows what is sent."""
    module = importlib.import_module("openai.resources.realtime.realtime")
    return module.AsyncRealtimeConnection(websocket or Swallowing())


class Swallowing:
    async def send(self, _message: object) -> None:
        return


# ------------------------------------------------------------------------------------------------------------------
# openai-agents


def agents_path(said: Callable[[Scale], tuple[Said, ...]], scale: Scale) -> Work:
    """Model and session of openai-agents, fed as its read loop feeds them; nobody runs its tools."""
    frames = server_frames(said(scale))

    async def path() -> Spent:
        take = agents_session()
        began_ns = cpu_ns()
        for frame in frames:
            await take(json.loads(frame))
        return Spent(len(frames), cpu_ns() - began_ns)

    return lambda: asyncio.run(path())


def agents_received(kind: str, scale: Scale) -> Work:
    async def receive(url: str, count: int) -> Spent:
        async with bare_websocket(url) as websocket:
            take = agents_session()
            await take(json.loads(await websocket.recv()))
            began_ns = cpu_ns()
            await websocket.send(GO, text=True)
            for _ in range(count):
                await take(json.loads(await websocket.recv()))
            return Spent(count, cpu_ns() - began_ns)

    return received(receive, kind, scale)


def agents_session() -> Callable[[Any], Any]:
    agents = importlib.import_module("agents.realtime")
    model = importlib.import_module("agents.realtime.openai_realtime").OpenAIRealtimeWebSocketModel()
    model._websocket = Swallowing()
    session = agents.RealtimeSession(model=model, agent=agents.RealtimeAgent(name="agent"), context=None)
    model.add_listener(session)
    take: Callable[[Any], Any] = model._handle_ws_event
    return take


# ------------------------------------------------------------------------------------------------------------------
# Which rows they join

OPENAI, AGENTS = "openai-python", "openai-agents"
IMPORT_OPENAI = "from openai.resources.realtime.realtime import AsyncRealtimeConnection as connection"
READY_OPENAI = f"""
import openai, websockets.asyncio.client
{IMPORT_OPENAI}
openai.AsyncOpenAI(api_key="none").realtime
connection(None).parse_event(b'{{"type":"session.created","event_id":"event_1","session":{{"type":"realtime"}}}}')
"""
READY_AGENTS = "import agents.realtime, agents.realtime.openai_realtime, websockets.asyncio.client"

DECODED: Mapping[str, Callable[[Scale], tuple[bytes, ...]]] = {
    "small": lambda scale: frames_of("small", scale.decode_turns),
    "mix": lambda scale: frames_of("mix", scale.decode_turns),
    "delta": lambda scale: deltas(scale.deltas),
}
DECODE_GOALS = {"small": at_least(35)}
RECEIVE_GOALS = {"small": (at_least(9), at_least(5)), "sound": (at_least(6), at_least(4.5))}
PATH_GOALS = {10: at_least(10), 1_000: at_least(34)}


def turns_of(turns: int) -> Callable[[Scale], tuple[Said, ...]]:
    return lambda _scale: conversation(turns, sound=False)


PEERS: tuple[Peer, ...] = (
    *(
        Peer(f"decode, {kind}", OPENAI, "openai", partial(openai_decode, frames), DECODE_GOALS.get(kind))
        for kind, frames in DECODED.items()
    ),
    Peer("delta → PCM", OPENAI, "openai", openai_sound, at_least(28)),
    Peer("uplink, append frame", OPENAI, "openai", openai_append, at_least(100)),
    *(
        Peer(f"whole path, small, {turns:,} turns", AGENTS, "agents", partial(agents_path, turns_of(turns)), goal)
        for turns, goal in PATH_GOALS.items()
    ),
    Peer("whole path, one response", AGENTS, "agents", partial(agents_path, lambda scale: answer(scale.answer_ms))),
    *(
        Peer(f"receive, {kind}, {what}, asyncio", *peer)
        for kind, (openai_goal, agents_goal) in RECEIVE_GOALS.items()
        for what in ("whole path", "session")
        for peer in (
            (OPENAI, "openai", partial(openai_received, kind), openai_goal),
            (AGENTS, "agents", partial(agents_received, kind), agents_goal),
        )
    ),
    Peer("import realtime_sdk", OPENAI, "openai", lambda _scale: partial(run, IMPORT_OPENAI), at_most(0.12)),
    Peer("ready to connect", OPENAI, "openai", lambda _scale: partial(run, READY_OPENAI), at_most(0.45)),
    Peer("ready to connect", AGENTS, "agents", lambda _scale: partial(run, READY_AGENTS), at_most(0.15)),
)
