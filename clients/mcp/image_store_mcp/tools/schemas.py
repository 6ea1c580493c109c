"""Pieces of the tools' JSON schemas: small, inline, with a root object, because some clients accept nothing else.

Limits that the store checks are not repeated here; its error names the field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
TEXTS: Schema = {"type": "array", "items": TEXT}
OBJECTS: Schema = {"type": "array", "items": {"type": "object"}}
VISIBILITY: Schema = {"type": "string", "enum": ["private", "unlisted", "public"]}
KIND: Schema = {"type": "string", "enum": ["generated", "reference", "upload"]}
DAY: Schema = {"type": "string", "description": "like 2026-01-31"}
GROUP: Schema = {"type": "string", "description": "type:id"}


def with_description(schema: Schema, description: str) -> Schema:
    """The schema with a description."""
    return {**schema, "description": description}


def nullable(schema: Schema) -> Schema:
    """The schema of a value that may be null."""
    return {**schema, "type": [schema["type"], "null"]}


def whole(least: int, most: int, description: str = "") -> Schema:
    """The schema of a whole number in a range."""
    schema: Schema = {"type": "integer", "minimum": least, "maximum": most}
    return with_description(schema, description) if description else schema


def arguments(required: tuple[str, ...] = (), /, **properties: Schema) -> Schema:
    """The input schema of a tool, which takes no other arguments."""
    schema: Schema = {"type": "object", "additionalProperties": False}
    if properties:
        schema["properties"] = properties
    return {**schema, "required": list(required)} if required else schema


def answer(*required: str, **properties: Schema) -> Mapping[str, Any]:
    """The output schema of a tool; answers may have more fields."""
    schema: Schema = {"type": "object", "properties": properties}
    return {**schema, "required": list(required)} if required else schema
