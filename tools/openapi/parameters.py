"""Parameters of paths, headers and queries."""

from typing import Any

from pydantic import BaseModel

from image_store.domain.generation.providers import Provider
from image_store.entrypoints.http.idempotency import MAX_KEY_CHARS
from tools.openapi.models import REF, tidied

_IMAGE_ID = "019ca945-0a00-7000-8000-000000000001"

_IN_PATH: dict[str, tuple[str, dict[str, Any], str]] = {
    "provider": (
        "A provider of generated images.",
        {"type": "string", "enum": [provider.value for provider in Provider]},
        Provider.OPENAI.value,
    ),
    "link": (
        "The last part of an image's `public_url`, or of a signed link.",
        {"type": "string"},
        "AZypRQoAcACAAAAAAAAAAQ",
    ),
    "path": (
        "The path of an image in the store that it was imported from, with its slashes.",
        {"type": "string"},
        "demo/image/upload/v1719316754/blue_sweater.jpg",
    ),
    "group": (
        "A group, as `type:id`, percent-encoded; send `%253F` for a question mark.",
        {"type": "string"},
        "album:summer",
    ),
    "token": (
        "The last part of the `url_prefix` of a share.",
        {"type": "string"},
        "0123456789abcdef.AAAAAAAAAAAAAAAAAAAAAA",
    ),
    "preset": ("A preset of the deployment, such as `thumb` or `w640`.", {"type": "string"}, "thumb"),
    "file": ("The name of a file of the web console.", {"type": "string"}, "console.css"),
}

_IN_HEADER = {
    "Idempotency-Key": (
        (
            f"1 to {MAX_KEY_CHARS} characters that name this request. A repeat with the same key and body has the same "
            "answer and stores nothing again."
        ),
        "5f0d1c9e-order-17",
    ),
    "If-Match": ("The `ETag` that the image must still have; 412 otherwise.", '"3"'),
    "If-None-Match": ("The `ETag` that the client has; 304 while it is current.", '"3"'),
    "Accept": (
        "Formats that the client can show; the response has the best of those that exist.",
        "image/avif,image/webp",
    ),
}

_IN_QUERY = {
    "limit": "The most items of a page.",
    "cursor": "`next_cursor` of the previous page; keep the other parameters.",
    "kind": "How the image came to be.",
    "visibility": "Who may see the image.",
    "tag": "A tag of the image.",
    "tags": "Tags of the image; repeat the parameter for several.",
    "groups": "Groups of the image as `type:id`; repeat the parameter for several.",
    "model": "The model that made the image.",
    "provider": "The provider that made the image.",
    "category": "The category of the image.",
    "from": "Return images created at this time or later.",
    "to": "Return images created before this time.",
    "trashed": "Whether to return the trash instead.",
    "order": "Newest or oldest first.",
    "permanent": "Whether to delete permanently, without the trash.",
    "owner": "Whose images.",
    "record": "The id of a record in its source.",
    "filename": "The name to download the image by.",
    "cache_control": "`Cache-Control` of the public copies.",
    "expires_at": "When the image is deleted by itself.",
    "created_at": "The date of an image that comes from another store; from 1990 on. For admins.",
    "on_duplicate": "What to do when you store these bytes already.",
}
"""The description of a parameter whose field has none."""


def path_parameters(path: str) -> list[dict[str, Any]]:
    """The parameters in a path."""
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [_path_parameter(name, *(_IN_PATH.get(name) or _id(name))) for name in names]


def _path_parameter(name: str, description: str, schema: dict[str, Any], example: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": schema,
        "example": example,
    }


def _id(name: str) -> tuple[str, dict[str, Any], str]:
    """What `image_id` and the like are: they need no entry of their own."""
    thing, separator, rest = name.rpartition("_id")
    if not separator or rest:
        raise LookupError(f"_IN_PATH does not say what the parameter {name} is.")
    return f"The id of the {thing.replace('_', ' ')}.", {"type": "string"}, _IMAGE_ID


def header_parameters(names: tuple[str, ...]) -> list[dict[str, Any]]:
    """The request headers that a route reads."""
    return [
        {
            "name": name,
            "in": "header",
            "description": _IN_HEADER[name][0],
            "schema": {"type": "string"},
            "example": _IN_HEADER[name][1],
        }
        for name in names
    ]


def query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    """The fields of a model as parameters, without attributes that only a body can carry.

    A parameter keeps its `default`: generators read it as the value that the server uses for a missing parameter.
    """
    schema = model.model_json_schema(ref_template=REF)
    required = set(schema.get("required", ()))
    parameters = []
    for name, field in schema["properties"].items():
        if name in {"metadata", "generation", "analysis"}:
            continue
        parameter: dict[str, Any] = {"name": name, "in": "query"}
        if name in required:
            parameter["required"] = True
        plain = _without_null(tidied(_inlined(field, schema.get("$defs", {}))))
        description = plain.pop("description", None) or _IN_QUERY.get(name)
        if description is None:
            raise ValueError(f"{model.__name__}.{name} has no description")
        parameter["description"] = description
        if name in {"tags", "groups"}:
            parameter |= {"name": name[:-1], "explode": True}
            plain = {"type": "array", "items": {"type": "string"}}
        parameters.append(parameter | {"schema": plain})
    return parameters


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without null, which a query cannot express."""
    others = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    if rest.get("default", ...) is None:
        del rest["default"]
    return {**others[0], **rest} if len(others) == 1 else schema


def _inlined(field: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(field, dict):
        if "$ref" in field:
            definition = definitions[field["$ref"].rpartition("/")[2]]
            return {name: value for name, value in definition.items() if name != "description"} | {
                name: value for name, value in field.items() if name != "$ref"
            }
        return {name: _inlined(value, definitions) for name, value in field.items()}
    return [_inlined(value, definitions) for value in field] if isinstance(field, list) else field
