"""`simulate()`: a realtime server for as long as a block lasts. It opens the port, and gives every client a session.

When the block ends the sessions end with it, and what went wrong unseen is raised: errors in the reply's own code, and
steps of the scenario that were never used.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from ssl import SSLContext
from typing import TypeAlias

import anyio
from anyio.abc import TaskGroup
from typing_extensions import Unpack

from realtime_sdk.audio.pacing import Clock, RealClock
from realtime_sdk.dialects import OPENAI, TRANSLATION, Dialect
from realtime_sdk.errors import ScenarioError
from realtime_sdk.log import EventLog
from realtime_sdk.log.event_log import Keep
from realtime_sdk.simulator.brain import Fault, McpServer, Settings, Turn, Unheard, Utterance, Words
from realtime_sdk.simulator.brain.config import Intent
from realtime_sdk.simulator.brain.listening import MakeVad
from realtime_sdk.simulator.client_secrets import Bound, ClientSecrets, key_of
from realtime_sdk.simulator.control import with_control
from realtime_sdk.simulator.ear import Clip, Ear, recognise, shipped_clips
from realtime_sdk.simulator.faults import Trouble, WireFault
from realtime_sdk.simulator.log_files import header_now, new_log
from realtime_sdk.simulator.old_clients import HEARD_BETA
from realtime_sdk.simulator.persona import persona
from realtime_sdk.simulator.scenario import Run, Scenario, ServerOptions, Voice
from realtime_sdk.simulator.session import Part, SimulatedSession
from realtime_sdk.simulator.sockets import Knock, Visit, listening, served_at
from realtime_sdk.transport.base import Transport
from realtime_sdk.transport.endpoint import Endpoint
from realtime_sdk.transport.memory import pair

__all__ = ["Options", "Simulation", "Voice", "simulate"]

ReplyTo: TypeAlias = Callable[[Turn], object]

_GOODBYE = Fault("close", message="the simulation has ended", close_code=1000)
_END_TIMEOUT_S = 3.0
_MODEL = "gpt-realtime-2.1"
_BETA_MODEL = "gpt-4o-realtime-preview"
_BETA_REFUSED = Fault(
    "close",
    code="beta_api_shape_disabled",
    message="The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.",
    close_code=4000,
)


class Options(ServerOptions, total=False):
    """The finer points of a simulation, those of a scenario's `options` too; keyword arguments of `simulate`."""

    seed: str | int
    """Equal seeds give equal ids. Default 0."""
    new_reply: Callable[[], ReplyTo]
    """Makes a reply for each session, in place of one for all: for who remembers what was said. Not with `reply`."""
    ear: Ear
    """Writes speech down, before the known clips are tried."""
    clips: tuple[Clip, ...]
    """The clips that are recognised, in place of the shipped ones; see `known_clips`."""
    vad: MakeVad
    """Makes a detector of speech in place of the energy gate: called with the rules and the position in ms."""
    mcp: tuple[McpServer, ...]
    """The MCP servers that the simulated service can reach."""
    started_at_s: int
    """The wall clock at the start of a session (Unix seconds), from which `expires_at` is counted. Default now."""
    clock: Clock
    """The clock that paces answers. Default the event loop's."""
    faults: Sequence[Trouble]
    """What goes wrong in every session: a `Fault` at its beginning, a `WireFault` whenever a frame fits it."""
    tls: SSLContext | None
    """Makes the server a `wss://` one, with this certificate. Default None."""
    keep: bool
    """Whether sessions that have ended stay in `sessions`, with their logs in memory. Default True."""


