"""Every scenario is run in memory and over a socket, in both dialects; where it is not, a table says why."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kani import ChatMessage

from tests.kani.talk import Talking
from tests.kani.wires import LEFT_OUT, WIRES, WITHOUT_A_WIRE, Wire, wires_of

SCENARIOS = [f"K{number:02}" for number in range(1, 63)]
WITH_A_WIRE = {"wire", "talking", "simulating"}
KINDS = {
    "ga": ["conversation.item.added", "conversation.item.done", "response.output_audio_transcript.delta"],
    "beta": ["conversation.item.created", "response.audio_transcript.delta"],
}


def found() -> Iterator[tuple[str, str | None, bool]]:
    """The tests of this folder: name, scenario, and whether they are run on wires."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                number = re.match(r"test_(k\d\d)_", node.name)
                arguments = {argument.arg for argument in node.args.args}
                yield node.name, number and number[1].upper(), not WITH_A_WIRE.isdisjoint(arguments)


TESTS = tuple(found())


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_is_run_on_every_wire_or_a_table_says_why_not(scenario: str) -> None:
    named = [(name, on_wires) for name, number, on_wires in TESTS if number == scenario]
    assert named, f"{scenario} has no test"
    run_on = {wire for name, on_wires in named if on_wires for wire in wires_of(name)}
    assert run_on == (set() if scenario in WITHOUT_A_WIRE else set(WIRES))


def test_the_tables_name_what_there_is() -> None:
    assert {*WITHOUT_A_WIRE} <= {*SCENARIOS}
    assert {*LEFT_OUT} <= {name for name, _, on_wires in TESTS if on_wires}
    assert {number for _, number, _ in TESTS if number} == {*SCENARIOS}
    assert len({name for name, *_ in TESTS}) == len(TESTS)


async def test_a_wire_is_what_its_name_says(talking: Talking, wire: Wire) -> None:
    async with talking(chat_history=[ChatMessage.user("q")]) as (ai, world):
        await ai.chat_round("hi")
        frames: list[Any] = [frame.decode() for frame in (record.frame for record in ai.session.live.log)]
        assert ai.session.live.dialect.name == {"ga": "openai", "beta": "beta"}[wire.dialect]
        for dialect, kinds in KINDS.items():
            assert all(any(kind in frame for frame in frames) == (dialect == wire.dialect) for kind in kinds)
        assert world.endpoints[0].url.startswith("ws://localhost:" if wire.is_socket else "ws://host/")
