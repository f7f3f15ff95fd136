"""The dialects' tables of events, each loaded when it is first asked for.

`GA`, `BETA` and `TRANSLATION` are `Registry` values: wire type → class, for what the server and what
the client says. A dialect that nobody names is never imported.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from realtime_sdk.protocol.wire import ClientEventBase, ServerEventBase

__all__ = ["BETA", "GA", "TRANSLATION", "Registry"]


@dataclass(frozen=True)
class Registry:
    """What a dialect can say. `spec` stamps the captured protocol that the classes were made from."""

    dialect: str
    server: Mapping[str, type[ServerEventBase]]
    client: Mapping[str, type[ClientEventBase]]
    spec: str


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
