"""Faults as JSON has them: in a script's `faults`, on the command line, or from a test in another language. Pure.

A fault is an object with a `kind` and the fields of `WireFault`; one that names no frames, of a kind that can happen
at once (`expire`, `close`, `error`, `rate_limit`, `fail`), happens at once.
"""

import json
from dataclasses import fields
from typing import Any, Final, get_args

from realtime_sdk.errors import ScenarioError
from realtime_sdk.protocol.json_values import is_array, is_object
from realtime_sdk.simulator.brain.happenings import Fault
from realtime_sdk.simulator.faults import Side, Trouble, WireFault

__all__ = ["parse_faults", "read_fault", "read_faults"]

_AT_ONCE: Final = ("expire", "close", "error", "rate_limit", "fail")
_OF_A_FAULT: Final = ("kind", "code", "message", "close_code")
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "kind": (str,),
    "on": (str,),
    "sender": (str,),
    "nth": (int,),
    "times": (int,),
    "chance": (int, float),
    "delay_ms": (int,),
    "jitter_ms": (int,),
    "copies": (int,),
    "size": (int,),
    "text": (str,),
    "code": (str,),
    "message": (str,),
    "close_code": (int,),
}


def parse_faults(text: str | bytes) -> tuple[Trouble, ...]:
    """The faults in a JSON text: an object, or a list of them. ScenarioError for what is none."""
    try:
        value: object = json.loads(text)
    except ValueError as broken:
        raise ScenarioError(f"faults are JSON: {broken}") from None
    return read_faults(value)


def read_faults(value: object, where: str = "faults") -> tuple[Trouble, ...]:
    """The faults that JSON describes: an object, or a list of them. ScenarioError for what is none, with the place."""
    if is_array(value):
        return tuple(read_fault(one, f"{where}[{place}]") for place, one in enumerate(value))
    return (read_fault(value, where),)


def read_fault(value: object, where: str = "fault") -> Trouble:
    """The fault that a JSON object describes. ScenarioError for what is none, with the place."""
    if not is_object(value):
        raise ScenarioError(f"{where} is not an object")
    given: dict[str, Any] = value
    known = [one.name for one in fields(WireFault)]
    for name, field in given.items():
        if name not in known:
            raise ScenarioError(f"{where} has no field {name!r}; it may have {', '.join(known)}")
        if not isinstance(field, _TYPES[name]) or isinstance(field, bool):
            raise ScenarioError(f"{where}.{name} is not {'a text' if _TYPES[name] == (str,) else 'a number'}")
    if "kind" not in given:
        raise ScenarioError(f"{where} needs a kind")
    if given.get("sender", "server") not in get_args(Side):
        raise ScenarioError(f"{where}.sender is 'server' or 'client'")
    return _made(given, where)


def _made(given: dict[str, Any], where: str) -> Trouble:
    if given["kind"] in _AT_ONCE and given.keys() <= set(_OF_A_FAULT):
        return Fault(**given)
    try:
        return WireFault(**given)
    except ScenarioError as wrong:
        raise ScenarioError(f"{where}: {wrong}") from None
