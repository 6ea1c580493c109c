"""Examples of requests and answers, composed of examples of fields."""

import re
from typing import Any

_BY_FORMAT = {
    "date-time": "2026-03-01T12:00:00Z",
    "date": "2026-03-01",
    "uri": "https://images.example.org/cat.png",
}

_BY_NAME: dict[str, Any] = {
    "id": "019ca945-0a00-7000-8000-000000000001",
    "owner_id": "user_2abcdefghijklmnopqrstuvwxyz",
    "image_id": "019ca945-0a00-7000-8000-000000000001",
    "existing_id": "019ca945-0a00-7000-8000-000000000001",
    "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "content_type": "image/png",
    "filename": "cat.png",
    "alt_text": "A cat on a red chair.",
    "title": "Cat",
    "prompt": "A cat on a red chair, in watercolours",
    "category": "animals",
    "tag": "cat",
    "tags": ["cat"],
    "groups": {"conversation": ["c1"]},
    "group": "conversation:c1",
    "blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj",
    "color": "#aabbcc",
    "url": "https://images.example.org/cat.png",
    "public_url": "https://images.example.org/i/AZypRQoAcACAAAAAAAAAAQ",
    "thumb_url": "https://images.example.org/thumb.webp",
    "width": 1024,
    "height": 768,
    "size_bytes": 123456,
    "size": "1024x1024",
    "model": "gpt-image-1",
    "base64": "R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==",
    "jsonl": "migrations/records.jsonl",
    "key": "a-key-of-your-own",
    "metadata": {"order": 17},
    "renditions": {
        "thumb": {
            "url": "https://images.example.org/thumb.webp",
            "content_type": "image/webp",
            "width": 320,
            "height": 240,
            "size_bytes": 9876,
        }
    },
    "warnings": [],
    "next_cursor": None,
    "errors": [],
    "error": None,
}
"""The example of a field of this name."""

_ALWAYS_SHOWN = {"title", "tags", "visibility", "n", "permanent", "ids"}
"""Optional fields of requests that an example shows."""


def example_of(
    schema: dict[str, Any], definitions: dict[str, Any], *, is_request: bool, name: str = ""
) -> Any:
    """An example of a schema; a request has only required and common fields."""
    schema = _resolved(schema, definitions)
    if "examples" in schema:
        return schema["examples"][0]
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for choice in ("oneOf", "anyOf"):
        if choice in schema:
            if name in _BY_NAME:
                return _BY_NAME[name]
            return example_of(schema[choice][0], definitions, is_request=is_request, name=name)
    if "properties" in schema:
        needed = set(schema.get("required", ()))
        fields = needed | (_ALWAYS_SHOWN & schema["properties"].keys() if is_request else set())
        return {
            field: example_of(each, definitions, is_request=is_request, name=field)
            for field, each in schema["properties"].items()
            if field in fields
        }
    if name in _BY_NAME and _fits(_BY_NAME[name], schema):
        return _BY_NAME[name]
    match schema.get("type"):
        case "array":
            return [
                example_of(schema["items"], definitions, is_request=is_request, name=name.removesuffix("s"))
            ]
        case "object":
            inner = schema.get("additionalProperties")
            if not isinstance(inner, dict):
                return {}
            key = next(
                iter(_resolved(schema.get("propertyNames", {}), definitions).get("enum", [name or "key"]))
            )
            return {key: example_of(inner, definitions, is_request=is_request)}
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
        case "null":
            return None
        case _:
            return _BY_FORMAT.get(schema.get("format", ""), "text")


def _resolved(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]] | {
            key: value for key, value in schema.items() if key != "$ref"
        }
    return schema


def _fits(value: Any, schema: dict[str, Any]) -> bool:
    kinds: dict[str, type | tuple[type, ...]] = {
        "string": str,
        "integer": int,
        "number": (int, float),
        "array": list,
        "object": dict,
    }
    kind = kinds.get(str(schema.get("type")))
    if kind is None or not isinstance(value, kind):
        return False
    pattern = schema.get("pattern")
    return pattern is None or re.search(str(pattern), str(value)) is not None
