"""Every example is run as its reader runs it, and says what it is there to show."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"

QUESTIONS = r"What is the capital of France\? The capital is Paris\.\nWhat is 6 times 7\? That is 42\."
SAYS = {
    "text_turn": rf"{QUESTIONS}\n\d+ tokens\n",
    "spoken_turn": r"user: Hello, what can you do\?\nassistant: I can .+\n",
    "tool_call": r'opening_hours \{"day": "Monday"\}\nOn Monday we are open from 9 to 17\.\n',
    "follow_events": r"(?s).* 1 client: response\.create\n.* server: response\.output_audio\.delta\n.*done\n",
    "talk": r"(\d+) of \1 ms were heard\n",
    "listen_back": r"\S+\.wav: \d\.\d s of the user, .+\n\S+\.packed\.jsonl: 1\d\d of 1\d\d records .+\n",
    "replay_log": r"(?s)\d+ records, \d items .*: Hello!\n.*The longest answer has \d+ words\.\n",
    "voice_agent": (
        r"user: A table for two, please\.\n(?s:.*)assistant: I.* …\nuser: Wait, we are three\.\n(?s:.*)"
        r"function: booked: 3 people at 19:00\nassistant: Now it is a table for three\.\n"
        r"the log tells the same: True\n"
    ),
}


def test_every_example_is_run_and_listed() -> None:
    names = {path.stem for path in EXAMPLES.glob("*.py")}
    assert names == SAYS.keys()
    listed = re.findall(r"^\| `(\w+)\.py`", (EXAMPLES / "README.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(names)


@pytest.mark.parametrize("name", SAYS)
def test_an_example_shows_what_it_promises(name: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", str(EXAMPLES / f"{name}.py")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert re.fullmatch(SAYS[name], run.stdout), run.stdout


def test_an_example_with_a_log_of_your_own_reads_that(tmp_path: Path) -> None:
    log = Path(__file__).parents[1] / "cli" / "interrupted.jsonl"
    run = subprocess.run(
        [sys.executable, str(EXAMPLES / "replay_log.py"), str(log)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert run.stdout == (
        "38 records, 2 items after half of them; at the end:\n"
        "user: Book a table for two at Joe's.\n"
        "assistant: Your table is\n"
        "The longest answer has 6 words.\n"
    )
