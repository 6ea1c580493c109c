"""F6: the committed OpenAPI document is what the code of the functions means."""

import json

from tools import openapi


def test_the_committed_document_is_what_the_code_says() -> None:
    assert json.loads(openapi.DOCUMENT.read_text("utf-8")) == openapi.document()


def test_every_reference_of_the_document_leads_somewhere() -> None:
    document = openapi.document()

    text = json.dumps(document)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names
    assert names <= set(document["components"]["schemas"])


def test_public_routes_alone_need_no_token() -> None:
    paths = openapi.document()["paths"]

    public = {path for path, operations in paths.items() if not next(iter(operations.values()))["security"]}

    assert public == {
        "/",
        "/assets/{file}",
        "/config.json",
        "/docs",
        "/i/{link}",
        "/i/{link}/{preset}",
        "/openapi.json",
        "/v1/feed",
        "/v1/health",
    }
