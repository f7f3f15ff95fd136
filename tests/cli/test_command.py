"""The command as a process: exit codes, what goes to stdout and what to stderr, pipes, signals, imports."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

import realtime_sdk as rt
from realtime_sdk.cli.app import run
from tests.cli.command import HERE, all_of, environment, last_line, run_command, started

INTERRUPTED = HERE / "interrupted.jsonl"


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command that does nothing else than say one line, without a process: (code, arguments) → line."""

    def call(code: int, *arguments: str | Path) -> str:
        assert run([str(argument) for argument in arguments]) == code
        printed = capsys.readouterr()
        assert (printed.out, printed.err.count("\n")) == ("", 1)
        return printed.err.strip()

    return call


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == (f"realtime-sdk {rt.__version__}\n", "")


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_tells_the_commands_and_how_to_begin(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 0
    printed = capsys.readouterr()
    assert "realtime-sdk show call.jsonl" in printed.out
    assert printed.err == ""


def test_help_of_show_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", "--help"]) == 0
    text = capsys.readouterr().out
    for example in ("show call.jsonl --at 120", "show call.jsonl.gz --json | jq", "| realtime-sdk show -"):
        assert example in text


def test_show_prints_to_stdout_alone() -> None:
    ran = run_command("show", INTERRUPTED)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout == INTERRUPTED.with_suffix(".txt").read_bytes()


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_show_reads_standard_input(
    pack: Callable[[bytes], bytes], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(pack(INTERRUPTED.read_bytes()))))
    assert run(["show", "-"]) == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == (INTERRUPTED.with_suffix(".txt").read_text("utf-8"), "")


def test_what_an_encoding_cannot_say_is_escaped_and_json_stays_json(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    item = {"id": "i", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "Größe 👍"}]}
    added = {"type": "conversation.item.added", "event_id": "e", "previous_item_id": None, "item": item}
    log.write_text(json.dumps(added, ensure_ascii=False) + "\n", "utf-8")
    both = "import sys; from realtime_sdk.cli.app import run; run(sys.argv[1:]); run([*sys.argv[1:], '--json'])"
    ran = subprocess.run(
        [sys.executable, "-c", both, "show", str(log)],
        capture_output=True,
        timeout=60,
        env=environment(PYTHONIOENCODING="ascii", PYTHONUTF8="0"),
        check=True,
    )
    text, _, found = ran.stdout.partition(b"\n{")
    assert text.splitlines()[1] == rb"user       Gr\xf6\xdfe \U0001f44d"
    assert json.loads(b"{" + found)["items"][0]["text"] == "Größe 👍"


def test_a_mistake_in_the_call_is_one_line_on_stderr_and_code_2(tmp_path: Path) -> None:
    missing = tmp_path / "call.jsonl"
    ran = run_command("show", missing)
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert ran.stderr.decode() == f"realtime-sdk: {missing}: No such file or directory\n"


def test_a_file_that_is_no_log_is_one_line_on_stderr_and_code_1(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(b"no log")))
    line = refused(1, "show", "-")
    assert line == "realtime-sdk: standard input, line 1: not a JSON object: '{' expected at character 0"


def test_what_cannot_have_been_meant_has_code_2(refused: Callable[..., str]) -> None:
    assert "'shw'" in refused(2, "shw")
    assert "Missing argument 'LOG'" in refused(2, "show")
    assert "--att" in refused(2, "show", INTERRUPTED, "--att", "3")
    assert "'--at'" in refused(2, "show", INTERRUPTED, "--at", "-1")
    assert "'--at'" in refused(2, "show", INTERRUPTED, "--at", "many")
    assert refused(2, "show", INTERRUPTED, "--at", "99") == (
        "realtime-sdk: --at 99 is beyond the end: the log has 38 records"
    )
    unknown = refused(2, "show", INTERRUPTED, "--dialect", "bta")
    assert "no dialect is called 'bta'; known are openai, azure, beta" in unknown


