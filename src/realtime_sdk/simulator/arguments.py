"""Arguments after a tool's schema, with what a sentence offers for them. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final

from realtime_sdk.protocol.json_values import is_array, is_object

__all__ = ["arguments_for"]

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_QUOTED = re.compile(r"[\"“'‘](?P<words>[^\"”'’]+)[\"”'’]")
_AFTER = re.compile(
    r"\b(?:in|for|at|near|to|from|about|of|on|is|named|called|with)\s+(?:the\s+)?(?P<words>[A-Z]\w*(?:[ -][A-Z]\w*)*)"
)
_CAPITALISED = re.compile(r"(?<!^)(?<![.?!] )\b[A-Z]\w*(?:[ -][A-Z]\w*)*")
_PREPOSITION = re.compile(
    r"\b(?:in|for|at|near|about|of|named|called)\s+(?:the\s+|an?\s+)?(?P<words>\w+)", re.IGNORECASE
)
_WHOLE: Final = frozenset(
    {"query", "text", "message", "question", "prompt", "content", "input", "note", "body", "request"}
)
_FORMATS: Final = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T12:00:00Z",
    "time": "12:00:00",
    "email": "user@example.com",
    "uri": "https://example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_NOT = re.compile(r"\b(?:not|no|off|never|without|disable)\b", re.IGNORECASE)
_DEPTH: Final = 5


def arguments_for(schema: Mapping[str, Any], text: str, *, depth: int = 0) -> dict[str, Any]:
    """An object that fits a JSON schema: its required properties, and those that the text has something for."""
    properties = schema.get("properties")
    if not is_object(properties) or depth > _DEPTH:
        return {}
    asked = schema.get("required")
    required: list[Any] = asked if is_array(asked) else []
    made: dict[str, Any] = {}
    for name, inner in properties.items():
        rules = inner if is_object(inner) else {}
        if name in required or (_offered(rules, text) and depth == 0):
            made[name] = _value(name, rules, text, depth)
    return made


def _offered(rules: Mapping[str, Any], text: str) -> bool:
    """Whether a sentence has something for an optional property."""
    options = rules.get("enum")
    if is_array(options):
        return any(_named(option, text) for option in options)
    match rules.get("type"):
        case "integer" | "number":
            return _NUMBER.search(text) is not None
        case "string":
            return "format" not in rules and (_QUOTED.search(text) or _AFTER.search(text)) is not None
        case _:
            return False


def _value(name: str, rules: Mapping[str, Any], text: str, depth: int) -> Any:
    if "const" in rules:
        return rules["const"]
    if is_array(options := rules.get("enum")) and options:
        return next((option for option in options if _named(option, text)), options[0])
    for key in ("anyOf", "oneOf"):
        if is_array(choices := rules.get(key)) and choices and is_object(choices[0]):
            return _value(name, choices[0], text, depth)
    kind = rules.get("type")
    kind = next((one for one in kind if one != "null"), "string") if is_array(kind) else kind
    match kind:
        case "integer" | "number":
            return _number(rules, text, whole=kind == "integer")
        case "boolean":
            return _NOT.search(text) is None
        case "array":
            items = rules.get("items")
            return [_value(name, items if is_object(items) else {}, text, depth + 1)]
        case "object":
            return arguments_for(rules, text, depth=depth + 1)
        case "null":
            return None
        case _:
            return _text(name, rules, text)


def _named(option: object, text: str) -> bool:
    return re.search(rf"\b{re.escape(str(option))}\b", text, re.IGNORECASE) is not None


def _number(rules: Mapping[str, Any], text: str, *, whole: bool) -> int | float:
    found = _NUMBER.search(text)
    value = float(found[0]) if found else float(rules.get("default", rules.get("minimum", 1)))
    value = min(max(value, rules.get("minimum", value)), rules.get("maximum", value))
    return int(value) if whole or value == int(value) else value


def _text(name: str, rules: Mapping[str, Any], text: str) -> str:
    if rules.get("format") in _FORMATS:
        return _FORMATS[str(rules["format"])]
    found = _QUOTED.search(text)
    if found is None and name.lower() in _WHOLE:
        return text
    found = found or _AFTER.search(text)
    if found is not None:
        return found["words"]
    if (proper := _CAPITALISED.search(text)) is not None:
        return proper[0]
    if "default" in rules:
        return str(rules["default"])
    if (near := _PREPOSITION.search(text)) is not None:
        return near["words"]
    return text.strip() or name
