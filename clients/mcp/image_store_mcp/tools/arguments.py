"""Checks the arguments of a call by the schema of its tool, which is the only declaration of them.

It knows the few keywords of JSON Schema that the tools use (`KEYWORDS`), and a test compares them. A library for all
of JSON Schema would be in the deployed function for ten keywords.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from image_store_mcp.tools.failures import MAX_FIELDS, FieldProblem, ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

KEYWORDS = frozenset(
    {
        "additionalProperties",
        "default",
        "description",
        "enum",
        "items",
        "maxItems",
        "maxLength",
        "maximum",
        "minItems",
        "minLength",
        "minimum",
        "properties",
        "required",
        "type",
    }
)
MAX_NAME_CHARS = 60

_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}


def check_arguments(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments; ToolError that names each wrong field.

    A null for a field that cannot be null counts as left out: some clients send all fields.
    """
    properties = schema.get("properties", {})
    present = {
        name: value
        for name, value in arguments.items()
        if value is not None or name not in properties or "null" in _types_of(properties[name])
    }
    problems = [
        problem for _, problem in zip(range(MAX_FIELDS), _problems(schema, present, ""), strict=False)
    ]
    if problems:
        raise ToolError("Some arguments are wrong.", fields=problems)
    return present


def _problems(schema: Mapping[str, Any], value: Any, field: str) -> Iterator[FieldProblem]:
    types = _types_of(schema)
    if types and not any(_TYPES[each](value) for each in types):
        yield FieldProblem(field, f"must be {' or '.join(types)}")
    elif "enum" in schema and value not in schema["enum"]:
        yield FieldProblem(field, f"must be one of {', '.join(map(str, schema['enum']))}")
    elif isinstance(value, str):
        yield from _text_problems(schema, value, field)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _number_problems(schema, value, field)
    elif isinstance(value, list):
        yield from _list_problems(schema, value, field)
    elif isinstance(value, dict):
        yield from _object_problems(schema, value, field)


def _text_problems(schema: Mapping[str, Any], value: str, field: str) -> Iterator[FieldProblem]:
    if len(value) < schema.get("minLength", 0):
        yield FieldProblem(field, "must not be empty")
    elif len(value) > schema.get("maxLength", math.inf):
        yield FieldProblem(field, f"must have at most {schema['maxLength']} characters")


def _number_problems(schema: Mapping[str, Any], value: float, field: str) -> Iterator[FieldProblem]:
    least, most = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    if not least <= value <= most:
        yield FieldProblem(field, f"must be from {least} to {most}")


def _list_problems(schema: Mapping[str, Any], value: list[Any], field: str) -> Iterator[FieldProblem]:
    least, most = schema.get("minItems", 0), schema.get("maxItems", math.inf)
    if not least <= len(value) <= most:
        yield FieldProblem(field, f"must have {least} to {most} items")
        return
    for index, each in enumerate(value):
        yield from _problems(schema.get("items", {}), each, f"{field}.{index}")


def _object_problems(schema: Mapping[str, Any], value: dict[str, Any], field: str) -> Iterator[FieldProblem]:
    properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    for name in schema.get("required", ()):
        if name not in value:
            yield FieldProblem(_inside(field, name), "is missing")
    for name, each in value.items():
        if name in properties:
            yield from _problems(properties[name], each, _inside(field, name))
        elif others is False:
            known = ", ".join(properties) or "none"
            yield FieldProblem(_inside(field, name), f"is not an argument of this tool; there are: {known}")
        elif others is not True:
            yield from _problems(others, each, _inside(field, name))


def _types_of(schema: Mapping[str, Any]) -> list[str]:
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else list(types)


def _inside(field: str, name: str) -> str:
    return f"{field}.{name[:MAX_NAME_CHARS]}" if field else name[:MAX_NAME_CHARS]
