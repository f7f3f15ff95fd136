"""Recorded sessions, read frame by frame with the classes of their dialect: no stranger, no loss."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from realtime_sdk.protocol.codec import decode, encode
from realtime_sdk.protocol.registries import Registry
from realtime_sdk.protocol.unknown import UnknownEvent
from realtime_sdk.protocol.wire import WireModel
from tests.protocol.spoken import registry_of, strangers

OWN = {"ga": "ga", "azure": "ga", "beta": "beta"}
FOREIGN = {"voicelive": "beta", "xai": "ga"}


def recorded(folder: Path, *kinds: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Kind, sender and object of every frame in the recordings of these kinds."""
    for kind in kinds:
        for path in sorted(folder.glob(f"{kind}-*.jsonl")):
            for line in path.read_text().splitlines():
                record = json.loads(line)
                yield kind, record["sender"], record["event"]


def extras(value: Any, path: str) -> Iterator[str]:
    """The fields of an event that its classes do not name."""
    if isinstance(value, WireModel):
        yield from (f"{path}.{name}" for name in value.model_extra or ())
        for name in value.model_fields_set & type(value).model_fields.keys():
            yield from extras(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from extras(inner, f"{path}[]")


@pytest.mark.parametrize("indent", [None, 1])
def test_every_frame_decodes_to_its_own_class_and_encodes_to_the_same_value(
    shared_logs: Path, indent: int | None
) -> None:
    count = 0
    for kind, sender, obj in recorded(shared_logs, *OWN):
        registry: Registry = registry_of(OWN[kind])
        event = decode(json.dumps(obj, indent=indent).encode(), registry=registry, sender=sender)
        assert type(event) is registry.classes[sender][obj["type"]]
        assert list(strangers(event)) == []
        assert json.loads(encode(event)) == obj
        count += 1
    assert count > 500


def test_the_spec_names_every_field_that_was_recorded(shared_logs: Path) -> None:
    found: set[str] = set()
    for kind, sender, obj in recorded(shared_logs, *OWN):
        event = decode(json.dumps(obj), registry=registry_of(OWN[kind]), sender=sender)
        found.update(extras(event, type(event).__name__))
    assert found == set()


def test_foreign_dialects_go_through_without_an_exception_or_a_loss(shared_logs: Path) -> None:
    known = unknown = 0
    for kind, sender, obj in recorded(shared_logs, *FOREIGN):
        event = decode(json.dumps(obj), registry=registry_of(FOREIGN[kind]), sender=sender)
        assert json.loads(encode(event)) == obj
        unknown += isinstance(event, UnknownEvent)
        known += not isinstance(event, UnknownEvent)
    assert known > unknown > 0
