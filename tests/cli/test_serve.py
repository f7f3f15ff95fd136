"""`serve` and `record` as processes: the URL comes first, any client is answered, a signal ends them without a mess."""

import signal
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trustme
from anyio import to_thread

import realtime_sdk as rt
from realtime_sdk.audio.packed import pack
from realtime_sdk.cli import serving
from realtime_sdk.cli.app import run
from realtime_sdk.cli.ending import Ending
from realtime_sdk.cli.serving import place_of, tls_of
from realtime_sdk.errors import HandshakeError
from realtime_sdk.transport import WebsocketOptions, connect
from tests.cli.command import started

AGENT = """
from kani import ChatMessage, Kani
from kani.engines.base import BaseEngine, Completion

class Counting(BaseEngine):
    max_context_size = 1000

    def prompt_len(self, messages, functions=None, **kwargs):
        return 1

    async def predict(self, messages, functions=None, **kwargs):
        return Completion(message=ChatMessage.assistant(f"{len(messages)} said"))

def make():
    return Kani(Counting())
"""


@pytest.fixture
def anyio_backend() -> str:
    """One loop: the command runs in a loop of its own."""
    return "asyncio"


@asynccontextmanager
async def running(
    *arguments: str,
    cwd: Path,
    err: bytes = b"",
    interrupt: bool = True,
    code: int = 130,
) -> AsyncIterator[tuple[str, subprocess.Popen[bytes]]]:
    """A command that listens: its URL, and its process, which is ended by a signal and must end well."""
    with started(*arguments, cwd=cwd) as process:
        assert process.stdout is not None
        try:
            yield (await to_thread.run_sync(process.stdout.readline)).decode().strip(), process
        finally:
            if interrupt:
                process.send_signal(signal.SIGINT)
            _, told = await to_thread.run_sync(partial(process.communicate, timeout=60))
        assert (process.returncode, told) == (code, err)


async def test_serve_answers_any_client_as_it_was_told_and_leaves_a_log_of_each_session(tmp_path: Path) -> None:
    script = tmp_path / "booking.json"
    script.write_text('{"rules": [{"on": "hello", "do": "Hi there."}], "options": {"model": "gpt-x"}}')
    fault = '{"kind": "rate_limit", "on": "response.create", "nth": 2}'
    arguments = ("--seed", "7", "--beta", "refuse", "--scenario", str(script), "--log", "logs", "--fault", fault)
    async with running("serve", "--speed", "0", *arguments, cwd=tmp_path) as (url, _):
        assert url.startswith("ws://127.0.0.1:")
        async with rt.connect(rt.Endpoint(url)) as session:
            assert (await session.respond("Hello!")).text == "Hi there."
            with pytest.raises(rt.ResponseFailed) as failed:
                await session.respond("Hello?")
            assert failed.value.code == "rate_limit_exceeded"
        async with connect(url, headers={"OpenAI-Beta": "realtime=v1"}) as transport:
            assert b"beta_api_shape_disabled" in await transport.receive()
            with pytest.raises(rt.ConnectionClosed) as caught:
                await transport.receive()
            assert caught.value.code == 4000
    async with rt.simulate(seed=7) as same, rt.connect(same.endpoint) as twin:
        assert session.state.session is not None
        assert twin.state.session is not None
        assert (session.state.session.id, session.state.session.model) == (twin.state.session.id, "gpt-x")
    log = rt.EventLog.load(tmp_path / "logs" / "session-001.jsonl")
    assert rt.replay(log).responses.keys() == session.state.responses.keys()


async def test_a_polite_kill_in_the_middle_of_a_session_says_goodbye_without_a_traceback(tmp_path: Path) -> None:
    async with running("serve", cwd=tmp_path, interrupt=False, code=143) as (url, process):
        async with rt.connect(rt.Endpoint(url)) as session:
            await session.send(
                rt.client_events.ResponseCreate(
                    response=rt.models.ResponseCreateParams(instructions="Say a long story")
                )
            )
            await session.until(lambda state: state.active_response_id is not None)
            process.terminate()
            await session.until(lambda state: state.epochs[-1].closed)
            assert session.state.epochs[-1].close_code == 1001


