"""A plan → the registry of a dialect (`__init__.py`) and the name lists of its public modules."""

from collections.abc import Iterable, Mapping

from codegen.dcg import HEADER
from codegen.normalise import Plan

__all__ = ["names_of", "registry_files", "table"]


def registry_files(plan: Plan, stamp: str) -> dict[str, str]:
    """File name → source, unformatted; `stamp` names the spec that the classes were made from."""
    events = {*plan.client.values(), *plan.server.values()}
    unknown = plan.unknown_members()
    models = sorted(set(plan.shapes) - events)
    return {
        "__init__.py": _registry(plan, stamp),
        "client_events.py": names_of(plan.dialect, "client events", {"models": sorted(plan.client.values())}),
        "server_events.py": names_of(plan.dialect, "server events", {"models": sorted(plan.server.values())}),
        "types.py": names_of(
            plan.dialect, "models and unions", {"models": models, "realtime_sdk.protocol.unknown": unknown}
        ),
    }


def _registry(plan: Plan, stamp: str) -> str:
    lines = [
        HEADER,
        f'"""The {plan.dialect} dialect: wire type → class, both ways, and the stamp of its spec."""',
        "",
        "from collections.abc import Mapping",
        "from typing import TypeAlias",
        "",
        f"from realtime_sdk.protocol._generated.{plan.dialect} import models",
        "from realtime_sdk.protocol.wire import ClientEventBase, ServerEventBase",
        "",
        '__all__ = ["CLIENT_EVENTS", "SERVER_EVENTS", "SPEC", "ClientEvent", "ServerEvent"]',
        "",
        f'SPEC = "{stamp}"',
        "",
        *table("SERVER_EVENTS", "ServerEventBase", plan.server),
        *table("CLIENT_EVENTS", "ClientEventBase", plan.client),
        *_union("ServerEvent", plan.server.values()),
        *_union("ClientEvent", plan.client.values()),
    ]
    return "\n".join(lines) + "\n"


def table(name: str, base: str, events: Mapping[str, str]) -> list[str]:
    """The lines of a table from wire types to classes."""
    rows = [f'    "{wire_type}": models.{cls},' for wire_type, cls in events.items()]
    return [f"{name}: Mapping[str, type[{base}]] = {{", *rows, "}", ""]


def _union(name: str, classes: Iterable[str]) -> list[str]:
    return [f"{name}: TypeAlias = (", "    " + "\n    | ".join(f"models.{each}" for each in sorted(classes)), ")", ""]


def names_of(dialect: str, what: str, sources: Mapping[str, list[str]]) -> str:
    """A module that gives names out of others: module → names, a bare module being one of the dialect."""
    lines = [HEADER, f'"""The {what} of the {dialect} dialect, by name."""', ""]
    for module, names in sources.items():
        path = module if "." in module else f"realtime_sdk.protocol._generated.{dialect}.{module}"
        if names:
            lines += [f"from {path} import (", *(f"    {name}," for name in names), ")"]
    every = sorted(name for names in sources.values() for name in names)
    return "\n".join([*lines, "", "__all__ = [", *(f'    "{name}",' for name in every), "]"]) + "\n"
