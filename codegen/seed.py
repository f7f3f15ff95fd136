"""`spec/seed-2024-10.json` → the models and events of the 2024 reference, with its defaults and as strict as it was.

The other dialects go through datamodel-code-generator with open enums and without defaults, because they read what
servers send. These are written by people, against a reference that states defaults and what is required: so each
fact becomes one line here, and parity holds by construction.
"""

import json
from collections.abc import Mapping
from typing import Any

from codegen.dcg import HEADER
from codegen.registry import names_of, table
from realtime_sdk.protocol.json_values import is_object

__all__ = ["seed_files"]

Facts = Mapping[str, Any]

SCALARS: Mapping[str, str] = {
    "integer": "int",
    "null": "None",
    "number": "float",
    "object": "dict[str, Any]",
    "string": "str",
}
ABOUT = '"""What the 2024 reference is made of: models and events, with its defaults."""'


def seed_files(facts: Facts, descriptions: Mapping[str, str], stamp: str) -> dict[str, str]:
    """File name → source, unformatted."""
    client, server = sorted(facts["client"].values()), sorted(facts["server"].values())
    models = sorted(facts["schemas"].keys() - {*client, *server})
    return {
        "__init__.py": _registry(facts, stamp),
        "models.py": _models(facts["schemas"], descriptions),
        "client_events.py": names_of("seed", "client events", {"models": client}),
        "server_events.py": names_of("seed", "server events", {"models": server}),
        "types.py": names_of("seed", "models and unions", {"models": models}),
    }


def _registry(facts: Facts, stamp: str) -> str:
    lines = [
        HEADER,
        '"""The events of the 2024 reference: wire type → class, both ways, and the stamp of the facts."""',
        "",
        "from collections.abc import Mapping",
        "",
        "from realtime_sdk.protocol._generated.seed import models",
        "",
        '__all__ = ["CLIENT_EVENTS", "SERVER_EVENTS", "SPEC"]',
        "",
        f'SPEC = "{stamp}"',
        "",
        *table("SERVER_EVENTS", "models.ServerEvent", facts["server"]),
        *table("CLIENT_EVENTS", "models.ClientEvent", facts["client"]),
    ]
    return "\n".join(lines) + "\n"


def _models(schemas: Facts, descriptions: Mapping[str, str]) -> str:
    head = [
        HEADER,
        "# pyright: reportIncompatibleVariableOverride=false",
        ABOUT,
        "",
        "from typing import Any, Literal",
        "",
        "from pydantic import Field",
        "from typing_extensions import TypeAliasType",
        "",
        "from realtime_sdk.protocol.seed_base import SeedModel",
        "",
    ]
    bodies = [line for name, schema in schemas.items() for line in _definition(name, schema, descriptions)]
    return "\n".join([*head, *bodies]) + "\n"


def _definition(name: str, schema: Facts, descriptions: Mapping[str, str]) -> list[str]:
    if "properties" not in schema:
        return [f'{name} = TypeAliasType("{name}", {_type(schema)})', ""]
    fields = [_field(key, inner, required=key in schema["required"]) for key, inner in schema["properties"].items()]
    head = f"class {name}({schema.get('base', 'SeedModel')}):"
    return [head, f'    """{descriptions[name]}"""', "", *fields, ""]


def _field(name: str, schema: Facts, *, required: bool) -> str:
    declared = f"    {name}: {_type(schema)}"
    return declared if required else f"{declared} = {_default(schema)}"


def _default(schema: Facts) -> str:
    value = schema["default"]
    if is_object(value):
        arguments = ", ".join(f"{key}={each!r}" for key, each in value.items())
        return f"Field(default_factory=lambda: {_type(schema['anyOf'][0])}({arguments}))"
    if isinstance(value, list):
        return (
            f"Field(default_factory=lambda: {json.dumps(value)})"
            if value
            else f"Field(default_factory={_type(schema)})"
        )
    return repr(value)


def _type(schema: Facts) -> str:
    match schema:
        case {"$ref": name}:
            return str(name)
        case {"anyOf": members}:
            return " | ".join(map(_type, members))
        case {"enum": values}:
            return f"Literal[{', '.join(map(json.dumps, values))}]"
        case {"type": "array", "items": item}:
            return f"list[{_type(item)}]"
        case _:
            return SCALARS[schema["type"]]
