"""Arguments after a tool's schema, with what a sentence offers for them. Pure.

A text takes the words beside its own name ("order A-17" for `order_id`), else the next quoted or capitalised words; a
number likewise. What the sentence has nothing for takes its default, its first example, or its own name.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from realtime_sdk.protocol.json_values import is_array, is_object

__all__ = ["arguments_for"]

_FIGURES = r"(?<![\w-])-?\d+(?:\.\d+)?"
_NAMES = r"[A-Z]\w*(?:[ -][A-Z]\w*)*"
_NUMBER = re.compile(_FIGURES)
_QUOTED = re.compile(r"[\"“'‘](?P<words>[^\"”'’]+)[\"”'’]")
_AFTER = re.compile(rf"\b(?:in|for|at|near|to|from|about|of|on|is|named|called|with)\s+(?:the\s+)?(?P<words>{_NAMES})")
_CAPITALISED = re.compile(rf"(?<!^)(?<![.?!] )\b(?P<words>{_NAMES})")
_PREPOSITION = re.compile(
    r"\b(?:in|for|at|near|about|of|named|called)\s+(?:the\s+|an?\s+)?(?P<words>\w+)", re.IGNORECASE
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
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


class _Offers:
    """What a sentence offers, best first. Each piece is taken once; where there are no more, the first again."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._found = {
            str: list(
                dict.fromkeys(one["words"] for rule in (_QUOTED, _AFTER, _CAPITALISED) for one in rule.finditer(text))
            ),
            float: _NUMBER.findall(text),
        }
        self._left = {kind: list(found) for kind, found in self._found.items()}

    def has(self, kind: type, name: str) -> bool:
        """Whether there is something that nothing else has taken."""
        return bool(self._left[kind]) or self._beside(kind, name) is not None

    def take(self, kind: type, name: str) -> str | None:
        """What stands beside the name, else the next; None if the sentence offers nothing of this kind."""
        taken = self._beside(kind, name) or next(iter((*self._left[kind], *self._found[kind])), None)
        if taken in self._left[kind]:
            self._left[kind].remove(taken)
        return taken

    def quoted(self) -> bool:
        """Whether there is something in quotes."""
        return _QUOTED.search(self.text) is not None

    def _beside(self, kind: type, name: str) -> str | None:
        """The words that stand after a word of the name, and numbers before it too."""
        for word in map(re.escape, _WORD.findall(name)):
            if kind is float:
                pattern = rf"(?i:\b{word}s?)\W+(?P<after>{_FIGURES})|(?P<before>{_FIGURES})\s+(?i:{word})"
            else:
                pattern = rf"(?i:\b{word})\W+(?:(?:is|number)\s+)?(?P<after>(?=[\w-]*\d)\w[\w-]*|{_NAMES})(?P<before>)"
            if (found := re.search(pattern, self.text)) is not None:
                return found["after"] or found["before"]
        return None


def arguments_for(schema: Mapping[str, Any], text: str) -> dict[str, Any]:
    """An object that fits a JSON schema: its required properties, and those that the text has something for."""
    return _object(schema, _Offers(text), 0)


def _object(schema: Mapping[str, Any], offers: _Offers, depth: int) -> dict[str, Any]:
    properties = schema.get("properties")
    if not is_object(properties) or depth > _DEPTH:
        return {}
    asked = schema.get("required")
    required: list[Any] = asked if is_array(asked) else []
    made: dict[str, Any] = {}
    for name in sorted(properties, key=lambda name: name not in required):
        rules = inner if is_object(inner := properties[name]) else {}
        if name in required or (depth == 0 and _offered(name, rules, offers)):
            made[name] = _value(name, rules, offers, depth)
    return {name: made[name] for name in properties if name in made}


def _offered(name: str, rules: Mapping[str, Any], offers: _Offers) -> bool:
    """Whether a sentence has something for an optional property."""
    options = rules.get("enum")
    if is_array(options):
        return any(_named(option, offers.text) for option in options)
    match rules.get("type"):
        case "integer" | "number":
            return offers.has(float, name)
        case "string":
            return "format" not in rules and offers.has(str, name)
        case _:
            return False


def _value(name: str, rules: Mapping[str, Any], offers: _Offers, depth: int) -> Any:
    if "const" in rules:
        return rules["const"]
    if is_array(options := rules.get("enum")) and options:
        return next((option for option in options if _named(option, offers.text)), options[0])
    for key in ("anyOf", "oneOf"):
        if is_array(choices := rules.get(key)) and choices and is_object(choices[0]):
            return _value(name, choices[0], offers, depth)
    kind = rules.get("type")
    kind = next((one for one in kind if one != "null"), "string") if is_array(kind) else kind
    match kind:
        case "integer" | "number":
            return _number(name, rules, offers, whole=kind == "integer")
        case "boolean":
            return _NOT.search(offers.text) is None
        case "array":
            items = rules.get("items")
            return [_value(name, items if is_object(items) else {}, offers, depth + 1)]
        case "object":
            return _object(rules, offers, depth + 1)
        case "null":
            return None
        case _:
            return _text(name, rules, offers)


def _named(option: object, text: str) -> bool:
    return re.search(rf"\b{re.escape(str(option))}\b", text, re.IGNORECASE) is not None


def _number(name: str, rules: Mapping[str, Any], offers: _Offers, *, whole: bool) -> int | float:
    found, given = offers.take(float, name), _given(rules)
    value = float(found or (given if isinstance(given, int | float) else rules.get("minimum", 1)))
    value = min(max(value, rules.get("minimum", value)), rules.get("maximum", value))
    return int(value) if whole or value == int(value) else value


def _text(name: str, rules: Mapping[str, Any], offers: _Offers) -> str:
    if rules.get("format") in _FORMATS:
        return _FORMATS[str(rules["format"])]
    if name.lower() in _WHOLE and not offers.quoted():
        return offers.text
    if (found := offers.take(str, name)) is not None:
        return found
    if (given := _given(rules)) is not None:
        return str(given)
    near = _PREPOSITION.search(offers.text)
    return name if near is None else near["words"]


def _given(rules: Mapping[str, Any]) -> Any:
    """What a schema itself offers: its default, or its first example."""
    examples = rules.get("examples")
    return rules.get("default", examples[0] if is_array(examples) and examples else None)
