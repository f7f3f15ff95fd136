"""Every snippet of Python in the README and the docs is run: a page is a story, told from top to bottom.

A page's blocks share their names and one temporary folder; those that await run on both event loops
(what says so, on asyncio alone); functions named test_… are called, as pytest would. There is no key and no network.
"""

import ast
import contextlib
import inspect
import io
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.docs.pages import ROOT, Snippet, pages, snippets

LEFT_OUT = 2  # how many blocks say no-run; each of them says why
SECONDS = 30


def python_blocks(page: Path) -> list[Snippet]:
    return [block for block in snippets(page.read_text("utf-8")) if block.language == "python"]


STORIES = [page for page in pages() if python_blocks(page)]


def run(block: Snippet, names: dict[str, Any], *, file: str, loop: str) -> None:
    """Run one block in the names of its page; errors name the page and the line."""
    source = "\n" * (block.line - 1) + block.source
    code = compile(source, file, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    before = set(names)
    if code.co_flags & inspect.CO_COROUTINE:
        anyio.run(_awaited, code, names, backend=loop)
    else:
        exec(code, names)
    for name in [name for name in names if name.startswith("test_") and name not in before]:
        _call(names[name], loop)


async def _awaited(code: Any, names: dict[str, Any]) -> None:
    with anyio.fail_after(SECONDS):
        await eval(code, names)


def _call(test: Any, loop: str) -> None:
    if inspect.iscoroutinefunction(test):
        anyio.run(test, backend=loop)
    else:
        test()


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
@pytest.mark.parametrize("page", STORIES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_runs_from_top_to_bottom(page: Path, loop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    printed = io.StringIO()
    for block in snippets(page.read_text("utf-8")):
        if block.note == "output":
            assert printed.getvalue() == block.source
            printed = io.StringIO()
        elif block.language == "python" and block.note != "no-run":
            with contextlib.redirect_stdout(printed):
                run(block, names, file=str(page), loop="asyncio" if block.note == "asyncio" else loop)


def test_blocks_that_are_not_run_are_few_and_say_why() -> None:
    left_out = [block for page in STORIES for block in python_blocks(page) if block.note == "no-run"]
    assert len(left_out) == LEFT_OUT
    assert all(block.why for block in left_out)
