"""F6: the committed OpenAPI document is what the code of the functions means."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from image_store.domain.errors import ImageStoreError
from image_store.entrypoints.http.problems import STATUSES
from tools import openapi

VERBS = {
    "cancel", "complete", "create", "delete", "get", "head", "list", "replay", "restore", "retry", "revoke", "rotate",
    "run", "search", "set", "test", "update",
}  # fmt: skip


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document as the code says it."""
    return openapi.document()


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every operation by its id."""
    return {
        operation["operationId"]: operation
        for methods in document["paths"].values()
        for operation in methods.values()
    }


def schemas_of(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of a document that has properties."""
    if isinstance(value, dict):
        if "properties" in value:
            yield value
        for each in value.values():
            yield from schemas_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from schemas_of(each)


def reachable(document: dict[str, Any], value: Any, seen: set[str]) -> None:
    """Note the schemas that a part of the document leads to."""
    for name in re.findall(r"#/components/schemas/(\w+)", json.dumps(value)):
        if name not in seen:
            seen.add(name)
            reachable(document, document["components"]["schemas"][name], seen)


def test_the_committed_document_is_what_the_code_says() -> None:
    assert json.loads(openapi.DOCUMENT.read_text("utf-8")) == openapi.document()


def test_every_reference_of_the_document_leads_somewhere() -> None:
    document = openapi.document()

    text = json.dumps(document)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names
    assert names <= set(document["components"]["schemas"])


PUBLIC = {
    "get /",
    "get /assets/{file}",
    "get /config.json",
    "get /docs",
    "get /i/{link}",
    "get /i/{link}/{preset}",
    "get /m/{path}",
    "get /openapi.json",
    "get /s/{token}/{image_id}/{preset}",
    "get /v1/feed",
    "get /v1/health",
}
"""What everybody may call; review each new one."""


def test_public_routes_alone_need_no_token(document: dict[str, Any]) -> None:
    public = {
        f"{method} {path}"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if not operation["security"]
    }

    assert public == PUBLIC


def test_operations_are_named_by_verbs_and_each_once(document: dict[str, Any]) -> None:
    count = sum(len(methods) for methods in document["paths"].values())

    ids = set(operations(document))

    assert len(ids) == count
    assert {re.match("[a-z]+", name)[0] for name in ids} <= VERBS  # type: ignore[index]  # each begins so
    assert {"deleteImages", "listImages", "getImage", "createUpload"} <= ids


def test_every_operation_and_parameter_says_what_it_is(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        assert len(operation["description"]) > len("Does something."), name
        assert set(operation["tags"]) <= {tag["name"] for tag in document["tags"]}, name
        assert operation["tags"], name
        for parameter in operation["parameters"]:
            assert parameter["description"], (name, parameter["name"])


def test_a_request_never_has_a_property_with_a_default(document: dict[str, Any]) -> None:
    """Generators make such a property one that must be sent."""
    sent: set[str] = set()
    for operation in operations(document).values():
        reachable(document, operation.get("requestBody", {}), sent)

    properties = [
        property_schema
        for name in sent
        for schema in schemas_of(document["components"]["schemas"][name])
        for property_schema in schema["properties"].values()
    ]

    assert {"ImageUpload", "ImagePatch", "GenerationItem", "MigrationFields"} <= sent
    assert [property_schema for property_schema in properties if "default" in property_schema] == []
    item = document["components"]["schemas"]["GenerationItem"]["properties"]
    assert item["n"]["description"].endswith("Default: `1`.")


def test_a_patch_claims_no_default(document: dict[str, Any]) -> None:
    patch = document["components"]["schemas"]["ImagePatch"]

    assert "required" not in patch
    assert "efault" not in json.dumps(patch["properties"])


def test_the_bytes_of_files_are_not_strings(document: dict[str, Any]) -> None:
    """`type: string` becomes a string in most generated clients."""
    media = [
        content
        for operation in operations(document).values()
        for part in [operation.get("requestBody", {}), *operation["responses"].values()]
        for kind, content in part.get("content", {}).items()
        if kind in {"image/*", "*/*"}
    ]
    form = document["paths"]["/v1/images"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]

    assert len(media) > 4
    assert [content["schema"] for content in media] == [
        {"contentMediaType": "application/octet-stream"}
    ] * len(media)
    assert form["properties"]["file"] == {"contentMediaType": "application/octet-stream"}


def test_the_codes_of_errors_are_those_of_the_code(document: dict[str, Any]) -> None:
    def below(error: type[ImageStoreError]) -> set[type[ImageStoreError]]:
        return {error}.union(*(below(each) for each in error.__subclasses__()))

    schemas = document["components"]["schemas"]

    assert schemas["ErrorCode"]["enum"] == sorted({error.code for error in STATUSES})
    assert {
        error.code for error in below(ImageStoreError) if error.__module__.startswith("image_store.domain.")
    } == set(schemas["ErrorCode"]["enum"])
    assert schemas["Problem"]["properties"]["code"] == {"$ref": "#/components/schemas/ErrorCode"}


def test_every_route_with_a_token_documents_401(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        is_private = bool(operation["security"])
        assert ("401" in operation["responses"]) == is_private, name
        assert "429" in operation["responses"], name
        assert ("requestBody" in operation) <= ("413" in operation["responses"]), name
        if "{" in json.dumps([p["name"] for p in operation["parameters"] if p["in"] == "path"]):
            assert "404" in operation["responses"], name


def test_headers_that_clients_use_are_documented(document: dict[str, Any]) -> None:
    by_id = operations(document)

    assert set(by_id["createImage"]["responses"]["201"]["headers"]) == {"ETag", "Location"}
    assert set(by_id["createGeneration"]["responses"]["202"]["headers"]) == {"ETag", "Location"}
    assert set(by_id["completeUpload"]["responses"]["202"]["headers"]) == {"Location", "Retry-After"}
    assert set(by_id["getImageContent"]["responses"]["302"]["headers"]) == {"Location"}
    shared = document["components"]["responses"]
    assert set(shared["TooManyRequests"]["headers"]) == {"Retry-After"}
    assert set(shared["Unauthorized"]["headers"]) == {"WWW-Authenticate"}


def test_a_source_is_one_of_its_ways(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    for name, ways in {
        "Source": ["base64", "data_uri", "url"],
        "MigrationSource": ["jsonl", "folder", "table", "record"],
    }.items():
        choices = schemas[name]["oneOf"]
        assert [choice["required"] for choice in choices] == [[way] for way in ways]
        assert {choice["additionalProperties"] for choice in choices} == {False}


def test_no_component_is_unused(document: dict[str, Any]) -> None:
    used = set(re.findall(r"#/components/(\w+/[\w-]+)", json.dumps(document)))

    assert used == {
        f"{kind}/{name}"
        for kind, parts in document["components"].items()
        for name in parts
        if kind != "securitySchemes"
    }
