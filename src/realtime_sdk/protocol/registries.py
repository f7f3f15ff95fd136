"""The dialects' tables of events, each loaded when it is first asked for.

`GA`, `BETA` and `TRANSLATION` are `Registry` values: wire type → class, for what the server and what
the client says. A dialect that nobody names is never imported.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

from realtime_sdk.protocol.local import LOCAL_EVENTS
from realtime_sdk.protocol.one_pass import Pass, one_pass
from realtime_sdk.protocol.sound_apart import sound_apart
from realtime_sdk.protocol.wire import ClientEventBase, ServerEventBase, WireModel

__all__ = ["BETA", "GA", "TRANSLATION", "Registry"]


@dataclass(frozen=True)
class Registry:
    """What a dialect can say. `spec` stamps the captured protocol that the classes were made from."""

    dialect: str
    server: Mapping[str, type[ServerEventBase]]
    client: Mapping[str, type[ClientEventBase]]
    spec: str

    @cached_property
    def classes(self) -> Mapping[str, Mapping[str, type[WireModel]]]:
        """Wire type → class, by sender."""
        return {"server": self.server, "client": self.client, "local": LOCAL_EVENTS}

    @cached_property
    def passes(self) -> Mapping[str, Pass]:
        """The short way from a frame to an event, by sender."""
        return {sender: one_pass(classes) for sender, classes in self.classes.items()}

    @cached_property
    def long_passes(self) -> Mapping[str, Pass]:
        """The same for frames of `LONG_BYTES` and more: a server's may be sound."""
        return {**self.passes, "server": sound_apart(self.passes["server"], self.server)}


GA: Registry
BETA: Registry
TRANSLATION: Registry


def __getattr__(name: str) -> Any:
    if name not in {"GA", "BETA", "TRANSLATION"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    dialect = name.lower()
    tables = import_module(f"realtime_sdk.protocol._generated.{dialect}")
    globals()[name] = registry = Registry(dialect, tables.SERVER_EVENTS, tables.CLIENT_EVENTS, tables.SPEC)
    return registry
