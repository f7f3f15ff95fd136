"""Sessions that are recorded once and then spoken from their log: which of the two it is, and how. Knows no pytest.

A recording is written beside its place and takes it when the test has passed: a test that fails leaves none.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from realtime_sdk.errors import ReplayMismatch, ScenarioError
from realtime_sdk.log import EventLog
from realtime_sdk.session import RealtimeSession, connect
from realtime_sdk.session.endpoints import EndpointSource
from realtime_sdk.transport import Endpoint
from realtime_sdk.transport.replay import ReplayTransport
from realtime_sdk.transport.script import Check

__all__ = ["RecordMode", "Recording"]

RecordMode: TypeAlias = Literal["none", "once", "new", "all"]


@dataclass(slots=True)
class Recording:
    """A log and what to do with it.

    `none` never records; `once` records what has no log; `new` also sets a log aside when the test says something else
    than it has, so that the next run records it; `all` always records. `source` is where it is recorded.
    """

    path: Path
    mode: RecordMode = "once"
    check: Check = "strict"
    source: EndpointSource | None = None
    is_stale: bool = field(default=False, init=False)

    @property
    def records(self) -> bool:
        """Whether a session is held anew rather than told again."""
        return self.mode == "all" or (self.mode != "none" and not self.path.exists())

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
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._part.unlink(missing_ok=True)
        async with connect(self.source, log=self._part, **settings) as session:
            yield session

    @asynccontextmanager
    async def _told(self, settings: dict[str, Any]) -> AsyncGenerator[RealtimeSession, None]:
        if not self.path.exists():
            raise ScenarioError(f"there is no {self.path}, and mode {self.mode!r} records none")
        log = EventLog.load(self.path)
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
        """Keep what was recorded if the test has passed; set a log aside that no longer fits (`new`)."""
        if passed and self._part.exists():
            self._part.replace(self.path)
        if self.mode == "new" and self.is_stale and self.path.exists():
            self.path.replace(self.path.with_name(f"{self.path.name}.stale"))

    @property
    def _part(self) -> Path:
        return self.path.with_name(f"{self.path.stem}.part{self.path.suffix}")


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
