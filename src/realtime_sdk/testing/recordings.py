"""Sessions that are recorded once and then spoken from their log: which of the two it is, and how. Knows no pytest.

What is recorded is a whole session, in a log of its own: what a session says hangs on all that it said before, so one
that says something new is new from its beginning. A test may have several such logs: `booking.jsonl`, and what mode
`new` recorded after it, `booking.2.jsonl`, … A recording takes its place when the test has passed.
"""

import shutil
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count, takewhile
from pathlib import Path
from typing import Any, Literal, TypeAlias

from realtime_sdk.errors import ReplayMismatch, ScenarioError
from realtime_sdk.log import EventLog
from realtime_sdk.session import RealtimeSession, connect
from realtime_sdk.session.endpoints import EndpointSource
from realtime_sdk.simulator.proxy import record_proxy
from realtime_sdk.transport import Endpoint
from realtime_sdk.transport.replay import ReplayTransport
from realtime_sdk.transport.script import Check

__all__ = ["RecordMode", "Recording"]

RecordMode: TypeAlias = Literal["none", "once", "new", "all"]


@dataclass(slots=True)
class Recording:
    """The logs of a test, and what to do with them.

    `none` never records; `once` records what has no log; `new` also records what none of the logs has; `all` always
    records, and leaves one log. `source` is where it is recorded, through a proxy, without what `redact` names.
    `attempt` counts from 0: the first attempts tell the logs one after the other, the one after them is live, if the
    mode has it so.
    """

    path: Path
    mode: RecordMode = "once"
    check: Check = "strict"
    source: EndpointSource | None = None
    redact: Collection[str] = ()
    attempt: int = 0
    is_stale: bool = field(default=False, init=False)
    """Whether the session said something else than its log."""

    @property
    def logs(self) -> tuple[Path, ...]:
        """The logs that there are, oldest first."""
        return tuple(takewhile(Path.exists, map(self._log, count(1))))

    @property
    def records(self) -> bool:
        """Whether a session is held anew rather than told again."""
        if self.mode in ("none", "all"):
            return self.mode == "all"
        return self.attempt >= len(self.logs) and (self.mode == "new" or not self.attempt)

    @property
    def has_another(self) -> bool:
        """Whether a session that said something else than its log can be tried once more."""
        return self.is_stale and (self.mode == "new" or self.attempt + 1 < len(self.logs))

    @asynccontextmanager
    async def session(self, **settings: Any) -> AsyncGenerator[RealtimeSession, None]:
        """The session, live or out of its log.

        ScenarioError if there is no log and none can be recorded, ReplayMismatch if the test says something else.
        """
        async with self._live(settings) if self.records else self._told(settings) as session:
            yield session

    @asynccontextmanager
    async def _live(self, settings: dict[str, Any]) -> AsyncGenerator[RealtimeSession, None]:
        if self.source is None:
            raise ScenarioError(
                f"{self.path.name} cannot be recorded: set OPENAI_API_KEY, or override the fixture realtime_endpoint"
            )
        shutil.rmtree(self._part, ignore_errors=True)
        far = await self.source.resolve()
        async with (
            record_proxy(far.url, log_dir=self._part, dialect=far.dialect, redact=self.redact) as proxy,
            connect(Endpoint(proxy.url, far.headers, far.dialect), **settings) as session,
        ):
            yield session

    @asynccontextmanager
    async def _told(self, settings: dict[str, Any]) -> AsyncGenerator[RealtimeSession, None]:
        if not self.logs:
            raise ScenarioError(f"there is no {self.path}, and mode {self.mode!r} records none")
        log = EventLog.load(self.logs[self.attempt])
        transport = _Told(log, check=self.check)
        endpoint = Endpoint("", dialect=log.header.dialect or "openai")
        try:
            async with connect(endpoint, transport=transport, **settings) as session:
                yield session
        finally:
            self.is_stale = transport.mismatch is not None
        if transport.mismatch is not None:
            raise transport.mismatch

    def end(self, *, passed: bool) -> None:
        """Keep what was recorded if the test has passed."""
        if passed and self._part.exists():
            outdated = self.logs if self.mode == "all" else ()
            for log in outdated:
                log.unlink()
            (self._part / "session-001.jsonl").replace(self._log(len(self.logs) + 1))
        shutil.rmtree(self._part, ignore_errors=True)

    def _log(self, number: int) -> Path:
        return self.path if number == 1 else self.path.with_name(f"{self.path.stem}.{number}{self.path.suffix}")

    @property
    def _part(self) -> Path:
        return self.path.with_name(f".{self.path.name}.part")


class _Told(ReplayTransport):
    """A replay that remembers that it was told something else."""

    mismatch: ReplayMismatch | None = None

    async def send(self, frame: bytes) -> None:
        """See `ReplayTransport.send`."""
        try:
            await super().send(frame)
        except ReplayMismatch as mismatch:
            self.mismatch = self.mismatch or mismatch
            raise

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        """See `ReplayTransport.aclose`."""
        try:
            await super().aclose(code, reason)
        except ReplayMismatch as mismatch:
            self.mismatch = self.mismatch or mismatch
