"""`simulate()`: a realtime server for as long as a block lasts. It opens the port, and gives every client a session.

When the block ends the sessions end with it, and what went wrong unseen is raised: errors in the reply's own code, and
steps of the scenario that were never used.
"""

import re
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

import anyio
from anyio.abc import TaskGroup

from realtime_sdk._version import __version__
from realtime_sdk.audio.pacing import Clock, RealClock
from realtime_sdk.dialects import BETA, OPENAI, Dialect
from realtime_sdk.errors import ScenarioError
from realtime_sdk.log import EventLog, FileSink, LogHeader
from realtime_sdk.protocol import registries
from realtime_sdk.simulator.brain import Fault, Settings, Turn, Utterance
from realtime_sdk.simulator.brain.listening import MakeVad
from realtime_sdk.simulator.ear import Clip, Ear, recognise, shipped_clips
from realtime_sdk.simulator.persona import persona
from realtime_sdk.simulator.scenario import Run, Scenario
from realtime_sdk.simulator.session import Part, SimulatedSession
from realtime_sdk.simulator.sockets import Knock, listening
from realtime_sdk.transport.base import Transport
from realtime_sdk.transport.endpoint import Endpoint
from realtime_sdk.transport.memory import pair

__all__ = ["Manner", "Simulation", "Voice", "simulate"]

Voice: TypeAlias = Literal["tones", "espeak"]
ReplyTo: TypeAlias = Callable[[Turn], object]

_GOODBYE = Fault("close", message="the simulation has ended", close_code=1000)
_END_TIMEOUT_S = 3.0
_BETA_REFUSED = Fault(
    "close",
    code="beta_api_shape_disabled",
    message="The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.",
    close_code=4000,
)


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How a simulation behaves; the arguments of `simulate`, where they are explained."""

    speed: float = 0.0
    seed: str = "0"
    voice: Voice = "tones"
    model: str = "gpt-realtime-2.1"
    beta: Literal["accept", "refuse"] = "accept"
    ear: Ear | None = None
    clips: tuple[Clip, ...] | None = None
    vad: MakeVad | None = None
    hold_items: bool = False
    session_ms: int = 3_600_000
    started_at_s: int | None = None
    log_dir: Path | None = None
    clock: Clock | None = None


class Simulation:
    """A running server. `url` and `endpoint` are where it listens, `sessions` all that it had, in order."""

    def __init__(self, scenario: Scenario | None, reply: ReplyTo | None, manner: Manner) -> None:
        self._scenario = scenario
        self._reply = reply
        self._manner = manner
        self._group: TaskGroup
        self._at: tuple[str, int] | None = None
        self.sessions: tuple[SimulatedSession, ...] = ()

    def __repr__(self) -> str:
        where = "in memory" if self._at is None else self.url
        return f"<Simulation {where}, {len(self.sessions)} sessions>"

    @property
    def url(self) -> str:
        """The address of the server: `ws://127.0.0.1:PORT/v1/realtime`. ScenarioError if it opened no port."""
        if self._at is None:
            raise ScenarioError("this simulation opened no port (port=None); connect with memory()")
        host, port = self._at
        return f"ws://{f'[{host}]' if ':' in host else host}:{port}/v1/realtime"

    @property
    def endpoint(self) -> Endpoint:
        """What `rt.connect` takes."""
        return Endpoint(self.url)

    @property
    def failures(self) -> tuple[Exception, ...]:
        """What replies and ears raised, in all sessions."""
        return tuple(error for session in self.sessions for error in session.failures)

    def memory(self, *, model: str | None = None) -> Transport:
        """The client's end of a new session without a socket."""
        client, server = pair()
        session = self._session(Knock(query={} if model is None else {"model": model}))
        self._group.start_soon(session.run, server)
        return client

    def fault(self, fault: Fault) -> None:
        """Let something go wrong in every open session."""
        for session in self.sessions:
            session.fault(fault)

    async def _serve(self, transport: Transport, knock: Knock) -> None:
        await self._session(knock).run(transport)

    def _session(self, knock: Knock) -> SimulatedSession:
        number = len(self.sessions) + 1
        run = None if self._scenario is None else self._scenario.begin()
        part = self._part(knock, number, run)
        log = self._log(part.dialect)
        session = SimulatedSession(part, log=log, run=run)
        self.sessions = (*self.sessions, session)
        return session

    def _part(self, knock: Knock, number: int, run: Run | None) -> Part:
        manner, beta = self._manner, "realtime=v1" in knock.headers.get("openai-beta", "")
        return Part(
            reply=self._reply or run or persona,
            ears=self._ears(),
            spoken=manner.voice == "espeak",
            dialect=BETA if beta else OPENAI,
            settings=Settings(
                speed=manner.speed,
                seed=f"{manner.seed}/{number}",
                model=knock.query.get("model") or manner.model,
                intent="transcription" if knock.query.get("intent") == "transcription" else "realtime",
                longest_ms=manner.session_ms,
                started_at_s=_now_s() if manner.started_at_s is None else manner.started_at_s,
                hold_items=manner.hold_items,
                make_vad=manner.vad,
            ),
            clock=manner.clock or RealClock(),
            refusal=_BETA_REFUSED if beta and manner.beta == "refuse" else None,
        )

    def _ears(self) -> tuple[Callable[[Utterance], object], ...]:
        """Who knows what was said, in the order in which they are asked."""
        ears: list[Callable[[Utterance], object]] = []
        if self._scenario is not None:
            ears.append(partial(_scripted, self._scenario.hears))
        if self._manner.ear is not None:
            ears.append(self._manner.ear)
        clips = self._manner.clips
        ears.append(lambda utterance: recognise(utterance.pcm, shipped_clips() if clips is None else clips))
        return tuple(ears)

    def _log(self, dialect: Dialect) -> EventLog:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        header = LogHeader(dialect=dialect.name, spec=registries.GA.spec, sdk=__version__, started_at=now)
        log = EventLog(header)
        if self._manner.log_dir is not None:
            log.add_sink(FileSink(_free_name(self._manner.log_dir), header))
        return log

    def _check(self) -> None:
        """Raise what went wrong and nobody has seen."""
        if self.failures:
            raise ExceptionGroup("replies of the simulation failed", self.failures)
        if self._scenario is None:
            return
        used = {title for session in self.sessions for title in session.done}
        unused = tuple(title for title in self._scenario.steps() if title not in used)
        if unused:
            raise ScenarioError(f"the scenario has steps left over: {'; '.join(unused)}", steps=unused)


