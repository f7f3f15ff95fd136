"""The base of everything that is said on the wire.

Here: how a message keeps what it was given, and how strictly it is built by hand. No message is
named here (`_generated` does that) and no frame is read here (`codec` does). Two ways lead to a
message and they stay apart: `model_validate` takes what came from the wire, lenient and unchanged,
so that it goes back as it came; calling the class is writing it yourself, and a slip is an error.
"""

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from realtime_sdk.errors import LocalProtocolError
from realtime_sdk.protocol.json_values import JsonValue, is_array, is_object
from realtime_sdk.protocol.unknown import Unknown

__all__ = ["ClientEventBase", "LocalEventBase", "ServerEventBase", "WireModel", "literal_tags"]

_T = TypeVar("_T", bound="WireModel")
Path: TypeAlias = tuple[str | int, ...]


if TYPE_CHECKING:
    _Written = BaseModel
else:

    class _StrictWhenWritten(type(BaseModel)):
        def __call__(cls, /, **fields: Any) -> Any:
            return _write(cls, fields, super().__call__)

    class _Written(BaseModel, metaclass=_StrictWhenWritten):
        """A model whose call is `_write`; type checkers see the plain one, with its fields as keywords."""


class WireModel(_Written):
    """A message, or a part of one: frozen, unknown fields kept, no value coerced into another type.

    Built by keyword it refuses unknown names with `LocalProtocolError`. Fields that were not given
    stay absent on the wire; a field given as None is sent as null.
    """

    if not TYPE_CHECKING:
        __pydantic_extra__: dict[str, JsonValue]  # pydantic reads it; for type checkers the base says it

    model_config = ConfigDict(
        extra="allow",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        protected_namespaces=(),
        cache_strings="keys",
    )


class ServerEventBase(WireModel):
    """What a server says."""


class ClientEventBase(WireModel):
    """What a client says."""


class LocalEventBase(WireModel):
    """What neither side says but the state needs to know."""


@cache
def literal_tags(model: type[WireModel]) -> frozenset[str]:
    """Names of the fields that can hold one literal only, and hold it without being given (`type`, `role`)."""
    return frozenset(
        name
        for name, field in model.model_fields.items()
        if get_origin(field.annotation) is Literal and get_args(field.annotation) == (field.default,)
    )


def _write(model: type[_T], fields: dict[str, Any], build: Callable[..., _T]) -> _T:
    """A message as somebody writes it: unknown names, wrong values and slips inside dicts are errors."""
    for name in fields:
        if name not in model.model_fields:
            raise _slip(model, (name,), f"no such field{_nearest(name, model)}")
    try:
        made = build(**fields)
    except ValidationError as invalid:
        raise _slip(model, *_complaint(invalid)) from None
    if not issubclass(model, ServerEventBase | LocalEventBase):
        for name, given in fields.items():
            for path, complaint in _slips(given, getattr(made, name), (name,)):
                raise _slip(model, path, complaint)
    made.__pydantic_fields_set__.update(literal_tags(model))
    return made


def _slip(model: type[WireModel], path: Path, complaint: str) -> LocalProtocolError:
    where = ".".join(map(str, path))
    return LocalProtocolError(f"{'.'.join([model.__name__, *map(str, path)])}: {complaint}", field=where or None)


def _complaint(invalid: ValidationError) -> tuple[Path, str]:
    """Where and what the slip is: the one that no member of a union could take, else the first."""
    errors = invalid.errors(include_url=False, include_context=False)
    worst = next((error for error in errors if error["type"] == "value_error"), errors[0])
    loc = worst["loc"]
    steps = [(step, f"{step} {before}") for before, step in zip(("", *loc), loc, strict=False)]
    path = tuple(step for step, words in steps if "[" not in words)  # pydantic names unions, and then the member
    return path, worst["msg"].removeprefix("Value error, ")


def _slips(given: Any, made: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """What is wrong in a value written as dicts and lists; instances were checked when they were made."""
    if isinstance(given, WireModel | Unknown):
        return
    if isinstance(made, Unknown):
        yield path, made.why
    elif isinstance(made, WireModel):
        for name in made.model_extra or ():
            yield (*path, name), f"{type(made).__name__} has no such field{_nearest(name, type(made))}"
        for name in made.model_fields_set & type(made).model_fields.keys():
            yield from _slips(given[name], getattr(made, name), (*path, name))
    elif is_array(made):
        for index, (before, after) in enumerate(zip(given, made, strict=True)):
            yield from _slips(before, after, (*path, index))
    elif is_object(made):
        for name in made:
            yield from _slips(given[name], made[name], (*path, name))


def _nearest(name: str, model: type[BaseModel]) -> str:
    near = get_close_matches(name, model.model_fields, n=1)
    return f"; nearest is {near[0]!r}" if near else f"; it has {', '.join(model.model_fields)}"
