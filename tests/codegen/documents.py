"""A small OpenAPI document with everything that captures meet, prose included."""

from copy import deepcopy
from typing import Any

__all__ = ["document", "with_change"]


def _event(wire_type: str, **fields: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "description": f"Somebody's sentence about {wire_type}.",
        "x-oaiMeta": {"example": "{}"},
        "properties": {
            "event_id": {"type": "string", "maxLength": 512, "description": "An id."},
            "type": {"type": "string", "enum": [wire_type], "x-stainless-const": True},
            **fields,
        },
        "required": ["event_id", "type", *fields],
    }


def _union(*names: str) -> dict[str, Any]:
    return {
        "discriminator": {"propertyName": "type"},
        "anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in names],
    }


_REF = "#/components/schemas/"
_BODIES = (
    "RealtimeCallCreateRequest",
    "RealtimeCallReferRequest",
    "RealtimeCallRejectRequest",
    "RealtimeCreateClientSecretRequest",
    "RealtimeCreateClientSecretResponse",
    "WebhookRealtimeCallIncoming",
    "RealtimeTranslationClientSecretCreateRequest",
    "RealtimeTranslationClientSecretCreateResponse",
)

_SCHEMAS: dict[str, Any] = {
    "RealtimeServerEvent": _union("RealtimeServerEventThingDone", "RealtimeServerEventError"),
    "RealtimeClientEvent": _union("RealtimeClientEventThingMake", "RealtimeClientEventThingDrop"),
    "RealtimeTranslationServerEvent": _union("RealtimeServerEventError"),
    "RealtimeTranslationClientEvent": _union("RealtimeClientEventThingDrop"),
    "RealtimeServerEventThingDone": _event("thing.done", thing={"$ref": _REF + "Thing"}),
    "RealtimeServerEventError": _event(
        "error", error={"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]}
    ),
    "RealtimeClientEventThingMake": _event("thing.make", thing={"allOf": [{"$ref": _REF + "Thing"}]}),
    "RealtimeClientEventThingDrop": _event("thing.drop", colour={"type": "string", "enum": ["red", "blue"]}),
    "Thing": {
        "title": "A thing",
        "type": "object",
        "required": ["size"],
        "properties": {
            # Fields named like prose are facts all the same.
            "title": {"type": "string", "title": "The title", "example": "x"},
            "description": {"type": "string", "default": "none", "examples": ["x"]},
            "size": {"type": "integer", "minimum": 1, "x-note": "x"},
        },
    },
    "Elsewhere": {"if": {}, "description": "A schema with a keyword that no capture knows; nothing reaches it."},
    **{body: {"type": "object", "properties": {"thing": {"$ref": _REF + "Thing"}}} for body in _BODIES},
}


def document() -> dict[str, Any]:
    """The document, fresh."""
    info = {"title": "API", "version": "9.9", "description": "Prose."}
    paths = {"/things": {"get": {"responses": {"200": {"description": "Prose."}}}}}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": {"schemas": deepcopy(_SCHEMAS)}}


def with_change(name: str, **keywords: Any) -> dict[str, Any]:
    """The document with some keywords of one schema replaced."""
    changed = document()
    changed["components"]["schemas"][name] = {**changed["components"]["schemas"].get(name, {}), **keywords}
    return changed
