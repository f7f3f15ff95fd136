"""The runner of snippets itself, and the frame of the pages: nothing is lost from view."""

import re
from typing import Any

import pytest
import yaml

from tests.docs.pages import ROOT, Snippet, pages, snippets
from tests.docs.test_snippets import run

PAGE = """Text

```python
x = 1
```

<!-- snippet: no-run: needs a sound card -->
```python
play()
```

    ```python
    y = 2
    ```

<!-- snippet: output -->
```text
3
```
"""


def test_a_page_is_split_into_its_blocks() -> None:
    assert list(snippets(PAGE)) == [
        Snippet("python", "x = 1\n", 4),
        Snippet("python", "play()\n", 9, "no-run", "needs a sound card"),
        Snippet("python", "y = 2\n", 13),
        Snippet("text", "3\n", 18, "output"),
    ]


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_a_block_may_await(loop: str) -> None:
    names: dict[str, Any] = {}
    run(Snippet("python", "import anyio\nx = 1\nawait anyio.sleep(0)\nx += 1\n", 1), names, file="page.md", loop=loop)
    assert names["x"] == 2


def test_an_error_names_the_page_and_the_line() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        run(Snippet("python", "1 / 0\n", 41), {}, file="page.md", loop="asyncio")
    assert (str(caught.traceback[-1].path), caught.traceback[-1].lineno + 1) == ("page.md", 41)


def test_functions_that_test_are_called() -> None:
    with pytest.raises(AssertionError):
        run(Snippet("python", "def test_it():\n    assert False\n", 1), {}, file="page.md", loop="asyncio")


def test_no_block_of_python_hides_behind_another_name() -> None:
    languages = {block.language for page in pages() for block in snippets(page.read_text("utf-8"))}
    assert languages & {"py", "py3", "python3", "pycon"} == set()


def test_every_page_is_in_the_navigation() -> None:
    listed = set(re.findall(r"[\w/-]+\.md", yaml.safe_dump(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"])))
    assert listed == {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}


def test_every_link_to_a_file_of_the_project_leads_to_one() -> None:
    for page in [*pages(), ROOT / "examples" / "README.md"]:
        prose = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
        links = re.findall(r"\]\((?!https?:)([^)#\s]+)", prose)
        assert [link for link in links if not (page.parent / link).exists()] == [], page


def test_the_readme_and_ci_run_the_same_test_command() -> None:
    command = 'python3 -m venv .venv && .venv/bin/pip install -q "nox[uv]" && .venv/bin/nox'
    assert command in (ROOT / "README.md").read_text("utf-8")
    assert command in (ROOT / ".ci" / "run").read_text("utf-8")
