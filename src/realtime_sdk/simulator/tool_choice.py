"""Which of the offered tools a turn is about: the one it names, or the one whose subject it speaks of. Pure."""

import re
from collections.abc import Iterable
from typing import Final

from realtime_sdk.protocol.json_values import is_object
from realtime_sdk.protocol.models import FunctionTool
from realtime_sdk.simulator.brain.happenings import McpOffer, Turn

__all__ = ["chosen_tool", "forced_mcp_tool", "forced_tool", "stems", "subject_words"]

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_GENERAL: Final = frozenset(
    re.findall(
        r"\w+",
        "a an and any are as at be by can current do does find for from get give given has have how i if in info "
        "information into is it its list look make me my new of on or please query read run search set show tell that "
        "the their them this to tool up use used user value what when where which who will with you your call function "
        "about details fetch return returns lookup",
    )
)
_NAME_WEIGHT, _DESCRIPTION_WEIGHT, _ENOUGH = 3, 1, 2


def forced_tool(turn: Turn) -> FunctionTool | None:
    """The tool that the client's tool_choice demands."""
    choice = turn.tool_choice
    if is_object(choice) and choice.get("type") == "function":
        return next((tool for tool in turn.tools if tool.name == choice.get("name")), None)
    if choice == "required" and turn.tools:
        return _best(turn) or turn.tools[0]
    return None


def forced_mcp_tool(turn: Turn) -> McpOffer | None:
    """The tool of an MCP server that the client's tool_choice demands."""
    choice = turn.tool_choice
    if choice == "required" and not turn.tools:
        return next(iter(turn.mcp_tools), None)
    if not is_object(choice) or choice.get("type") != "mcp":
        return None
    wanted = choice.get("server_label"), choice.get("name")
    return next(
        (one for one in turn.mcp_tools if wanted in ((one.server_label, one.tool.name), (one.server_label, None))), None
    )


def chosen_tool(turn: Turn) -> FunctionTool | None:
    """The tool that the user's words ask for; None if they ask for none, or none may be called."""
    return None if turn.tool_choice == "none" else _best(turn)


def _best(turn: Turn) -> FunctionTool | None:
    words = stems(turn.text)
    scored = [(_score(tool, words, turn.text), -place) for place, tool in enumerate(turn.tools)]
    best, place = max(scored, default=(0, 0))
    return turn.tools[-place] if best >= _ENOUGH else None


def _score(tool: FunctionTool, words: set[str], text: str) -> int:
    name = tool.name or ""
    if name and name.lower() in text.lower():
        return 100
    named = subject_words([name])
    described = subject_words([tool.description or ""]) - named
    return _NAME_WEIGHT * len(named & words) + _DESCRIPTION_WEIGHT * len(described & words)


def stems(text: str) -> set[str]:
    """The words of a text, in small letters and without the s of many."""
    return {_stem(word) for word in _words(text)}


def subject_words(texts: Iterable[str]) -> set[str]:
    """What names and descriptions are about: their words without those that any of them may have."""
    return {_stem(word) for text in texts for word in _words(text) if word not in _GENERAL}


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
