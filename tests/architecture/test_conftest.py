"""The ground under all tests: both loops, no network, no key, no wait without an end, no silent skip in CI."""

import os
import socket
from pathlib import Path

import anyio
import anyio.abc
import anyio.lowlevel
import pytest

pytest_plugins = ["pytester"]

ADDRESS_OF_NOBODY = "192.0.2.1"  # RFC 5737: reserved for documentation


async def test_an_asynchronous_test_runs_on_the_loop_it_was_given(anyio_backend: str) -> None:
    assert anyio.lowlevel.current_token().backend_class.__module__.endswith(anyio_backend)


def test_connecting_to_another_machine_fails_at_once(network_attempts: list[str]) -> None:
    with socket.socket() as sock, pytest.raises(AssertionError, match="offline"):
        sock.connect((ADDRESS_OF_NOBODY, 80))
    assert network_attempts == [ADDRESS_OF_NOBODY]
    network_attempts.clear()


def test_looking_up_another_machine_fails_at_once(network_attempts: list[str]) -> None:
    with pytest.raises(AssertionError, match="offline"):
        socket.getaddrinfo("api.example.com", 443)
    assert network_attempts == ["api.example.com"]
    network_attempts.clear()


async def test_connecting_through_the_loop_fails_at_once(network_attempts: list[str]) -> None:
    with pytest.raises((AssertionError, ExceptionGroup)):
        await anyio.connect_tcp(ADDRESS_OF_NOBODY, 80)
    assert set(network_attempts) == {ADDRESS_OF_NOBODY}
    network_attempts.clear()


async def test_connecting_to_this_machine_works(network_attempts: list[str]) -> None:
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        await (await anyio.connect_tcp("localhost", port)).aclose()
    assert network_attempts == []


def test_no_key_is_in_the_environment() -> None:
    assert "OPENAI_API_KEY" not in os.environ


class Checkout:
    """A checkout in a folder of its own, with this project's conftest and the tests given."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pytester = pytester
        self.monkeypatch = monkeypatch
        self.root = pytester.path / "checkout"
        self.tests = self.root / "tests"
        self.tests.mkdir(parents=True)
        conftest = Path(__file__).parents[1] / "conftest.py"
        (self.tests / "conftest.py").write_text(conftest.read_text("utf-8"), "utf-8")
        (self.root / "pytest.ini").write_text("[pytest]\nanyio_mode = auto\naddopts = -p no:cacheprovider\n", "utf-8")

    def run(self, source: str, *, ci: bool) -> pytest.RunResult:
        (self.tests / "test_it.py").write_text(source, "utf-8")
        if ci:
            self.monkeypatch.setenv("CI", "true")
        else:
            self.monkeypatch.delenv("CI", raising=False)
        self.monkeypatch.delenv("TEST_LOOPS", raising=False)
        self.monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        return self.pytester.runpytest_subprocess(
            "-p", "anyio", self.tests, "--rootdir", self.root, "-c", self.root / "pytest.ini"
        )


@pytest.fixture
def checkout(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    return Checkout(pytester, monkeypatch)


READS_A_LOG = "def test_a_log(shared_logs):\n    assert shared_logs.is_dir()\n"
SKIPS = "import pytest\ndef test_a_log():\n    pytest.skip('needs ../shared')\n"
WAITS_AND_CALLS = f"""
import anyio, contextlib, pytest, socket

@pytest.mark.time_limit(0.01)
async def test_a_wait():
    await anyio.sleep_forever()

def test_a_call():
    with contextlib.suppress(BaseException):
        socket.create_connection(("{ADDRESS_OF_NOBODY}", 80))

def test_another():
    pass
"""


def test_a_wait_without_an_end_fails_and_so_does_a_swallowed_call_to_the_network(checkout: Checkout) -> None:
    result = checkout.run(WAITS_AND_CALLS, ci=False)
    result.assert_outcomes(failed=3, passed=1)
    result.stdout.fnmatch_lines(["*TimeoutError*", f"*offline, but this one reached for {ADDRESS_OF_NOBODY}*"])


def test_without_the_recordings_a_test_is_skipped_but_in_ci_the_run_fails(checkout: Checkout) -> None:
    assert checkout.run(READS_A_LOG, ci=False).ret == pytest.ExitCode.OK
    result = checkout.run(READS_A_LOG, ci=True)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*skipped for want of ../shared*", "*is missing*", "*test_it.py::test_a_log"])


def test_in_ci_a_skip_although_the_recordings_exist_fails_the_run(checkout: Checkout) -> None:
    (checkout.root.parent / "shared" / "logs").mkdir(parents=True)
    assert checkout.run(READS_A_LOG, ci=True).ret == pytest.ExitCode.OK
    result = checkout.run(SKIPS, ci=True)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*exists; skipped all the same*"])