def test_what_cannot_be_read_has_code_1(tmp_path: Path, refused: Callable[..., str]) -> None:
    assert refused(1, "show", tmp_path) == f"realtime-sdk: {tmp_path}: Is a directory"
    text = tmp_path / "notes.txt"
    text.write_text("Dear diary,\nnothing happened.\n", "utf-8")
    assert refused(1, "show", text).startswith(f"realtime-sdk: {text}, line 1: ")
    text.write_text('{"an":"object"}\n', "utf-8")
    assert "neither a log's header, nor a captured event" in refused(1, "show", text)
    text.write_bytes(bytes(range(256)) * 40)
    assert refused(1, "show", text).startswith(f"realtime-sdk: {text}, line 1: ")
    text.write_text('{"log":"realtime_sdk","format":99}\n', "utf-8")
    assert "upgrade realtime-sdk" in refused(1, "show", text)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_says_so(tmp_path: Path, refused: Callable[..., str]) -> None:
    secret = tmp_path / "secret.jsonl"
    secret.write_bytes(INTERRUPTED.read_bytes())
    secret.chmod(0)
    assert refused(1, "show", secret) == f"realtime-sdk: {secret}: Permission denied"


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    log = tmp_path / "long.jsonl"
    log.write_bytes(INTERRUPTED.read_bytes() + _more_items(5_000))
    with started("show", log) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        assert command.stdout.readline().startswith(b"session ")
        command.stdout.close()
        assert command.wait(60) == 141
        assert command.stderr.read() == b""


def _more_items(number: int) -> bytes:
    item = '{"id":"more_%d","type":"message","role":"user","content":[{"type":"input_text","text":"%s"}]}'
    added = '{"type":"conversation.item.added","event_id":"e","item":%s}'
    lines = (
        f'{{"seq":{seq},"at_ns":null,"sender":"server","event":{added % (item % (seq, "words " * 20))}}}\n'
        for seq in range(38, 38 + number)
    )
    return "".join(lines).encode()


def test_ctrl_c_while_waiting_for_input_ends_with_130_and_silence() -> None:
    with started("show", "-", stdin=subprocess.PIPE, env=environment(PYTHONUNBUFFERED="1")) as command:
        assert command.stdin is not None
        command.stdin.write(INTERRUPTED.read_bytes()[:100])
        command.stdin.flush()
        _until_it_reads(command.pid)
        command.send_signal(signal.SIGINT)
        out, err = command.communicate(timeout=60)
    assert (command.returncode, out, err.strip()) == (130, b"", b"")


def _until_it_reads(pid: int) -> None:
    """Wait until the process sleeps in a read of its standard input."""
    for _ in range(3_000):
        where = Path(f"/proc/{pid}/syscall")
        if not where.exists():
            pytest.skip("needs /proc to see what a process does")
        if where.read_text().startswith("0 0x0 "):
            return
        time.sleep(0.01)
    pytest.fail("the command never read its input")


# --- a terminal -------------------------------------------------------------------------------------------------------


def test_on_a_terminal_words_are_wrapped_and_coloured() -> None:
    pty = pytest.importorskip("pty")
    master, slave = pty.openpty()
    env = environment(TERM="xterm-256color", COLUMNS="40")
    with started("show", INTERRUPTED, stdout=slave, stderr=None, env=env) as command:
        os.close(slave)
        printed = all_of(master)
    assert command.returncode == 0
    assert "\x1b[1;36muser" in printed
    assert "\r\n           " in printed


def test_colours_can_be_forced(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert run(["show", str(INTERRUPTED)]) == 0
    assert "\x1b[" in capsys.readouterr().out


# --- imports ----------------------------------------------------------------------------------------------------------

WITHOUT_EXTRA = """
import sys
from importlib.machinery import PathFinder

class Hidden(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.split(".")[0] not in {"rich", "typer"}:
            return super().find_spec(name, path, target)

sys.meta_path[:] = [Hidden if finder is PathFinder else finder for finder in sys.meta_path]
from realtime_sdk.__main__ import main
sys.exit(main())
"""


def test_without_its_extra_the_command_says_what_to_install() -> None:
    ran = subprocess.run([sys.executable, "-c", WITHOUT_EXTRA], capture_output=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout) == (1, b"")
    assert ran.stderr.decode() == ("realtime-sdk: the commands need rich and typer: pip install 'realtime-sdk[cli]'\n")


def test_help_imports_nothing_that_help_does_not_need() -> None:
    source = "import sys; from realtime_sdk.cli.app import run; run(['--help']); print(*sorted(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", source], capture_output=True, timeout=60, check=True)
    loaded = {name.split(".")[0] for name in last_line(ran.stdout).split()}
    assert loaded & {"anyio", "numpy", "pydantic", "soundfile", "soxr", "trio", "websockets"} == set()
