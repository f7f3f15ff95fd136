"""What every test gets: both event loops, no network, a time limit, Hypothesis profiles, the shared recordings.

Options come from the environment, so that nox and CI set them without arguments:
`TEST_LOOPS` ("asyncio,trio"), `HYPOTHESIS_PROFILE` (dev, ci, quick, thorough) and `CI`, under which a test
must not be skipped for want of `../shared`.
"""

import os
import signal
import socket
from collections.abc import Callable, Coroutine, Generator, Iterator
from functools import wraps
from inspect import iscoroutinefunction
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, Phase, settings

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
NEEDS_SHARED = "needs ../shared"
IN_CI = bool(os.environ.get("CI"))
LOOPS = tuple(os.environ.get("TEST_LOOPS", "asyncio,trio").split(","))
KEYS = ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "OPENAI_BASE_URL")
TIME_LIMIT_S = 20

settings.register_profile("dev", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
# what fails in CI fails at once, and for everybody who sets CI: making an example small could take minutes
settings.register_profile(
    "ci", settings.get_profile("dev"), derandomize=True, database=None, phases=(Phase.explicit, Phase.generate)
)
settings.register_profile("quick", settings.get_profile("ci"), max_examples=15)
settings.register_profile("thorough", settings.get_profile("dev"), max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if IN_CI else "dev"))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "time_limit(seconds): let this asynchronous test run longer than the default")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's job in the background; tests of Ctrl-C inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(config, "workerinput"):  # coverage measures the worker, not the hundreds of commands that it starts
        os.environ.pop("COVERAGE_PROCESS_CONFIG", None)


@pytest.fixture(scope="module", params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """The event loop that an asynchronous test runs on: it runs once on each."""
    return str(request.param)


# ------------------------------------------------------------------------------------------------------------------
# The shared recordings


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder `../shared` beside the checkout; the test is skipped where there is none."""
    if not SHARED.is_dir():
        pytest.skip(NEEDS_SHARED)
    return SHARED


@pytest.fixture(scope="session")
def shared_logs(shared: Path) -> Path:
    """The folder of recorded sessions, `../shared/logs`."""
    return shared / "logs"


def skipped_for_want_of_shared(reporter: pytest.TerminalReporter) -> list[str]:
    """Return the ids of the tests that were skipped because `../shared` was missing."""
    return [report.nodeid for report in reporter.stats.get("skipped", ()) if NEEDS_SHARED in str(report.longrepr)]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Under CI, fail the run when a test was skipped for want of `../shared`."""
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if IN_CI and reporter is not None and skipped_for_want_of_shared(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    return (yield)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = skipped_for_want_of_shared(terminalreporter)
    if IN_CI and skipped:
        state = "exists" if SHARED.is_dir() else "is missing"
        terminalreporter.section("skipped for want of ../shared, which CI must have", red=True)
        terminalreporter.line(f"{SHARED} {state}; skipped all the same, so this run fails:")
        for nodeid in skipped:
            terminalreporter.line(f"  {nodeid}")


# ------------------------------------------------------------------------------------------------------------------
# No network, no keys


class OfflineError(AssertionError):
    """A test reached for the network. No OSError, so that no code under test takes it for a lost connection."""


def is_local(host: str) -> bool:
    """Tell whether a host is this machine: a loopback address, a name for it, or no address at all."""
    if host in {"", "localhost"} or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return False


def _checked(real: Callable[..., Any], attempts: list[str], host_of: Callable[..., object]) -> Callable[..., Any]:
    @wraps(real)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        host = host_of(*args, **kwargs)
        if isinstance(host, bytes):
            host = host.decode("ascii", "replace")
        if isinstance(host, str) and not is_local(host):
            attempts.append(host)
            raise OfflineError(f"tests are offline, but {real.__name__} was called for {host!r}")
        return real(*args, **kwargs)

    return guarded


def _host_of_address(sock: socket.socket, *args: Any) -> object:
    address = args[-1] if args else None
    return address[0] if sock.family in {socket.AF_INET, socket.AF_INET6} and isinstance(address, tuple) else None


def _host_of_name(host: object, *args: Any, **kwargs: Any) -> object:
    return host


@pytest.fixture(scope="session", autouse=True)
def network_attempts() -> Iterator[list[str]]:
    """Every test is offline: the hosts outside this machine that the running test tried to reach."""
    attempts: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for method in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, method, _checked(getattr(socket.socket, method), attempts, _host_of_address))
        patch.setattr(socket, "getaddrinfo", _checked(socket.getaddrinfo, attempts, _host_of_name))
        for key in KEYS:
            patch.delenv(key, raising=False)
        yield attempts


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Fail a test that reached for the network even where the code under test swallowed the error."""
    result = yield
    attempts = getattr(item, "funcargs", {}).get("network_attempts") or []
    if attempts:
        hosts = ", ".join(sorted(set(attempts)))
        attempts.clear()
        raise OfflineError(f"tests are offline, but this one reached for {hosts}")
    return result


# ------------------------------------------------------------------------------------------------------------------
# A limit in time


def _limited(
    function: Callable[..., Coroutine[Any, Any, object]], seconds: float
) -> Callable[..., Coroutine[Any, Any, object]]:
    @wraps(function)
    async def limited(*args: Any, **kwargs: Any) -> object:
        with anyio.fail_after(seconds):
            return await function(*args, **kwargs)

    return limited


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Give every asynchronous test a limit, so that a wait that never ends is a failure and not a hang."""
    marker = pyfuncitem.get_closest_marker("time_limit")
    seconds = float(marker.args[0]) if marker else TIME_LIMIT_S
    if iscoroutinefunction(pyfuncitem.obj):
        pyfuncitem.obj = _limited(pyfuncitem.obj, seconds)
    return (yield)
