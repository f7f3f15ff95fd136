"""The generated example frames: minimal and full ones decode to their class, broken ones to an UnknownEvent."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import to_json

from realtime_sdk.protocol.codec import decode, encode
from realtime_sdk.protocol.unknown import UnknownEvent
from tests.protocol.spoken import DIALECTS, SIDES, registry_of, strangers

FOLDER = Path(__file__).with_name("examples")


def examples() -> Iterator[Any]:
    for dialect in DIALECTS:
        sides = json.loads((FOLDER / f"{dialect}.json").read_text())
        for side in SIDES:
            for wire_type, found in sides[side].items():
                yield pytest.param(dialect, side, wire_type, found, id=f"{dialect}-{side}-{wire_type}")


@pytest.mark.parametrize(("dialect", "side", "wire_type", "found"), list(examples()))
def test_an_example_is_read_as_it_says(dialect: str, side: str, wire_type: str, found: dict[str, Any]) -> None:
    registry = registry_of(dialect)
    for obj in (found["minimal"], found["full"]):
        event = decode(to_json(obj), registry=registry, sender=side)
        assert type(event) is registry.classes[side][wire_type]
        assert list(strangers(event)) == []
        assert json.loads(encode(event)) == obj
    for why, obj in found["broken"].items():
        event = decode(to_json(obj), registry=registry, sender=side)
        assert isinstance(event, UnknownEvent), why
        assert (event.type, event.raw) == (wire_type, obj)
        assert why.split(" ")[0] in event.why


def test_every_event_has_examples() -> None:
    for dialect in DIALECTS:
        sides = json.loads((FOLDER / f"{dialect}.json").read_text())
        assert {side: set(sides[side]) for side in SIDES} == {
            side: set(registry_of(dialect).classes[side]) for side in SIDES
        }