async def test_a_kani_of_ones_own_answers_with_a_history_for_each_session(tmp_path: Path) -> None:
    pytest.importorskip("kani")
    (tmp_path / "agent.py").write_text(AGENT)
    async with running("serve", "--speed", "0", "--kani", "agent:make", cwd=tmp_path) as (url, _):
        for _ in range(2):
            async with rt.connect(rt.Endpoint(url)) as session:
                assert [(await session.respond("Hello?")).text for _ in range(2)] == ["1 said", "3 said"]


def test_a_reply_that_failed_is_said_in_one_line_at_the_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failed(*_: object) -> None:
        raise ExceptionGroup("replies failed", [ValueError("no model")])

    monkeypatch.setattr(serving, "_run", failed)
    assert run(["serve"]) == 1
    assert capsys.readouterr().err == "realtime-sdk: a reply failed: ValueError: no model\n"


async def test_steps_of_a_script_that_are_left_over_fail_the_command_that_served_it(tmp_path: Path) -> None:
    (tmp_path / "script.json").write_text('{"rules": [{"on": "hello", "do": "Hi."}, {"on": "bye", "do": "Bye."}]}')
    told = b"realtime-sdk: the scenario has steps left over: on('bye'): say 'Bye.'\n"
    arguments = ("serve", "--speed", "0", "--scenario", "script.json")
    async with running(*arguments, cwd=tmp_path, err=told, code=1) as (url, _):
        async with rt.connect(rt.Endpoint(url)) as session:
            assert (await session.respond("Hello!")).text == "Hi."


def test_a_port_that_is_taken_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run(["serve", "--port", str(port)]) == 1
    assert capsys.readouterr().err == f"realtime-sdk: cannot listen at 127.0.0.1:{port}: Address already in use\n"


async def test_a_recorded_session_is_served_again_and_a_refusal_passes_through(tmp_path: Path) -> None:
    async with rt.simulate() as server:
        arguments = ("record", "--to", server.url.removesuffix("/v1/realtime"), "--log", "tapes")
        async with running(*arguments, "--redact", "audio", "--redact", "instructions", cwd=tmp_path) as (
            near,
            process,
        ):
            with pytest.raises(HandshakeError) as refused:
                async with connect(near.replace("/realtime", "/nothing")):
                    pass
            assert refused.value.status == 404
            async with rt.connect(rt.Endpoint(near), instructions="Speak of nobody.") as session:
                answer = (await session.respond("Say exactly: on tape")).text
            assert process.stdout is not None
            assert await to_thread.run_sync(process.stdout.readline) == b"tapes/session-001.jsonl\n"
    assert b"nobody" not in (tmp_path / "tapes" / "session-001.jsonl").read_bytes()
    packed = pack(tmp_path / "tapes" / "session-001.jsonl").path
    async with running("serve", "--replay", str(packed), "--speed", "0", cwd=tmp_path) as (url, _):
        async with rt.connect(rt.Endpoint(url), instructions="Anything.") as again:
            assert (await again.respond("Anything")).text == answer == "on tape"


async def test_a_proxy_that_is_killed_has_written_all_that_it_passed_on(tmp_path: Path) -> None:
    async with rt.simulate() as server:
        arguments, code = ("record", "--to", server.url), -signal.SIGKILL
        async with running(*arguments, cwd=tmp_path, interrupt=False, code=code) as (near, process):
            async with rt.connect(rt.Endpoint(near)) as session:
                await session.respond("Hello!")
                passed = [one.frame for one in session.log if one.sender == "server"]
                process.kill()
    log = rt.EventLog.load(tmp_path / "recordings" / "session-001.jsonl")
    assert [one.frame for one in log if one.sender == "server"][: len(passed)] == passed


