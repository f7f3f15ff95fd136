"""The pytest plugin: fixtures and marks. Imports nothing of the SDK before a fixture of it is used.

Async tests that use its fixtures run under anyio's plugin, on every event loop that is installed, without a mark or an
option of their own; tests that pytest-asyncio or pytest-trio run are left to them.
"""

from collections.abc import AsyncGenerator, Generator
from importlib.util import find_spec
from inspect import iscoroutinefunction, signature
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from realtime_sdk.session import RealtimeSession
    from realtime_sdk.session.endpoints import EndpointSource
    from realtime_sdk.simulator import Simulation
    from realtime_sdk.testing.recordings import Recording

__all__ = ["realtime_endpoint", "realtime_server", "realtime_session"]

_FIXTURES = frozenset({"realtime_server", "realtime_session"})
_OTHERS = frozenset({"anyio", "asyncio", "trio"})
_MODES = ("none", "once", "new", "all")
_passed: pytest.StashKey[bool] = pytest.StashKey()
_recording: "pytest.StashKey[Recording]" = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--realtime-record`."""
    parser.getgroup("realtime").addoption(
        "--realtime-record",
        choices=_MODES,
        default=None,
        help="what becomes of the logs of @pytest.mark.realtime_log: replay only (none), record what has no log (once, "
        "the default), also sessions that no log has (new), or everything (all)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Name the marks."""
    for line in (
        "realtime_log(path, mode=None, check='strict', redact=()): tell realtime_session from this log, or record it",
        "realtime_server(scenario=None, **options): what realtime_server answers; the arguments of simulate",
        "realtime_session(**settings): the settings of realtime_session; the arguments of connect",
    ):
        config.addinivalue_line("markers", line)


# --- async tests --------------------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makeitem(collector: Any, name: str, obj: Any) -> Generator[None, Any, Any]:
    """Give async tests that use our fixtures to anyio, before its plugin looks, unless somebody else has them."""
    if name.startswith("test") and _wants_us(obj) and not _is_taken(collector, obj):
        pytest.mark.anyio(obj)
    return (yield)


def _wants_us(obj: Any) -> bool:
    return iscoroutinefunction(obj) and not _FIXTURES.isdisjoint(signature(obj).parameters)


def _is_taken(collector: Any, obj: Any) -> bool:
    own = {mark.name for mark in getattr(obj, "pytestmark", ())}
    if own & _OTHERS or any(collector.get_closest_marker(name) for name in _OTHERS):
        return True
    return any(_ini(collector.config, option) in ("auto", True) for option in ("asyncio_mode", "trio_mode"))


def _ini(config: pytest.Config, option: str) -> object:
    try:
        return config.getini(option)
    except (KeyError, ValueError):
        return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip our tests on trio where there is none."""
    for item in items:
        backend = getattr(getattr(item, "callspec", None), "params", {}).get("anyio_backend")
        if backend == "trio" and _FIXTURES & set(getattr(item, "fixturenames", ())) and find_spec("trio") is None:
            item.add_marker(pytest.mark.skip(reason="trio is not installed"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether a test has passed: only then its recording is kept."""
    report = yield
    if report.when == "call":
        item.stash[_passed] = report.passed
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a test that says something else than its log once more, with the next log or live, as the mode has it."""
    if item.get_closest_marker("realtime_log") is None:
        return None
    from _pytest.runner import runtestprotocol

    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, nextitem=nextitem, log=False)
    while _recording in item.stash and item.stash[_recording].has_another:
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


# --- fixtures -----------------------------------------------------------------------------------------------------


@pytest.fixture
def realtime_endpoint() -> "EndpointSource | None":
    """Where sessions are recorded: OpenAI if OPENAI_API_KEY is set, else nowhere. Override it for another server."""
    import os

    from realtime_sdk.session import OpenAI

    return OpenAI() if os.environ.get("OPENAI_API_KEY") else None


@pytest.fixture
async def realtime_server(request: pytest.FixtureRequest) -> "AsyncGenerator[Simulation, None]":
    """A simulated server, without key and network, as the mark `realtime_server` has it."""
    from realtime_sdk.simulator import simulate

    mark = request.node.get_closest_marker("realtime_server")
    options: dict[str, Any] = {} if mark is None else dict(mark.kwargs)
    async with simulate(*(() if mark is None else mark.args), **options) as server:
        yield server


@pytest.fixture
def _realtime_other_side(request: pytest.FixtureRequest) -> "Simulation | Recording":
    """Whom realtime_session talks to: a simulated server or, where the test has one, a log, which needs no server."""
    mark = request.node.get_closest_marker("realtime_log")
    if mark is None:
        server: Simulation = request.getfixturevalue("realtime_server")
        return server
    recording = _recording_of(request, mark)
    if _recording in request.node.stash and request.node.stash[_recording].has_another:
        recording.attempt = request.node.stash[_recording].attempt + 1
    request.node.stash[_recording] = recording
    return recording


@pytest.fixture
async def realtime_session(
    request: pytest.FixtureRequest,
    _realtime_other_side: "Simulation | Recording",
    realtime_endpoint: "EndpointSource | None",
) -> "AsyncGenerator[RealtimeSession, None]":
    """A session: told from its log or recorded where the test has the mark `realtime_log`, else with `realtime_server`.

    Its settings are those of the mark `realtime_session`.
    """
    from realtime_sdk.session import connect
    from realtime_sdk.simulator import Simulation

    mark = request.node.get_closest_marker("realtime_session")
    settings: dict[str, Any] = {} if mark is None else dict(mark.kwargs)
    if isinstance(_realtime_other_side, Simulation):
        async with connect(_realtime_other_side.endpoint, **settings) as session:
            yield session
        return
    recording = _realtime_other_side
    recording.source = realtime_endpoint
    try:
        async with recording.session(**settings) as session:
            yield session
    finally:
        recording.end(passed=request.node.stash.get(_passed, False))


def _recording_of(request: pytest.FixtureRequest, mark: pytest.Mark) -> "Recording":
    """The recording that a mark asks for; its path counts from the test's folder."""
    from realtime_sdk.testing.recordings import Recording

    mode: Any = request.config.getoption("realtime_record") or mark.kwargs.get("mode") or "once"
    if mode not in _MODES or not mark.args:
        raise pytest.UsageError(f"realtime_log(path, mode=…): mode is one of {', '.join(_MODES)}, not {mode!r}")
    path, check = request.path.parent / mark.args[0], mark.kwargs.get("check", "strict")
    return Recording(path, mode, check, redact=mark.kwargs.get("redact", ()))
