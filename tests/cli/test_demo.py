"""The demo: a spoken conversation with a tool call and an interruption, its log and sound, and how else it may end."""

import json
import os
import signal
import wave
from pathlib import Path

import pytest

import realtime_sdk as rt
from realtime_sdk.cli import demo as demo_module
from realtime_sdk.cli.app import run
from tests.cli.command import all_of, environment, run_command, started

WEATHER = "It is 18 degrees and sunny in Paris, with a light wind from the west."
INTERRUPTED = [f"assistant  {WEATHER}", "heard      It is 18 degrees and  [cut at 1200 ms]"]
CONVERSATION = [
    "user       What is the weather in Paris?",
    'call       get_weather {"city": "Paris"}',
    f"output     {WEATHER}",
    *INTERRUPTED,
    "user       Thank you, goodbye.",
    "assistant  You are welcome. Goodbye!",
]


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


def held(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """The lines of a demo that goes well, at once."""
    assert run(["demo", "--speed", "0", *arguments]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out.splitlines()


def test_the_demo_is_a_spoken_conversation_with_a_tool_call_and_an_interruption(
    capsys: pytest.CaptureFixture[str],
) -> None:
    server, log, *conversation, replay, sound, following = held(capsys)
    assert server.startswith("server     ws://127.0.0.1:")
    assert (log, conversation) == ("log        realtime-demo.jsonl", CONVERSATION)
    records = len(rt.EventLog.load("realtime-demo.jsonl"))
    assert replay == f"replay     {records} records of the log give the state that the session had"
    assert sound == "sound      realtime-demo.wav  (user left, assistant right)"
    assert following == "next       realtime-sdk show realtime-demo.jsonl"


def test_its_log_is_shown_as_the_same_conversation_without_an_oddity(capsys: pytest.CaptureFixture[str]) -> None:
    (path,) = held(capsys, "--quiet")
    assert run(["show", path]) == 0
    _, *conversation, closed, usage, transcription = capsys.readouterr().out.splitlines()
    assert conversation == CONVERSATION
    assert (closed, usage[:10], transcription[:10]) == ("closed     1000  [by the client]", "usage     ", "usage     ")


def test_the_users_words_were_spoken_and_the_answers_are_sound() -> None:
    assert run(["demo", "--speed", "0", "--quiet", "--log", "call.jsonl"]) == 0
    state = rt.replay(rt.EventLog.load("call.jsonl"))
    said = [item for item in state.conversation.items.values() if item.type == "message"]
    assert [(item.role, item.parts[0].type) for item in said] == [
        ("user", "input_audio"),
        ("assistant", "output_audio"),
    ] * 2
    assert all(item.audio_ms > 1_000 for item in said if item.role == "assistant")
    assert len(state.input_audio.speeches) == 2
    assert list(state.errors) == list(state.anomalies) == []


def test_a_log_takes_the_first_free_name_and_one_that_is_named_is_not_overwritten(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert [held(capsys, "-q") for _ in range(2)] == [["realtime-demo.jsonl"], ["realtime-demo-2.jsonl"]]
    kept = Path("realtime-demo.jsonl").read_bytes()
    assert run(["demo", "--speed", "0", "--log", "realtime-demo.jsonl"]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == (
        "",
        (
            "realtime-sdk: realtime-demo.jsonl has something in it, and is not overwritten unasked: "
            "name another, or move it\n"
        ),
    )
    assert Path("realtime-demo.jsonl").read_bytes() == kept


def test_a_log_is_packed_if_its_name_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    held(capsys, "--log", "call.jsonl.gz")
    assert Path("call.jsonl.gz").read_bytes()[:2] == b"\x1f\x8b"


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["--log", "no/such/folder.jsonl"], 2, "no/such/folder.jsonl: No such file or directory"),
        (["--log", "."], 1, ".: Is a directory"),
        (["--speed", "inf"], 2, "--speed inf is no speed"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    arguments: list[str], code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["demo", *arguments]) == code
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", f"realtime-sdk: {line}\n")


def test_a_replay_that_differs_is_a_failure(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = rt.RealtimeState.empty()
    monkeypatch.setattr(demo_module.rt, "replay", lambda _: empty)
    assert run(["demo", "--speed", "0", "-q", "--log", "call.jsonl"]) == 1
    printed = capsys.readouterr()
    assert printed.err == "realtime-sdk: call.jsonl: the replay differs from the live state\n"


def test_the_sound_of_both_sides_is_left_beside_the_log_by_the_core_install_alone() -> None:
    assert run(["demo", "--speed", "0", "--quiet", "--log", "call.jsonl"]) == 0
    with wave.open("call.wav") as sound:
        assert (sound.getnchannels(), sound.getframerate(), sound.getsampwidth()) == (2, 24_000, 2)
        assert sound.getnframes() > 24_000 * 3
    assert run(["demo", "--speed", "0", "--quiet", "--log", "call.jsonl"]) == 2


def test_a_sound_file_that_is_there_is_not_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    Path("call.wav").touch()
    assert run(["demo", "--log", "call.jsonl"]) == 2
    printed = capsys.readouterr()
    assert printed.err == ("realtime-sdk: call.wav is there already, and the sound of the demo would go there\n")


# --- as a process -----------------------------------------------------------------------------------------------------


def test_the_command_needs_no_key_and_warns_of_nothing(tmp_path: Path) -> None:
    ran = run_command("demo", "--speed", "0", cwd=tmp_path, PYTHONWARNINGS="error,ignore::DeprecationWarning")
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout.decode().splitlines()[2:-3] == CONVERSATION
    assert oct(Path("realtime-demo.jsonl").stat().st_mode & 0o777) == "0o600"


def test_ctrl_c_ends_it_at_once_without_a_traceback_and_leaves_the_log_whole(tmp_path: Path) -> None:
    with started("demo", cwd=tmp_path) as demo:
        assert demo.stdout is not None
        first = [demo.stdout.readline() for _ in range(3)]
        demo.send_signal(signal.SIGINT)
        _, err = demo.communicate(timeout=60)
    assert (demo.returncode, err) == (130, b"")
    assert first[1:] == [b"log        realtime-demo.jsonl\n", b"user       What is the weather in Paris?\n"]
    log = rt.EventLog.load("realtime-demo.jsonl")
    assert log.torn is None
    assert json.loads(log[-1].frame)["type"] == "local.connection_closed"
    assert rt.replay(log).epochs[0].closed


def test_a_reader_that_goes_away_ends_it_without_a_word(tmp_path: Path) -> None:
    with started("demo", "--speed", "0", cwd=tmp_path) as demo:
        assert demo.stdout is not None
        assert demo.stderr is not None
        assert demo.stdout.readline().startswith(b"server ")
        demo.stdout.close()
        assert demo.wait(60) == 141
        assert demo.stderr.read() == b""


def test_on_a_terminal_the_conversation_is_redrawn_in_place(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    master, slave = pty.openpty()
    env = environment(TERM="xterm-256color", COLUMNS="100")
    # in real time, so that a busy machine, too, interrupts the answer before it ends
    with started("demo", stdout=slave, stderr=None, cwd=tmp_path, env=env) as demo:
        os.close(slave)
        printed = all_of(master)
    assert demo.returncode == 0
    assert "[speaking]" in printed
    assert "\x1b[1A\x1b[2K" in printed
    assert "in progress  [resp" not in printed
    last = printed.rpartition("\x1b[2mserver")[2]
    for line in CONVERSATION:
        assert line in INTERRUPTED or line[11:] in last
    assert "[incomplete]" in last
    assert "[cut at " in last
    assert printed.endswith("\x1b[?25h")
