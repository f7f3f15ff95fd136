"""Every error code that the simulator can say stands in the docs with where it is known from, and no other does."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import realtime_sdk.simulator as room

ROOM = Path(next(iter(room.__path__)))
PAGE = Path(__file__).parents[2] / "docs/explanation/truth-of-the-simulator.md"
SAID_BY = (*sorted((ROOM / "brain").glob("*.py")), ROOM / "client_secrets.py", ROOM / "simulation.py")
MAKERS = ("Complaint", "Fault")
ROW = re.compile(r"\| `(?P<code>\w+)` \| (?P<when>[^|]+) \| (?P<known>known|by analogy) \| (?P<source>[^|]+) \|")


def codes() -> set[str]:
    """Return what the sources give as codes: texts, and patterns of those that are put together."""
    return {
        code for path in SAID_BY for node in ast.walk(ast.parse(path.read_text("utf-8"))) for code in codes_in(node)
    }


def codes_in(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS:
        places = [one.value for one in node.keywords if one.arg == "code"]
        yield from (text for value in (*node.args[:1], *places) for text in texts_in(value) if node.func.id != "Fault")
        yield from (text for value in places for text in texts_in(value) if node.func.id == "Fault")
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "code":
        yield from texts_in(node.value)


def texts_in(value: ast.AST) -> Iterator[str]:
    match value:
        case ast.Constant(str(text)):
            yield text
        case ast.JoinedStr(parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else r"[a-z]+" for part in parts)
        case ast.IfExp(body=body, orelse=orelse):
            yield from (*texts_in(body), *texts_in(orelse))


def rows() -> dict[str, re.Match[str]]:
    """Return the rows of the table in the docs by their codes."""
    return {found["code"]: found for line in PAGE.read_text("utf-8").splitlines() if (found := ROW.fullmatch(line))}


def test_the_table_in_the_docs_has_exactly_the_codes_that_can_be_said() -> None:
    told, said = rows(), codes()
    assert {code for code in said if not any(re.fullmatch(code, row) for row in told)} == set()
    assert {row for row in told if not any(re.fullmatch(code, row) for code in said)} == set()
    assert len(said) > 15


def test_what_is_known_names_its_source() -> None:
    for code, row in rows().items():
        assert (row["known"] == "known") is (
            re.search(r"#\d+|recording|session|tests|docs", row["source"]) is not None
        ), code
