"""Who answers when nobody else does: a small persona that a tester can steer with plain words. Pure.

It obeys ("say exactly …", "repeat …", "call NAME with {…}"), calls an offered tool that the words name, says what a
tool gave, answers a few questions, and repeats what it heard where it knows no better.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

from realtime_sdk.protocol.json_values import is_array, is_object
from realtime_sdk.protocol.models import FunctionTool, SystemMessage, UserMessage
from realtime_sdk.simulator.arguments import arguments_for
from realtime_sdk.simulator.brain.happenings import McpOffer, Turn
from realtime_sdk.simulator.reply import Call, CallMcp, Reply, Say
from realtime_sdk.simulator.tool_choice import chosen_tool, forced_mcp_tool, forced_tool

__all__ = ["STORY", "persona"]

STORY: Final = (
    "Once upon a time there was a small server that nobody had ever heard. It lived on a port of its own, "
    "and every day it waited for somebody to call. One morning a client came by and asked for a story. "
    "The server was so glad that it told everything it knew: about frames that travel in order, about words "
    "that arrive before their sound, and about a long silence that turned out to be a question. "
    "The client listened to the end, said thank you, and closed the connection with a proper code. "
    "And if nobody has stopped it, the server is listening still."
)
_GREETING: Final = "Hello! I am the simulated assistant. What can I do for you?"
_ABILITIES: Final = "I can greet you, answer simple questions, call the tools you offer me, and repeat what you say."

_SAY = re.compile(
    r"\b(?:say|answer|reply|respond)(?:\s+with)?\s+(?:exactly|only|just|precisely)(?:\s+this)?\s*:?\s*(?P<words>.+)",
    re.IGNORECASE | re.DOTALL,
)
_REPEAT = re.compile(
    r"\brepeat(?:\s+after\s+me|\s+exactly|\s+the\s+words?|\s+this)?\s*[:,]?\s+(?P<words>.+)", re.IGNORECASE | re.DOTALL
)
_PLAIN_SAY = re.compile(r"^(?:please\s+|now\s+)?say\s*:?\s+(?P<words>.+)", re.IGNORECASE | re.DOTALL)
_CALL = re.compile(
    r"\b(?P<order>(?:and\s+)?call|and)\s+(?:the\s+)?(?:tool\s+|function\s+)?[`'\"]?(?P<name>[\w.-]+)[`'\"]?"
    r"(?:\s+with(?:\s+arguments)?)?\s*(?P<rest>\{.*\})?",
    re.IGNORECASE | re.DOTALL,
)
_SUM = re.compile(r"(-?\d+)\s*(\+|plus|-|minus|\*|x|times)\s*(-?\d+)", re.IGNORECASE)
_COUNT = re.compile(r"\bcount (?:from (\d+) )?(?:up )?to (\d+)", re.IGNORECASE)
_QUOTES: Final = "\"'“”‘’`«»"

_CAPITALS: Final = {
    "france": "Paris",
    "germany": "Berlin",
    "italy": "Rome",
    "spain": "Madrid",
    "japan": "Tokyo",
    "portugal": "Lisbon",
    "austria": "Vienna",
    "england": "London",
    "poland": "Warsaw",
    "greece": "Athens",
}
_ANSWERS: Final = (
    (r"\b(long|tell (me|us) a|another) story\b", STORY),
    (r"\bwhat can you do\b|\bhelp me\b|\bhow can you help\b", _ABILITIES),
    (r"\bwho are you\b|\byour name\b", "I am the simulated assistant of realtime_sdk."),
    (r"\bhow are you\b", "I am fine, thank you. And you?"),
    (r"\b(good ?bye|bye)\b", "You are welcome. Goodbye!"),
    (r"\b(thanks|thank you)\b", "You are welcome."),
    (r"\bjoke\b", "A client walks into a bar. The bartender says: bad request."),
    (r"^\W*(hello|hi|hey|good (morning|afternoon|evening))\b", _GREETING),
)


def persona(turn: Turn) -> Reply:
    """The persona's reply to a turn."""
    for attempt in _ATTEMPTS:
        reply = attempt(turn)
        if reply is not None:
            return reply
    if turn.text:
        return (Say(f"You said: {turn.text}"),)
    match turn.items:
        case (*_, SystemMessage(), UserMessage()):
            return (Say("Are you still there?"),)
        case (*_, UserMessage()):
            return (Say("I did not understand that."),)
        case _:
            return (Say(_GREETING),)


def _force(turn: Turn) -> Reply | None:
    """Call what the client insists on."""
    if turn.outputs or turn.approvals:
        return None
    if (tool := forced_tool(turn)) is not None:
        return (_call(tool, turn.text),)
    offer = forced_mcp_tool(turn)
    return None if offer is None else (_call_mcp(offer, turn.text),)


def _order(turn: Turn) -> Reply | None:
    """Do as one is told, by the user or by this response's own instructions."""
    for told in (turn.text if not turn.outputs else "", turn.own_instructions or ""):
        calls = () if turn.tool_choice == "none" else tuple(_ordered_calls(told, turn))
        if calls:
            return calls if turn.parallel_tool_calls else calls[:1]
        for pattern in (_SAY, _REPEAT):
            if (found := pattern.search(told)) is not None:
                return (Say(_unquoted(found["words"])),)
    return None


