"""JSON as Python has it: the questions type checkers understand, and the one value JSON cannot say."""

from math import isfinite
from typing import Annotated, Any, TypeAlias, TypeGuard

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

__all__ = ["JsonObject", "JsonValue", "is_array", "is_object", "sayable"]


class _Sayable:
    """Refuses NaN and Infinity, which the parser of pydantic-core takes and JSON does not have."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, schema_of: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(sayable)


JsonValue: TypeAlias = Annotated[Any, _Sayable]
JsonObject: TypeAlias = dict[str, JsonValue]


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether a JSON value is an object."""
    return isinstance(value, dict)


def is_array(value: Any) -> TypeGuard[list[Any]]:
    """Whether a JSON value is an array."""
    return isinstance(value, list)


def sayable(value: Any) -> Any:
    """The value itself; `ValueError` if there is a NaN or an Infinity in it."""
    if isinstance(value, float) and not isfinite(value):
        raise ValueError("JSON has no NaN and no Infinity")
    inside = value.values() if is_object(value) else value if is_array(value) else ()
    for inner in inside:
        sayable(inner)
    return value
