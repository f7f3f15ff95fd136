"""Scenarios as files, for people who do not write Python: JSON, or YAML where PyYAML is installed.

A script is an object with `rules`, and with `hears`, `strict`, `faults`, `mcp` and `options` as `Scenario` has them (a
fault is an object with the fields of `WireFault`, an MCP server one with those of `McpServer`, options one with those
of `ServerOptions`). What is heard is a text, an object
with `words` and `after_ms` to tell it late, or one with `fail` (a code) and `message`. A rule has one of `on`, `about`
(a text or several), `pattern`, `turn`, `always`; what to `do`; the replies that follow, a list, in `then`; and
`every_time`. A step is a text to say, or an object with one of `say`, `call` (and `with`), `call_json` (and `with`),
`call_mcp` (as `SERVER.TOOL`, and `with`, `output`, `error`), `wait`, `think` (and `ms`), `fail` (and `message`).
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, Final, cast

from realtime_sdk.errors import ScenarioError
from realtime_sdk.protocol.json_values import JsonObject, is_array, is_object
from realtime_sdk.protocol.models import McpListedTool
from realtime_sdk.simulator.brain.happenings import Unheard, Words
from realtime_sdk.simulator.brain.values import McpServer
from realtime_sdk.simulator.fault_script import read_faults
from realtime_sdk.simulator.reply import Call, CallMcp, Fail, Reply, ReplyStep, Say, Think, Wait
from realtime_sdk.simulator.scenario import Rule, Scenario, ServerOptions, about, always, on, on_turn

__all__ = ["load_scenario", "read_script"]

_YAML = (".yaml", ".yml")
_KINDS: Final[Mapping[type, str]] = {str: "a text", bool: "true or false", int: "a whole number"}


def load_scenario(path: str | Path) -> Scenario:
    """The scenario in a file: `.yaml` and `.yml` are YAML, anything else is JSON.

    ScenarioError for what is no script, with the place; OSError if the file cannot be read.
    """
    path = Path(path)
    text = path.read_text("utf-8")
    return read_script(_from_yaml(text, path.name) if path.suffix in _YAML else _from_json(text, path.name))


def read_script(script: object) -> Scenario:
    """The scenario that a script is, given as JSON has it. ScenarioError for what is none, with the place."""
    fields = _object(script, "the script", allowed=("rules", "hears", "strict", "faults", "mcp", "options"))
    rules = [_rule(rule, f"rules[{place}]") for place, rule in enumerate(_list(fields.get("rules", []), "rules"))]
    hears = [_heard(words, f"hears[{place}]") for place, words in enumerate(_list(fields.get("hears", []), "hears"))]
    faults = read_faults(fields.get("faults", []))
    mcp = [_server(server, f"mcp[{place}]") for place, server in enumerate(_list(fields.get("mcp", []), "mcp"))]
    strict, options = fields.get("strict") is True, _options(fields.get("options", {}))
    return Scenario(*rules, hears=hears, strict=strict, faults=faults, mcp=mcp, options=options)


_OPTIONS: Final[Mapping[str, type | tuple[str, ...]]] = {
    "voice": ("tones", "espeak"),
    "model": str,
    "beta": ("accept", "refuse"),
    "rate_limits": bool,
    "early_transcripts": bool,
    "hold_items": bool,
    "session_ms": int,
}


def _options(options: object) -> ServerOptions:
    given = _object(options, "options", allowed=tuple(_OPTIONS))
    for name, value in given.items():
        fits = _OPTIONS[name]
        if value not in fits if isinstance(fits, tuple) else type(value) is not fits:
            wanted = " or ".join(map(repr, fits)) if isinstance(fits, tuple) else _KINDS[fits]
            raise ScenarioError(f"options.{name} is not {wanted}")
    return cast("ServerOptions", given)  # each of them was just checked


def _from_json(text: str, name: str) -> object:
    try:
        return json.loads(text)
    except ValueError as broken:
        raise ScenarioError(f"{name} is not JSON: {broken}") from None


def _from_yaml(text: str, name: str) -> object:
    try:
        yaml: Any = import_module("yaml")
    except ModuleNotFoundError:
        raise ScenarioError("a script in YAML needs PyYAML: pip install pyyaml, or write it in JSON") from None
    try:
        return _with_on(yaml.safe_load(text))
    except yaml.YAMLError as broken:
        raise ScenarioError(f"{name} is not YAML: {' '.join(str(broken).split())}") from None


def _with_on(value: Any) -> Any:
    """The same with the key `on`, which YAML 1.1 takes for a way to write true."""
    if is_array(value):
        return [_with_on(member) for member in value]
    if is_object(value):
        pairs: dict[Any, Any] = value
        return {"on" if name is True else name: _with_on(member) for name, member in pairs.items()}
    return value


_WHEN: Final[Mapping[str, Callable[[Any, str], Rule]]] = {
    "on": lambda value, where: on(_text(value, where)),
    "pattern": lambda value, where: on(_pattern(value, where)),
    "about": lambda value, where: about(*_texts(value, where)),
    "turn": lambda value, where: on_turn(_number(value, where)),
    "always": lambda value, where: always(),
}


def _rule(rule: object, where: str) -> Rule:
    fields = _object(rule, where, allowed=(*_WHEN, "do", "then", "every_time"))
    name = _one_of(fields, _WHEN, where)
    made = _WHEN[name](fields[name], f"{where}.{name}")
    later = _list(fields.get("then", []), f"{where}.then")
    replies = [_reply(fields.get("do"), f"{where}.do")]
    replies += [_reply(reply, f"{where}.then[{place}]") for place, reply in enumerate(later)]
    return replace(made, replies=tuple(replies), repeats=made.repeats or fields.get("every_time") is True)


def _server(server: object, where: str) -> McpServer:
    """An MCP server: its label, its tools as such servers list them, and what each of them gives."""
    fields = _object(server, where, allowed=("label", "tools", "outputs"))
    tools = _list(fields.get("tools", []), f"{where}.tools")
    outputs = _object(fields.get("outputs", {}), f"{where}.outputs")
    return McpServer(
        _text(fields.get("label"), f"{where}.label"),
        tuple(_listed(tool, f"{where}.tools[{place}]") for place, tool in enumerate(tools)),
        {name: _text(output, f"{where}.outputs.{name}") for name, output in outputs.items()},
    )


def _listed(tool: object, where: str) -> McpListedTool:
    fields = _object(tool, where, allowed=("name", "description", "input_schema"))
    return McpListedTool.model_validate({"name": _text(fields.get("name"), f"{where}.name"), **fields})


def _heard(words: object, where: str) -> str | Words | Unheard:
    """What is said in an utterance: a text; words that are told late; or why nobody understands it."""
    if isinstance(words, str):
        return words
    if not is_object(words):
        raise ScenarioError(f"{where} is not a text")
    fields = _object(words, where, allowed=("words", "after_ms", "fail", "message"))
    if "fail" in fields:
        message = _text(fields.get("message", Unheard().message), f"{where}.message")
        return Unheard(_text(fields["fail"], f"{where}.fail"), message)
    return Words(_text(fields.get("words"), f"{where}.words"), _number(fields.get("after_ms", 0), f"{where}.after_ms"))


def _reply(steps: object, where: str) -> Reply:
    """Steps in a list, or a single one."""
    listed = steps if is_array(steps) else [steps]
    return tuple(_step(step, f"{where}[{place}]") for place, step in enumerate(listed))


_STEPS: Final[Mapping[str, Callable[[Any, JsonObject, str], ReplyStep]]] = {
    "say": lambda value, fields, where: Say(_text(value, where)),
    "call": lambda value, fields, where: Call(_text(value, where), _object(fields.get("with", {}), f"{where}.with")),
    "call_json": lambda value, fields, where: Call(_text(value, where), _text(fields.get("with", "{}"), where)),
    "call_mcp": lambda value, fields, where: _call_mcp(_text(value, where), fields, where),
    "wait": lambda value, fields, where: Wait(_number(value, where)),
    "think": lambda value, fields, where: Think(_number(value, where), _number(fields.get("ms", 0), where)),
    "fail": lambda value, fields, where: Fail(_text(value, where), _text(fields.get("message", Fail().message), where)),
}


def _step(step: object, where: str) -> ReplyStep:
    if isinstance(step, str):
        return Say(step)
    fields = _object(step, where, allowed=(*_STEPS, "with", "ms", "message", "output", "error"))
    name = _one_of(fields, _STEPS, where)
    return _STEPS[name](fields[name], fields, f"{where}.{name}")


def _call_mcp(named: str, fields: JsonObject, where: str) -> CallMcp:
    """A tool of an MCP server, named with its server: `docs.search`."""
    label, dot, tool = named.partition(".")
    if not dot:
        raise ScenarioError(f"{where} is not SERVER.TOOL")
    output, error = (_text(fields[name], f"{where}.{name}") if name in fields else None for name in ("output", "error"))
    return CallMcp(label, tool, _object(fields.get("with", {}), f"{where}.with"), output, error)


def _one_of(fields: JsonObject, names: Mapping[str, object], where: str) -> str:
    found = [name for name in names if name in fields]
    if len(found) != 1:
        raise ScenarioError(f"{where} needs one of {', '.join(names)}")
    return found[0]


def _object(value: object, where: str, *, allowed: tuple[str, ...] = ()) -> JsonObject:
    if not is_object(value):
        raise ScenarioError(f"{where} is not an object")
    unknown = [name for name in value if allowed and name not in allowed]
    if unknown:
        raise ScenarioError(f"{where} has no field {unknown[0]!r}; it may have {', '.join(allowed)}")
    return value


def _list(value: object, where: str) -> list[Any]:
    if not is_array(value):
        raise ScenarioError(f"{where} is not a list")
    return value


def _texts(value: object, where: str) -> list[str]:
    """Texts in a list, or a single one."""
    return [_text(one, where) for one in (value if is_array(value) else [value])]


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise ScenarioError(f"{where} is not a text")
    return value


def _number(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ScenarioError(f"{where} is not a whole number")
    return value


def _pattern(value: object, where: str) -> re.Pattern[str]:
    try:
        return re.compile(_text(value, where), re.IGNORECASE)
    except re.error as broken:
        raise ScenarioError(f"{where} is no pattern: {broken}") from None
