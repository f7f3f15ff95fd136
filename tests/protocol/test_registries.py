"""The tables of the dialects: complete, lazy, and named after the wire."""

import subprocess
import sys
from typing import Any

import pytest

from codegen.names import pascal
from realtime_sdk.protocol import beta, client_events, models, registries, server_events, translation
from realtime_sdk.protocol.local import LOCAL_EVENTS
from realtime_sdk.protocol.wire import ClientEventBase, ServerEventBase
from tests.protocol.spoken import DIALECTS, registry_of

PUBLIC: dict[str, tuple[Any, Any, Any]] = {
    "ga": (server_events, client_events, models),
    "beta": (beta.server_events, beta.client_events, beta.models),
    "translation": (translation.server_events, translation.client_events, translation.models),
}
COUNTS = {"ga": (46, 11), "translation": (7, 3), "beta": (34, 12)}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_event_of_a_dialect_is_there_under_its_wire_type(dialect: str) -> None:
    registry = registry_of(dialect)
    assert (len(registry.server), len(registry.client)) == COUNTS[dialect]
    for table, base in ((registry.server, ServerEventBase), (registry.client, ClientEventBase)):
        for wire_type, cls in table.items():
            assert cls.__name__ == ("ErrorEvent" if wire_type == "error" else pascal(wire_type))
            assert cls.model_fields["type"].default == wire_type
            assert issubclass(cls, base)


def test_each_dialect_has_a_stamp_of_its_own() -> None:
    assert len({registry_of(dialect).spec for dialect in DIALECTS}) == len(DIALECTS)
    assert all(len(registry_of(dialect).spec) == 12 for dialect in DIALECTS)


def test_the_public_modules_hold_the_classes_of_the_registry_and_nothing_else() -> None:
    for dialect, (server, client, rest) in PUBLIC.items():
        registry = registry_of(dialect)
        assert {getattr(server, name) for name in server.__all__} == set(registry.server.values())
        assert {getattr(client, name) for name in client.__all__} == set(registry.client.values())
        assert all(hasattr(rest, name) for name in rest.__all__)
        assert not set(rest.__all__) & {*server.__all__, *client.__all__}


def test_every_registry_reads_local_events() -> None:
    assert all(registry_of(dialect).classes["local"] is LOCAL_EVENTS for dialect in DIALECTS)


def test_a_dialect_that_nobody_names_is_not_imported() -> None:
    asked = "import sys, realtime_sdk.protocol.codec as c; c.decode(b'{}'); print(*sorted(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    loaded = {name for name in ran.stdout.split() if name.startswith("realtime_sdk.protocol._generated.")}
    assert loaded == {"realtime_sdk.protocol._generated.ga", "realtime_sdk.protocol._generated.ga.models"}


def test_there_is_no_other_dialect() -> None:
    with pytest.raises(AttributeError, match="VOICELIVE"):
        _ = registries.VOICELIVE