def _ordered_calls(told: str, turn: Turn) -> Iterator[Call]:
    """The calls that are ordered by name: `call a with {…} and b with {…}`."""
    place = 0
    while (found := _CALL.search(told, place)) is not None:
        name = found["name"].rstrip(".")
        tool = next((tool for tool in turn.tools if (tool.name or "").lower() == name.lower()), None)
        if found["rest"] is not None:
            arguments = _first_object(found["rest"])
            place = found.start("rest") + len(arguments)
            yield Call(name if tool is None else str(tool.name), arguments)
        else:
            place = found.end("name")
            if tool is not None and found["order"].lower() != "and":
                yield _call(tool, told)


def _first_object(text: str) -> str:
    """The JSON object that a text begins with; all of it where there is none."""
    try:
        return text[: json.JSONDecoder().raw_decode(text)[1]]
    except ValueError:
        return text


def _tell(turn: Turn) -> Reply | None:
    """Say what the tools gave."""
    return (Say(" ".join(_spoken(one.output) for one in turn.outputs)),) if turn.outputs else None


def _go_on(turn: Turn) -> Reply | None:
    """Make the MCP calls that the client has approved, and accept that it has not."""
    if turn.outputs or not turn.approvals:
        return None
    calls = [
        CallMcp(one.server_label, one.name, one.arguments, approval_request_id=one.request_id)
        for one in turn.approvals
        if one.approve
    ]
    return tuple(calls) or (Say("Very well, I leave it."),)


def _use_mcp(turn: Turn) -> Reply | None:
    """Call the tool of an MCP server that the words name, or speak of."""
    offered = replace(turn, tools=tuple(offer.tool for offer in turn.mcp_tools))
    tool = chosen_tool(offered)
    found = next((offer for offer in turn.mcp_tools if offer.tool is tool), None)
    return None if found is None else (_call_mcp(found, turn.text),)


def _use_tool(turn: Turn) -> Reply | None:
    """Call the tool that the words name, or speak of."""
    tool = chosen_tool(turn)
    return None if tool is None else (_call(tool, turn.text),)


def _say_plainly(turn: Turn) -> Reply | None:
    found = _PLAIN_SAY.search(turn.text.strip())
    return None if found is None else (Say(_sentence(_unquoted(found["words"]))),)


def _know(turn: Turn) -> Reply | None:
    """Answer what is easily answered."""
    text = turn.text.lower()
    if (capital := next((city for land, city in _CAPITALS.items() if land in text), None)) and "capital" in text:
        return (Say(f"The capital is {capital}."),)
    if (found := _COUNT.search(text)) is not None:
        return (Say(_counted(int(found[1] or 1), int(found[2]))),)
    if (found := _SUM.search(text)) is not None:
        return (Say(f"That is {_result(int(found[1]), found[2], int(found[3]))}."),)
    answer = next((answer for pattern, answer in _ANSWERS if re.search(pattern, text)), None)
    return None if answer is None else (Say(answer),)


_ATTEMPTS: Final[tuple[Callable[[Turn], Reply | None], ...]] = (
    _force,
    _order,
    _tell,
    _go_on,
    _use_tool,
    _use_mcp,
    _say_plainly,
    _know,
)


def _call(tool: FunctionTool, text: str) -> Call:
    return Call(str(tool.name), arguments_for(tool.parameters or {}, text))


def _call_mcp(offer: McpOffer, text: str) -> CallMcp:
    return CallMcp(offer.server_label, str(offer.tool.name), _call(offer.tool, text).arguments)


def _counted(first: int, last: int) -> str:
    return ", ".join(map(str, range(first, min(last, first + 99) + 1))) + "."


def _result(left: int, sign: str, right: int) -> int:
    match sign:
        case "+" | "plus":
            return left + right
        case "-" | "minus":
            return left - right
        case _:
            return left * right


def _unquoted(words: str) -> str:
    """What is meant to be said: without the quotes around it, and without what follows a closing quote."""
    words = words.strip()
    if words[:1] in _QUOTES:
        ends = [place for quote in _QUOTES if (place := words.find(quote, 1)) > 0]
        return words[1 : min(ends)] if ends else words[1:]
    return words


def _sentence(words: str) -> str:
    words = words[:1].upper() + words[1:]
    return words if words[-1:] in ".!?" else f"{words}."


def _spoken(output: str) -> str:
    """What a tool gave, as one says it."""
    try:
        value: Any = json.loads(output)
    except ValueError:
        return output
    if is_object(value):
        return ", ".join(f"{_plain(name)}: {_said(member)}" for name, member in value.items()) + "."
    return _said(value)


def _said(value: Any) -> str:
    if isinstance(value, str):
        return value
    if is_array(value):
        return ", ".join(map(_said, value))
    if is_object(value):
        return ", ".join(f"{_plain(name)} {_said(member)}" for name, member in value.items())
    return json.dumps(value)


def _plain(name: str) -> str:
    return name.replace("_", " ")
