"""The short way from a frame to an event: parsed, told by its type and validated in one pass of pydantic-core.

The long way (JSON → dict → class by name → validation, in `codec`) makes a Python object of everything
first, and its steps are Python calls; for a small event the pass itself costs less than those. The rule:
where the short way gives an event, it is the one that the long way would give. For everything unusual,
an unknown type, a body that does not fit, a frame that is no JSON, it raises, and the long way finds out.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, TypeAlias, Union

from pydantic import ConfigDict, Discriminator, TypeAdapter

from realtime_sdk.protocol.wire import WireModel

__all__ = ["Pass", "one_pass"]

Pass: TypeAlias = Callable[[bytes | str], WireModel]

_CONFIG: Final = ConfigDict(cache_strings="keys")
"""Values are mostly ids: looking for each in the parser's cache of strings costs more than it finds."""


def one_pass(classes: Mapping[str, type[WireModel]]) -> Pass:
    """A function from a frame to the event of one of these classes; it raises ValueError for any other frame."""
    if len(classes) < 2:
        return _no_pass
    union: Any = Union[tuple(classes.values())]  # noqa: UP007 - made at run time
    told_by_type: Any = Annotated[union, Discriminator("type")]
    return TypeAdapter[WireModel](told_by_type, config=_CONFIG).validator.validate_json


def _no_pass(frame: bytes | str) -> WireModel:
    raise ValueError("there is nothing to choose from")
