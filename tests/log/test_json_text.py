"""Strings and members of a JSON text, by position."""

import json

import pytest
from hypothesis import given, strategies as st

from realtime_sdk.log.json_text import Member, members, pointer, strings, unquote
from tests.log.frames import json_objects


def found(text: bytes) -> list[tuple[str, str, bool]]:
    return [(pointer(span.path), unquote(text[span.start : span.end]), span.is_key) for span in strings(text)]


def values_of(value: object, path: str = "") -> list[tuple[str, str]]:
    match value:
        case str():
            return [(path, value)]
        case dict():
            children = [(str(key), child) for key, child in value.items()]
        case list():
            children = [(str(at), child) for at, child in enumerate(value)]
        case _:
            return []
    return [one for key, child in children for one in values_of(child, path + pointer((key,)))]


def test_each_string_comes_with_the_way_to_it() -> None:
    assert found(b'{"a": ["x", {"b/~": "y"}], "c" : {"d":1, "e":"z"}}') == [
        ("/a", "a", True),
        ("/a/0", "x", False),
        ("/a/1/b~1~0", "b/~", True),
        ("/a/1/b~1~0", "y", False),
        ("/c", "c", True),
        ("/c/d", "d", True),
        ("/c/e", "e", True),
        ("/c/e", "z", False),
    ]


def test_escaped_quotes_and_brackets_in_strings_are_text() -> None:
    assert found(rb'["a\"}]", "\\", "\u0065k"]') == [("/0", 'a"}]', False), ("/1", "\\", False), ("/2", "ek", False)]


def test_a_string_with_a_bad_escape_is_taken_as_it_stands() -> None:
    assert found(rb'["\q", "\u00"]') == [("/0", r"\q", False), ("/1", r"\u00", False)]


def test_what_comes_after_a_string_without_an_end_is_text() -> None:
    assert found(b'["a", "b, {"') == [("/0", "a", False), ("/1", "b, {", False)]
    assert found(b'["a", "b, {') == [("/0", "a", False)]
    assert found(b'["a' + b"\\") == []


def test_a_text_nested_too_deeply_is_left() -> None:
    assert found(b"[" * 200 + b'"a"') == [("/0" * 200, "a", False)]
    assert found(b"[" * 201 + b'"a"') == []


@given(json_objects, st.sampled_from([None, 1]), st.booleans())
def test_all_strings_of_any_object_are_found(value: dict[str, object], indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert [(path, string) for path, string, is_key in found(text) if not is_key] == values_of(json.loads(text))


@given(st.binary() | st.text(alphabet='{}[],:"\\a1 ').map(str.encode))
def test_any_bytes_can_be_searched_for_strings(text: bytes) -> None:
    for span in strings(text):
        assert text[span.start : span.start + 1] == text[span.end - 1 : span.end] == b'"'


def test_members_come_with_the_very_text_of_their_values() -> None:
    assert members(b' { "a" : {"b" :1.0} ,"c":"\\u0041"} ') == {
        "a": Member({"b": 1.0}, b'{"b" :1.0}'),
        "c": Member("A", b'"\\u0041"'),
    }
    assert members(b"{}") == members(b"{ }") == {}


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"{", b"[]", b"1", b'{"a":1', b'{"a":1}x', b'{"a":1,}', b'{"a" 1}', b"{a:1}", b'{1:"a"}', b'{"a":NaN}'),
        *(b'{"a":1,"a":1}', b'{"a":"\xff"}', b'{"a":' + b"[" * 100_000, b'{"a":"\n"}', b'{,"a":1}', b'{"a":1 "b":2}'),
    ],
)
def test_what_is_no_json_object_has_no_members(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        members(text)


@given(json_objects)
def test_members_agree_with_the_parser(value: dict[str, object]) -> None:
    text = json.dumps(value).encode()
    assert {key: member.value for key, member in members(text).items()} == value
    assert all(json.loads(member.raw) == member.value for member in members(text).values())