def _now_s() -> int:
    return int(datetime.now(UTC).timestamp())


def _scripted(hears: tuple[str, ...], utterance: Utterance) -> str | None:
    place = utterance.number - 1
    return hears[place] if place < len(hears) else None


def _free_name(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    taken = [int(found[1]) for path in folder.iterdir() if (found := re.fullmatch(r"session-(\d+)\.jsonl", path.name))]
    return folder / f"session-{max(taken, default=0) + 1:03d}.jsonl"


@asynccontextmanager
async def simulate(
    scenario: Scenario | None = None,
    *,
    reply: ReplyTo | None = None,
    speed: float = 0.0,
    host: str = "127.0.0.1",
    port: int | None = 0,
    voice: Voice = "tones",
    vad: MakeVad | None = None,
    ear: Ear | None = None,
    clips: tuple[Clip, ...] | None = None,
    model: str = "gpt-realtime-2.1",
    seed: str | int = 0,
    beta: Literal["accept", "refuse"] = "accept",
    hold_items: bool = False,
    session_ms: int = 3_600_000,
    started_at_s: int | None = None,
    log_dir: str | Path | None = None,
    clock: Clock | None = None,
) -> AsyncGenerator[Simulation, None]:
    """A realtime server for as long as the block lasts: any client can talk to it, without key and network.

    What it answers: `scenario`, or `reply(turn)` (sync or async; text, a step, or several), or the built-in persona.
    `speed` is how fast it speaks: 0 at once (the default), 1 in real time, 10 ten times as fast; only a server that
    takes its time can be interrupted. `port` 0 takes a free one, None opens none (`memory()` alone).
    `ear(utterance)` writes speech down, before the known `clips` (the shipped ones unless given) are tried;
    `vad(rules, start_ms)` makes a detector in place of the energy gate; `voice="espeak"` speaks with espeak-ng.
    `model` is the one that clients get who ask for none. `hold_items` acknowledges items that come during a response
    after it. Sessions end after `session_ms`; `started_at_s` (Unix seconds, now unless given) is what `expires_at` is
    counted from. `log_dir` gets a log file for every session. Equal `seed`s give equal ids.

    On leaving, ScenarioError for a scenario with steps left over, and an ExceptionGroup of what replies and ears
    raised; unless the block itself raises. OSError if the port cannot be opened.
    """
    if scenario is not None and reply is not None:
        raise ScenarioError("a simulation answers by a scenario or by a reply, not by both")
    manner = Manner(
        speed=speed,
        seed=str(seed),
        voice=voice,
        model=model,
        beta=beta,
        ear=ear,
        clips=clips,
        vad=vad,
        hold_items=hold_items,
        session_ms=session_ms,
        started_at_s=started_at_s,
        log_dir=None if log_dir is None else Path(log_dir),
        clock=clock,
    )
    raised: Exception | KeyboardInterrupt | None = None
    simulation = Simulation(scenario, reply, manner)
    async with anyio.create_task_group() as simulation._group:
        async with AsyncExitStack() as stack:
            if port is not None:
                simulation._at = (
                    host,
                    await stack.enter_async_context(listening(simulation._serve, host=host, port=port)),
                )
            try:
                yield simulation
            except (Exception, KeyboardInterrupt) as error:
                raised = error  # outside of the group, so that it arrives as it is and in no group
            finally:
                await _end(simulation)
        simulation._group.cancel_scope.cancel()
    if raised is not None:
        raise raised
    simulation._check()


async def _end(simulation: Simulation) -> None:
    """End all sessions, and give their clients time to hear of it."""
    with anyio.move_on_after(_END_TIMEOUT_S, shield=True):
        simulation.fault(_GOODBYE)
        for session in simulation.sessions:
            await session.closed.wait()
    for session in simulation.sessions:
        session.stop()
