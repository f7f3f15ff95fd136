"""JSON objects as values: places that are looked into and copies that are changed."""

from realtime_sdk.dialects.objects import free, moved, take, type_of, with_value, without


def test_null_is_a_value_and_a_missing_key_is_none() -> None:
    assert take({"a": {"b": None}}, ("a", "b")) == (None,)
    assert take({"a": {}}, ("a", "b")) == ()
    assert take({"a": 5}, ("a", "b")) == ()


def test_a_place_is_free_when_nothing_is_there_and_nothing_stands_in_the_way() -> None:
    assert free({}, ("a", "b"))
    assert free({"a": {}}, ("a", "b"))
    assert not free({"a": {"b": None}}, ("a", "b"))
    assert not free({"a": 5}, ("a", "b"))


def test_a_changed_copy_shares_what_was_not_touched() -> None:
    obj: dict[str, object] = {"a": {"b": 1}, "c": {"d": 2}}
    changed = with_value(obj, ("a", "x"), 3)
    assert changed == {"a": {"b": 1, "x": 3}, "c": {"d": 2}}
    assert changed["c"] is obj["c"]
    assert obj == {"a": {"b": 1}, "c": {"d": 2}}


def test_objects_left_empty_by_taking_something_out_go_as_well() -> None:
    assert without({"a": {"b": {"c": 1}}, "d": 2}, ("a", "b", "c")) == {"d": 2}
    assert without({"a": {"b": {"c": 1}, "x": {}}}, ("a", "b", "c")) == {"a": {"x": {}}}


def test_a_move_that_cannot_be_made_gives_the_object_itself() -> None:
    obj: dict[str, object] = {"a": 1, "b": 2}
    assert moved(obj, ("a",), ("b",), lambda value: (value,)) is obj
    assert moved(obj, ("a",), ("c",), lambda _: ()) is obj
    assert moved(obj, ("z",), ("c",), lambda value: (value,)) is obj


def test_a_type_that_is_no_string_is_no_type() -> None:
    assert [type_of(value) for value in ({"type": "x"}, {"type": ["x"]}, {}, None, [{"type": "x"}])] == ["x"] + [""] * 4
