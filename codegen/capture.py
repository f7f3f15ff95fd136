"""An OpenAPI document → `spec/ga.json` and `spec/translation.json`: the realtime closure, facts only.

Which schemas are roots, and which must never be reached, stands in the tables below. Writing files
and comparing them with the earlier capture is `pinned`'s work.
"""

import re
from collections.abc import Mapping
from typing import Any

from codegen.facts import CaptureError, array_at, facts_of, object_at, schema_closure
from realtime_sdk.protocol.json_values import is_object

__all__ = ["EXCLUDED", "ROOTS", "capture_openapi"]

ROOTS: Mapping[str, Mapping[str, Any]] = {
    "ga": {
        "client": "RealtimeClientEvent",
        "server": "RealtimeServerEvent",
        "bodies": [
            "RealtimeCallCreateRequest",
            "RealtimeCallReferRequest",
            "RealtimeCallRejectRequest",
            "RealtimeCreateClientSecretRequest",
            "RealtimeCreateClientSecretResponse",
            "WebhookRealtimeCallIncoming",
        ],
    },
    "translation": {
        "client": "RealtimeTranslationClientEvent",
        "server": "RealtimeTranslationServerEvent",
        "bodies": [
            "RealtimeTranslationClientSecretCreateRequest",
            "RealtimeTranslationClientSecretCreateResponse",
        ],
    },
}

EXCLUDED = (
    (re.compile(r"RealtimeBeta"), "these schemas are not the beta wire dialect; that is captured with --beta"),
    (re.compile(r"Realtime(Transcription)?Session(Create(Request|Response))?$"), "the sessions before GA"),
    (re.compile(r"Realtime(Client|Server)EventTranscriptionSession"), "transcription_session.* is legacy"),
)


def capture_openapi(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The spec of each dialect in the document. Deterministic: schemas sorted, properties in upstream order."""
    components = object_at(document.get("components", {}), "components")
    schemas = object_at(components.get("schemas", {}), "components/schemas")
    return {dialect: _dialect(dialect, schemas) for dialect in ROOTS}


def _dialect(dialect: str, schemas: Mapping[str, Any]) -> dict[str, Any]:
    roots = ROOTS[dialect]
    names = [roots["client"], roots["server"], *roots["bodies"]]
    if absent := [name for name in names if name not in schemas]:
        raise CaptureError(f"the document has no schema {', '.join(absent)}")
    closure = _closure(schemas, names)
    for name in closure:
        _refuse_excluded(name)
    return {
        "dialect": dialect,
        "client": _members(closure, roots["client"]),
        "server": _members(closure, roots["server"]),
        "bodies": list(roots["bodies"]),
        "schemas": {name: closure[name] for name in closure if name not in (roots["client"], roots["server"])},
    }


def _closure(schemas: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    """Only what is reached is read, so that a strange schema elsewhere in the document stops nobody."""

    def read(name: str) -> dict[str, Any]:
        if name not in schemas:
            raise CaptureError(f"the document refers to {name}, which it does not have")
        return object_at(facts_of(schemas[name], at=name), name)

    return schema_closure(read, names)


def _members(closure: Mapping[str, Any], name: str) -> list[str]:
    members = array_at(closure[name].get("anyOf") or closure[name].get("oneOf"), f"{name}/anyOf")
    if strange := [member for member in members if not is_object(member) or "$ref" not in member]:
        raise CaptureError(f"{name} has to be a union of references; it holds {strange[0]!r:.60}")
    return sorted(member["$ref"] for member in members)


def _refuse_excluded(name: str) -> None:
    for pattern, why in EXCLUDED:
        if pattern.match(name):
            raise CaptureError(f"the closure reaches {name}, which is excluded: {why}")
