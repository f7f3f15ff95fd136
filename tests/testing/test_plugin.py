"""The pytest plugin in test runs of its own: fixtures on both loops, recordings in every mode, nothing loaded idly."""

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import realtime_sdk.simulator.simulation
import realtime_sdk.testing.recordings  # noqa: F401 - what is loaded here, no inner run loads anew

pytest_plugins = ["pytester"]

INSTALLED = any(one.value == "realtime_sdk.testing.plugin" for one in entry_points(group="pytest11"))
SIMPLE = """
    import pytest
    from realtime_sdk.testing import said

    async def test_it_answers(realtime_session):
        await realtime_session.respond("What is the capital of France?")
        said(realtime_session, "Paris")
"""
RECORDED = """
    import pytest
    from realtime_sdk.simulator import simulate
    from realtime_sdk.testing import said

    @pytest.fixture
    async def realtime_endpoint():
        async with simulate() as server:
            yield server.endpoint

    @pytest.mark.realtime_log("logs/booking.jsonl")
    async def test_it_answers(realtime_session):
        await realtime_session.respond("WORDS")
        said(realtime_session, "ANSWER")
"""


def run(pytester: pytest.Pytester, source: str, *args: str) -> pytest.RunResult:
    """Run these tests with the plugin."""
    pytester.makepyfile(test_agent=source)
    given = () if INSTALLED else ("-p", "realtime_sdk.testing.plugin")
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", *given, *args)


def once(pytester: pytest.Pytester, source: str, *args: str) -> pytest.RunResult:
    """Run these tests on one loop."""
    return run(pytester, source, "-k", "asyncio", *args)


def recorded(words: str = "Say exactly: it is booked", answer: str = "it is booked") -> str:
    return RECORDED.replace("WORDS", words).replace("ANSWER", answer)


def log_of(pytester: pytest.Pytester) -> Path:
    return pytester.path / "logs" / "booking.jsonl"


def test_a_plain_test_gets_a_session_on_both_loops(pytester: pytest.Pytester) -> None:
    run(pytester, SIMPLE).assert_outcomes(passed=2)


