"""JSON as Python has it."""

from typing import Any

import pytest
from hypothesis import given

from realtime_sdk.protocol.json_values import is_array, is_object, sayable
from tests.protocol.spoken import json_values


@given(json_values)
def test_whatever_json_can_say_comes_back_itself(value: Any) -> None:
    assert sayable(value) is value


@pytest.mark.parametrize("word", ["nan", "inf", "-inf"])
@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: [1, x], lambda x: {"a": [{"b": x}]}])
def test_nan_and_infinity_are_refused_at_any_depth(word: str, wrap: Any) -> None:
    with pytest.raises(ValueError, match="no NaN"):
        sayable(wrap(float(word)))


def test_objects_and_arrays_are_told_apart() -> None:
    assert (is_object({}), is_object([]), is_array([]), is_array("x")) == (True, False, True, False)
