"""Write the types of the Python client from the API document: `python -m tools.client_types`."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from image_store_client.aio.paths import RENAMED as OUR_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "functions/site/openapi.json"
TARGET = ROOT / "clients/python/image_store_client/schemas.py"
WIDTH = 100
RENAMED = {theirs: ours for ours, theirs in OUR_NAMES.items()}
FILTERED = {"ImageListFilters": "/v1/images", "SearchFilters": "/v1/search", "FeedFilters": "/v1/feed"}
SIMPLE = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
HEADER = '''"""The API's requests and responses as types, generated from its OpenAPI document: never edit this file.

A request may leave out the fields that are `NotRequired`. A store that is newer than this client may send more fields.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

'''


def source() -> str:
    """The module, in the code's standard form."""
    document = json.loads(DOCUMENT.read_text("utf-8"))
    schemas: dict[str, Any] = document["components"]["schemas"] | dict(_filters(document))
    choices = [line for name, schema in schemas.items() if (line := _choice(name, schema))]
    classes = [text for name, schema in schemas.items() for text in _classes(name, schema)]
    unions = [line for name, schema in schemas.items() if (line := _union(name, schema))]
    text = HEADER + "\n".join([*choices, "", *classes, *unions]) + "\n"
    command = [sys.executable, "-m", "ruff", "format", "--quiet", "--stdin-filename", str(TARGET), "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def _filters(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The filters of each list as a schema: its parameters but those of paging and the words of a search."""
    for name, path in FILTERED.items():
        parameters = {each["name"]: each for each in document["paths"][path]["get"]["parameters"]}
        fields = {
            RENAMED.get(each["name"], each["name"]): each["schema"] | {"description": each["description"]}
            for each in parameters.values()
            if each["name"] not in {"limit", "cursor", "q"}
        }
        yield name, {"type": "object", "description": f"The filters of `GET {path}`.", "properties": fields}


def _choice(name: str, schema: Mapping[str, Any]) -> str | None:
    return f"{name} = {_type(schema)}" + _doc(schema, indent="") if "enum" in schema else None


def _union(name: str, schema: Mapping[str, Any]) -> str | None:
    """A type of which a value has exactly one form, each a class of its own."""
    if "oneOf" not in schema:
        return None
    return f"{name} = {' | '.join(_form(name, each) for each in schema['oneOf'])}" + _doc(schema, indent="")


def _classes(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    for form in _own_forms(schema):
        yield _class(_form(name, form), form)
    if schema.get("type") == "object":
        yield _class(name, schema)


def _own_forms(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The forms of a union that have no name in the document."""
    return [form for form in schema.get("oneOf", ()) if "$ref" not in form]


def _form(name: str, schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return _type(schema)
    [field] = schema["properties"]
    return f"{field.title().replace('_', '')}{name}"


def _class(name: str, schema: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    lines = [f"class {name}(TypedDict):", _doc(schema, indent="    ").lstrip("\n")]
    for field, value in schema["properties"].items():
        kind = _type(value)
        lines.append(
            f"    {field}: {kind if field in required else f'NotRequired[{kind}]'}"
            + _doc(value, indent="    ")
        )
    return "\n".join(line for line in lines if line) + "\n\n"


def _type(schema: Mapping[str, Any]) -> str:
    """A schema as an annotation."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema or "const" in schema:
        return (
            f"Literal[{', '.join(json.dumps(value) for value in schema.get('enum', [schema.get('const')]))}]"
        )
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(each) for each in schema["anyOf"]))
    if schema.get("type") == "array":
        return f"list[{_type(schema['items'])}]"
    if schema.get("type") == "object":
        members = schema.get("additionalProperties")
        return f"dict[str, {_type(members) if isinstance(members, dict) else 'Any'}]"
    return SIMPLE[schema["type"]]


def _doc(schema: Mapping[str, Any], *, indent: str) -> str:
    text = str(schema.get("description", "")).replace("\\", "\\\\")
    if not text:
        return ""
    lines = textwrap.wrap(text, WIDTH - len(indent))
    closing = '"""' if len(lines) == 1 else f'\n{indent}"""'
    return f'\n{indent}"""' + f"\n{indent}".join(lines) + closing


if __name__ == "__main__":
    TARGET.write_text(source(), "utf-8")