class Simulation:
    """A running server. `url` and `endpoint` are where it listens, `sessions` all that it kept, in order."""

    def __init__(
        self,
        scenario: Scenario | None,
        reply: ReplyTo | None,
        *,
        speed: float,
        log_dir: str | Path | None,
        options: Options,
    ) -> None:
        self._scenario = scenario
        self._reply = reply
        self._speed = speed
        self._log_dir = None if log_dir is None else Path(log_dir)
        scripted: ServerOptions = {} if scenario is None else scenario.options
        options = {**scripted, **options}
        self._options = options
        self._clock = options.get("clock") or RealClock()
        self._opened_s = self._clock.now()
        self._secrets = ClientSecrets(
            seed=str(options.get("seed", 0)), model=options.get("model", _MODEL), now_s=self._now_s
        )
        self._group: TaskGroup
        self._at: tuple[str, int] | None = None
        self._faults = (*(() if scenario is None else scenario.faults), *options.get("faults", ()))
        self._begun = 0
        self._unused = () if scenario is None else scenario.steps()
        self._failures: tuple[Exception, ...] = ()
        self.sessions: tuple[SimulatedSession, ...] = ()

    def __repr__(self) -> str:
        where = "in memory" if self._at is None else self.url
        return f"<Simulation {where}, {self._begun} sessions>"

    @property
    def url(self) -> str:
        """The address of the server: `ws://127.0.0.1:PORT/v1/realtime`. ScenarioError if it opened no port."""
        if self._at is None:
            raise ScenarioError("this simulation opened no port (port=None); connect with memory()")
        host, port = self._at
        return served_at(host, port, tls=self._options.get("tls") is not None)

    @property
    def endpoint(self) -> Endpoint:
        """What `rt.connect` takes."""
        return Endpoint(self.url)

    @property
    def transcriptions(self) -> Endpoint:
        """What `rt.connect` takes for a session that only transcribes."""
        return Endpoint(f"{self.url}?intent=transcription")

    @property
    def translations(self) -> Endpoint:
        """What `rt.connect` takes for a translation session."""
        return Endpoint(f"{self.url}/translations", dialect=TRANSLATION)

    @property
    def failures(self) -> tuple[Exception, ...]:
        """What replies and ears raised, in all sessions."""
        return (*self._failures, *(error for session in self.sessions for error in session.failures))

    def memory(self, *, model: str | None = None) -> Transport:
        """The client's end of a new session without a socket."""
        client, server = pair()
        session = self._session(Knock(query={} if model is None else {"model": model}))
        self._group.start_soon(self._run, session, server)
        return client

    def fault(self, *faults: Trouble) -> None:
        """Let something go wrong: a `Fault` in every open session, a `WireFault` in those to come as well."""
        for fault in faults:
            for session in self.sessions:
                session.fault(fault)
        self._faults = (*self._faults, *(fault for fault in faults if isinstance(fault, WireFault)))

    def heal(self) -> None:
        """Let nothing go wrong any more, in no session."""
        self._faults = ()
        for session in self.sessions:
            session.heal()

    async def _serve(self, visit: Visit) -> None:
        if visit.knock.is_realtime:
            transport = await visit.accept()
            await self._run(self._session(visit.knock), transport)
        else:
            await visit.refuse_path()

    async def _run(self, session: SimulatedSession, transport: Transport) -> None:
        """Serve a client; of a session that is not kept stays what was wrong with it, and which steps it used."""
        try:
            await session.run(transport)
        finally:
            if not self._options.get("keep", True):
                self._failures = (*self._failures, *session.failures)
                self._unused = tuple(title for title in self._unused if title not in session.done)
                self.sessions = tuple(one for one in self.sessions if one is not session)

    def _session(self, knock: Knock) -> SimulatedSession:
        self._begun = number = self._begun + 1
        run = None if self._scenario is None else self._scenario.begin()
        part = self._part(knock, number, run)
        log = self._log(part.dialect)
        session = SimulatedSession(part, log=log, run=run)
        self.sessions = (*self.sessions, session)
        return session

    def _part(self, knock: Knock, number: int, run: Run | None) -> Part:
        options, beta, intent = self._options, knock.is_beta, _intent(knock)
        bound = self._secrets.given.get(key_of(knock.headers, knock.subprotocols) or "")
        refusal = _BETA_REFUSED if beta and options.get("beta") == "refuse" else None
        if bound is not None:
            refusal = refusal or bound.refusal(now_s=self._now_s(), translates=intent == "translation")
        return Part(
            reply=self._reply or run or options.get("new_reply", lambda: persona)(),
            ears=self._ears(),
            spoken=options.get("voice") == "espeak",
            dialect=TRANSLATION if intent == "translation" else HEARD_BETA if beta else OPENAI,
            settings=self._settings(knock, number, None if refusal is not None else bound),
            clock=self._clock,
            faults=self._faults,
            refusal=refusal,
        )

    def _settings(self, knock: Knock, number: int, bound: Bound | None) -> Settings:
        options = self._options
        return Settings(
            speed=self._speed,
            seed=f"{options.get('seed', 0)}/{number}",
            model=(bound and bound.model)
            or knock.query.get("model")
            or options.get("model", _BETA_MODEL if knock.is_beta else _MODEL),
            intent=_intent(knock) if bound is None else bound.intent,
            session=None if bound is None else bound.session,
            longest_ms=options.get("session_ms", 3_600_000),
            started_at_s=self._started_at_s(),
            sideband="call_id" in knock.query,
            rate_limits=options.get("rate_limits", True),
            early_transcripts=options.get("early_transcripts", False),
            hold_items=options.get("hold_items", False),
            make_vad=options.get("vad"),
            mcp=(*options.get("mcp", ()), *(() if self._scenario is None else self._scenario.mcp)),
        )

    def _started_at_s(self) -> int:
        return self._options.get("started_at_s", int(datetime.now(UTC).timestamp()))

    def _now_s(self) -> int:
        """The wall clock: what it was when the server opened, and what has passed since by the simulation's clock."""
        if "started_at_s" not in self._options:
            return self._started_at_s()
        return self._started_at_s() + int(self._clock.now() - self._opened_s)

    def _ears(self) -> tuple[Callable[[Utterance], object], ...]:
        """Who knows what was said, in the order in which they are asked."""
        ears: list[Callable[[Utterance], object]] = []
        if self._scenario is not None:
            ears.append(partial(_scripted, self._scenario.hears))
        if "ear" in self._options:
            ears.append(self._options["ear"])
        ears.append(lambda utterance: recognise(utterance.pcm, self._options.get("clips") or shipped_clips()))
        return tuple(ears)

    def _log(self, dialect: Dialect) -> EventLog:
        keep: Keep = "all" if self._options.get("keep", True) else "none"
        if self._log_dir is None:
            return EventLog(header_now(dialect), keep=keep)
        return new_log(self._log_dir, dialect, keep=keep)[1]

    def _check(self) -> None:
        """Raise what went wrong and nobody has seen."""
        if self.failures:
            raise ExceptionGroup("replies of the simulation failed", self.failures)
        used = {title for session in self.sessions for title in session.done}
        unused = tuple(title for title in self._unused if title not in used)
        if unused:
            raise ScenarioError(f"the scenario has steps left over: {'; '.join(unused)}", steps=unused)


