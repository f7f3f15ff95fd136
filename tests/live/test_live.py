"""`nox -s live` itself, with the simulator as the real server: what it tries, records, compares and tells."""

from pathlib import Path

import anyio.to_thread
import pytest

import realtime_sdk as rt
from tests.live.__main__ import NO_KEY, main, report
from tests.live.verbs import SESSIONS, by_voice
from tests.transport.loopback import closed_port

VERBS = ("text", "items", "tools", "by-hand", "interrupted")


async def test_every_verb_is_answered_and_the_simulator_agrees_with_itself(
    anyio_backend: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with rt.simulate(speed=20) as server:
        asked = [*VERBS, "--base", base_of(server.url), "--out", str(tmp_path), "--loop", anyio_backend]
        assert await anyio.to_thread.run_sync(main, asked) == 0
    printed = capsys.readouterr().out
    for name in VERBS:
        (line,) = (line for line in printed.splitlines() if line.startswith(f"{name}: "))
        _, agreeing, _, steps, *_ = line.split()
        assert agreeing == steps
    assert {path.stem for path in glob(tmp_path)} == {*VERBS}


async def test_a_turn_by_voice_is_answered() -> None:
    async with rt.simulate() as server, rt.connect(server.endpoint, **SESSIONS["by-voice"].settings) as session:
        await by_voice(session, speed=50)
        (speech,) = session.state.input_audio.speeches
        assert speech.end_ms is not None


def test_without_a_key_nothing_is_done_and_that_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out == f"{NO_KEY}\n"


async def test_a_verb_that_fails_is_told_and_fails_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nobody = f"http://127.0.0.1:{await closed_port()}/v1"
    assert await anyio.to_thread.run_sync(main, ["items", "--base", nobody, "--out", str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert "items: nothing was recorded\n  failed: " in printed
    assert printed.endswith("Failed: items.\n")


def test_a_difference_is_told(tmp_path: Path) -> None:
    log = rt.EventLog()
    log.append("server", b'{"type":"session.created","event_id":"e","session":{"type":"realtime","id":"s"}}', at_ns=0)
    log.append("server", b'{"type":"news.of_tomorrow","event_id":"e"}', at_ns=1)
    log.save(tmp_path / "strange.jsonl")
    first, *rest = report("strange", tmp_path / "strange.jsonl")
    assert first == "strange: 1 of 2 steps agree"
    assert rest[0] == "  - news.of_tomorrow"


def glob(folder: Path) -> list[Path]:
    return [*folder.glob("*.jsonl")]


def base_of(url: str) -> str:
    """The REST address beside a websocket's."""
    return url.replace("ws://", "http://").removesuffix("/realtime")