def test_it_is_the_same_with_anyios_own_options(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nanyio_mode = auto")
    run(pytester, SIMPLE).assert_outcomes(passed=2)
    run(pytester, SIMPLE.replace("    async def", "    @pytest.mark.anyio\n    async def")).assert_outcomes(passed=2)


def test_marks_say_what_the_server_answers_and_how_the_session_is_set(pytester: pytest.Pytester) -> None:
    source = """
    import pytest
    from realtime_sdk.simulator import Scenario, on

    @pytest.mark.realtime_server(Scenario(on("hi").say("ho")), seed="7")
    @pytest.mark.realtime_session(instructions="Be brief.")
    async def test_it(realtime_server, realtime_session):
        assert (await realtime_session.respond("hi")).text == "ho"
        assert realtime_session.state.session.instructions == "Be brief."
        assert len(realtime_server.sessions) == 1
    """
    run(pytester, source, "--strict-markers").assert_outcomes(passed=2)


def test_steps_left_over_fail_the_test(pytester: pytest.Pytester) -> None:
    source = """
    import pytest
    from realtime_sdk.simulator import Scenario, on

    @pytest.mark.realtime_server(Scenario(on("never").say("ho")))
    async def test_it(realtime_server):
        pass
    """
    run(pytester, source).assert_outcomes(passed=2, errors=2)


def test_once_records_what_is_missing_and_tells_it_again_without_a_server(pytester: pytest.Pytester) -> None:
    once(pytester, recorded().replace('booking.jsonl"', 'booking.jsonl", redact="audio"')).assert_outcomes(passed=1)
    before = log_of(pytester).read_bytes()
    assert b'"audio_left_out":' in before
    assert b'"url":"ws://127.0.0.1:' in before.splitlines()[1]  # the proxy's way to the server
    offline = recorded().replace("async with simulate() as server:\n            yield server.endpoint", "yield None")
    offline += """
    @pytest.fixture(autouse=True)
    def _no_server(monkeypatch):
        monkeypatch.setattr("realtime_sdk.simulator.simulation.simulate", None)
"""
    once(pytester, offline).assert_outcomes(passed=1)
    once(pytester, offline, "--realtime-record=none").assert_outcomes(passed=1)
    assert log_of(pytester).read_bytes() == before


def test_what_one_loop_recorded_is_told_on_the_other(pytester: pytest.Pytester) -> None:
    run(pytester, recorded()).assert_outcomes(passed=2)


def test_none_records_nothing(pytester: pytest.Pytester) -> None:
    result = once(pytester, recorded(), "--realtime-record=none")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ScenarioError: there is no *booking.jsonl, and mode 'none' records none*"])
    assert not log_of(pytester).exists()


def test_without_a_key_it_is_said_what_is_missing(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    source = recorded().replace("async def realtime_endpoint", "async def another_endpoint")
    result = once(pytester, source)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*booking.jsonl cannot be recorded: set OPENAI_API_KEY*"])


def test_a_test_that_says_something_else_fails(pytester: pytest.Pytester) -> None:
    once(pytester, recorded()).assert_outcomes(passed=1)
    result = once(pytester, recorded(words="Say exactly: never mind", answer="never mind"))
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*ReplayMismatch*"])
    assert log_of(pytester).exists()


def test_new_tells_what_is_there_and_records_what_is_new_beside_it(pytester: pytest.Pytester) -> None:
    changed = recorded(words="Say exactly: never mind", answer="never mind")
    once(pytester, recorded()).assert_outcomes(passed=1)
    before = log_of(pytester).read_bytes()
    once(pytester, changed, "--realtime-record=new").assert_outcomes(passed=1)
    assert sorted(path.name for path in log_of(pytester).parent.iterdir()) == ["booking.2.jsonl", "booking.jsonl"]
    assert log_of(pytester).read_bytes() == before
    for source in (recorded(), changed):
        once(pytester, source, "--realtime-record=none").assert_outcomes(passed=1)


def test_all_records_every_time(pytester: pytest.Pytester) -> None:
    once(pytester, recorded()).assert_outcomes(passed=1)
    once(pytester, recorded("Say exactly: no", "no"), "--realtime-record=all").assert_outcomes(passed=1)
    assert b"Say exactly: no" in log_of(pytester).read_bytes()
    assert [path.name for path in log_of(pytester).parent.iterdir()] == ["booking.jsonl"]


def test_a_test_that_fails_leaves_no_recording(pytester: pytest.Pytester) -> None:
    once(pytester, recorded(answer="something else")).assert_outcomes(failed=1)
    assert not log_of(pytester).exists()


def test_an_unknown_mode_is_refused(pytester: pytest.Pytester) -> None:
    source = recorded().replace('booking.jsonl"', 'booking.jsonl", mode="sometimes"')
    result = once(pytester, source)
    result.stdout.fnmatch_lines(["*mode is one of none, once, new, all, not 'sometimes'*"])


def test_who_does_not_use_the_plugin_loads_nothing_for_it() -> None:
    source = (
        "import pytest, anyio, sys, importlib\n"
        "before = set(sys.modules)\n"
        "importlib.import_module('realtime_sdk.testing.plugin')\n"
        "print(sorted(name for name in set(sys.modules) - before if '.' in name or name == 'pydantic'))\n"
    )
    run = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True, timeout=60)
    loaded = eval(run.stdout)
    assert not [
        name for name in loaded if name.startswith(("pydantic", "websockets", "realtime_sdk.s", "realtime_sdk.p"))
    ]


def test_a_test_chooses_its_loop_as_under_anyio(pytester: pytest.Pytester) -> None:
    source = (
        SIMPLE
        + """
    @pytest.fixture
    def anyio_backend():
        return "asyncio"
    """
    )
    run(pytester, source).assert_outcomes(passed=1)