def _intent(knock: Knock) -> Intent:
    """What the client wants of a session: said by the path, or by the query."""
    if knock.path.rstrip("/").endswith("/translations"):
        return "translation"
    return "transcription" if knock.query.get("intent") == "transcription" else "realtime"


def _scripted(hears: tuple[str | Words | Unheard, ...], utterance: Utterance) -> str | Words | Unheard | None:
    place = utterance.number - 1
    return hears[place] if place < len(hears) else None


@asynccontextmanager
async def simulate(
    scenario: Scenario | None = None,
    *,
    reply: ReplyTo | None = None,
    speed: float = 0.0,
    host: str = "127.0.0.1",
    port: int | None = 0,
    log_dir: str | Path | None = None,
    **options: Unpack[Options],
) -> AsyncGenerator[Simulation, None]:
    """A realtime server for as long as the block lasts: any client can talk to it, without key and network.

    What it answers: `scenario`, or `reply(turn)` (sync or async; text, a step, or several), or the built-in persona.
    `speed` is how fast it speaks: 0 at once (the default), 1 in real time, 10 ten times as fast; only a server that
    takes its time can be interrupted. `port` 0 takes a free one, None opens none (`memory()` alone). `log_dir` gets a
    log file for every session. `Options` has the rest.

    On leaving, ScenarioError for a scenario with steps left over, and an ExceptionGroup of what replies and ears
    raised; unless the block itself raises. OSError if the port cannot be opened.
    """
    if scenario is not None and reply is not None:
        raise ScenarioError("a simulation answers by a scenario or by a reply, not by both")
    simulation = Simulation(scenario, reply, speed=speed, log_dir=log_dir, options=options)
    raised: Exception | KeyboardInterrupt | None = None
    async with _interruptible(), anyio.create_task_group() as simulation._group, AsyncExitStack() as stack:
        try:
            if port is not None:
                opening = listening(
                    simulation._serve,
                    host=host,
                    port=port,
                    tls=options.get("tls"),
                    answer=with_control(simulation, simulation._secrets.answer),
                )
                simulation._at = (host, await stack.enter_async_context(opening))
            yield simulation
        except (Exception, KeyboardInterrupt) as error:
            raised = error  # raised outside of the group, so that it arrives as it is and in no group
        finally:
            await _end(simulation)
    if raised is not None:
        raise raised
    simulation._check()


@asynccontextmanager
async def _interruptible() -> AsyncGenerator[None, None]:
    """An interrupt that hit a task in the background arrives as one, not as a group of exceptions (trio)."""
    try:
        yield
    except BaseExceptionGroup as group:
        interrupts, others = group.split(KeyboardInterrupt)
        if interrupts is not None and others is None:
            raise KeyboardInterrupt from None
        raise


async def _end(simulation: Simulation) -> None:
    """End all sessions, and give their clients time to hear of it."""
    with anyio.move_on_after(_END_TIMEOUT_S, shield=True):
        simulation.fault(_GOODBYE)
        for session in simulation.sessions:
            await session.closed.wait()
    for session in simulation.sessions:
        session.stop()