async def test_with_a_certificate_it_is_served_over_tls_and_a_mismatch_is_said_on_stderr(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    (tmp_path / "empty.jsonl").write_bytes(b'{"type":"session.created"}\n')
    told = b"mismatch: the log has no such frame of the client any more: got response.create\n"
    arguments = ("serve", "--replay", "empty.jsonl", "--host", "localhost", "--tls-cert", "both.pem")
    async with running(*arguments, cwd=tmp_path, err=told) as (url, _):
        assert url.startswith("wss://localhost:")
        async with connect(url, options=WebsocketOptions(ssl=trusting)) as transport:
            assert b"session.created" in await transport.receive()
            await transport.send(b'{"type":"response.create"}')
            assert b"replay_mismatch" in await transport.receive()


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["serve", "--speed", "inf"], 2, "--speed inf is no speed"),
        (["serve", "--tls-key", "key.pem"], 2, "--tls-key needs --tls-cert"),
        (["serve", "--tls-cert", "no.pem"], 2, "no.pem: No such file"),
        (["serve", "--scenario", "no.json"], 2, "no.json: No such file or directory"),
        (["serve", "--replay", "no.jsonl"], 2, "no.jsonl: No such file or directory"),
        (["serve", "--replay", "a.jsonl", "--log", "b"], 2, "--log cannot be used with --replay"),
        (["serve", "--replay", "a.jsonl", "--beta", "refuse"], 2, "--beta cannot be used with --replay"),
        (["serve", "--kani", "agent"], 2, "--kani agent is no MODULE:NAME"),
        (["serve", "--kani", "no_such:x"], 2, "--kani no_such:x: there is no module no_such"),
        (["serve", "--kani", "json:x"], 2, "--kani json:x: json has no x"),
        (["serve", "--kani", "sys:path"], 2, "--kani sys:path is neither a Kani nor a function that makes one"),
        (["serve", "--kani", "a:b", "--scenario", "s"], 2, "--kani cannot be used with --scenario"),
        (["serve", "--kani", "a:b", "--replay", "s"], 2, "--kani cannot be used with --replay"),
        (["serve", "--fault", "{}"], 2, "faults needs a kind"),
        (["record", "--to", "https://x"], 2, "https://x is no websocket URL: it must be ws:// or wss:// and a host"),
        (["serve", "--log", __file__], 2, f"--log {__file__} is no folder"),
        (["record", "--to", "ws://x", "--listen", "a:b"], 2, "--listen a:b is no HOST:PORT"),
    ],
)
def test_what_cannot_be_meant_is_said_in_one_line(
    arguments: list[str], code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == code
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", f"realtime-sdk: {line}\n")


def test_a_scenario_that_is_none_is_said_with_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = tmp_path / "script.json"
    script.write_text('{"rules": [{"say": "x"}]}')
    assert run(["serve", "--scenario", str(script)]) == 2
    assert capsys.readouterr().err.startswith("realtime-sdk: rules[0]")


@pytest.mark.parametrize(
    ("listen", "place"),
    [("8080", ("127.0.0.1", 8080)), ("0.0.0.0:1", ("0.0.0.0", 1)), ("box", ("box", 0)), ("[::1]:2", ("::1", 2))],
)
def test_a_place_to_listen_is_a_host_a_port_or_both(listen: str, place: tuple[str, int]) -> None:
    assert place_of(listen) == place


def test_a_certificate_needs_its_key(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    issued = trustme.CA().issue_cert("localhost")
    issued.cert_chain_pems[0].write_to_path(cert)
    issued.private_key_pem.write_to_path(key)
    assert tls_of(cert, key) is not None
    with pytest.raises(Ending, match="are no certificate and its key"):
        tls_of(cert, cert)


@pytest.mark.parametrize("command", ["serve", "record"])
def test_help_teaches(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    assert f"realtime-sdk {command}" in capsys.readouterr().out
