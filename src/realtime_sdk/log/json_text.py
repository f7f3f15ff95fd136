"""Where things stand in a JSON text: strings and members by position. Pure, and never changes a byte.

The log must touch a secret or cut out a frame and leave all other bytes as they came; a parser that returns
objects has lost them. `strings` is tolerant (any bytes, never raises), `members` is exact (raises ValueError).
"""

import json
import re
from collections.abc import Iterator
from typing import Final, NamedTuple, NoReturn, TypeAlias

__all__ = ["JsonPath", "Member", "StringSpan", "members", "pointer", "strings", "unquote"]

JsonPath: TypeAlias = tuple[str | int, ...]

# A string that never ends is one token, up to the end of the text: so no byte is looked at twice.
_TOKEN: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?P<end>"?)|[{}\[\],]', re.DOTALL)
_DEEPEST: Final = 200  # as deep as the parser reads, so that a path is short
_BLANK: Final = re.compile(r"[ \t\n\r]*")


class StringSpan(NamedTuple):
    """A string in a JSON text: `text[start:end]`, quotes included."""

    path: JsonPath
    """The way to it: keys and indexes. For a key: the way to its value."""
    start: int
    end: int
    is_key: bool


class Member(NamedTuple):
    """A member of the outermost object: its value, and the text of the value."""

    value: object
    raw: bytes


def pointer(path: JsonPath) -> str:
    """The JSON pointer (RFC 6901) of a path; `""` for the empty one."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def unquote(token: bytes) -> str:
    """The text of a JSON string. Bytes that are no UTF-8 become lone surrogates; bad escapes stay as they stand."""
    text = token.decode("utf-8", "surrogateescape")
    if "\\" not in text:
        return text[1:-1]
    try:
        return str(json.loads(text, strict=False))
    except ValueError:
        return text[1:-1]


class _Level:
    """An object or array that is open. `step` is the key or index that a value would stand under now."""

    __slots__ = ("is_object", "step")

    def __init__(self, *, is_object: bool) -> None:
        self.is_object = is_object
        self.step: str | int | None = None if is_object else 0

    def next(self) -> None:
        self.step = self.step + 1 if isinstance(self.step, int) else None


def strings(text: bytes) -> Iterator[StringSpan]:
    """All strings of a JSON text, keys too, in order. Of other bytes: what looks like strings.

    Ends early where the text is nested deeper than 200 levels, which no parser of this package reads.
    """
    levels: list[_Level] = []
    for match in _TOKEN.finditer(text):
        mark = match[0][:1]
        if len(levels) > _DEEPEST:
            return
        if match["end"]:
            yield _string(levels, match)
        elif mark in b"{[":
            levels.append(_Level(is_object=mark == b"{"))
        elif levels and mark == b",":
            levels[-1].next()
        elif levels:
            levels.pop()


def _string(levels: list[_Level], match: re.Match[bytes]) -> StringSpan:
    is_key = bool(levels) and levels[-1].step is None
    if is_key:
        levels[-1].step = unquote(match[0])
    path = tuple(level.step for level in levels if level.step is not None)
    return StringSpan(path, match.start(), match.end(), is_key)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse)


def members(text: bytes) -> dict[str, Member]:
    """The members of a JSON object, each with the very text of its value.

    ValueError if the text is not one JSON object in UTF-8, or names a member twice.
    """
    try:
        return _members(text.decode())
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _members(text: str) -> dict[str, Member]:
    found: dict[str, Member] = {}
    at = _expect("{", text, _after_blanks(text, 0))
    if text[at : at + 1] != "}":
        at = _member(found, text, at)
        while text[at : at + 1] == ",":
            at = _member(found, text, _after_blanks(text, at + 1))
    if _expect("}", text, at) != len(text):
        raise ValueError("something stands after the object")
    return found


def _member(found: dict[str, Member], text: str, at: int) -> int:
    """Read the member that begins here, and say where the next mark stands."""
    key, at = _DECODER.raw_decode(text, at)
    start = _expect(":", text, _after_blanks(text, at))
    value, at = _DECODER.raw_decode(text, start)
    if not isinstance(key, str) or key in found:
        raise ValueError("a key is no string, or stands twice")
    found[key] = Member(value, text[start:at].encode())
    return _after_blanks(text, at)


def _after_blanks(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at


def _expect(mark: str, text: str, at: int) -> int:
    """Where things go on after this mark and blanks."""
    if text[at : at + 1] != mark:
        raise ValueError(f"{mark!r} expected at character {at}")
    return _after_blanks(text, at + 1)
