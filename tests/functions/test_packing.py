"""Long answers travel packed (F1): the gateway itself packs nothing."""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING

import pytest

from tests.functions.deployment import event, with_headers

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.functions.deployment import Deployment


@pytest.fixture
def store(deployed: Callable[..., Deployment]) -> Deployment:
    return deployed()


def test_a_long_answer_is_packed_for_clients_that_accept_it(store: Deployment) -> None:
    plain = store.invoke("site", event("site/openapi"))

    answer = store.invoke("site", with_headers(event("site/openapi"), accept_encoding="br, gzip"))

    content = base64.b64decode(answer["body"])
    assert answer["isBase64Encoded"]
    assert (answer["headers"]["Content-Encoding"], answer["headers"]["Vary"]) == (
        "gzip",
        "Accept-Encoding, Origin",
    )
    assert gzip.decompress(content).decode() == plain["body"]
    assert len(content) < len(plain["body"]) / 4


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0"])
def test_clients_without_compression_get_the_file_as_it_is(store: Deployment, accepted: str) -> None:
    answer = store.invoke("site", with_headers(event("site/openapi"), accept_encoding=accepted))

    assert json.loads(answer["body"])["openapi"] == "3.1.0"
    assert "Content-Encoding" not in answer["headers"]
    assert answer["headers"]["Vary"] == "Accept-Encoding, Origin"


def test_a_short_answer_is_not_worth_packing(store: Deployment) -> None:
    answer = store.invoke("site", with_headers(event("site/health"), accept_encoding="gzip"))

    assert json.loads(answer["body"]) == {"status": "ok"}


def test_what_can_be_changed_by_its_validator_is_never_packed(store: Deployment) -> None:
    attributes = {"metadata": {"long": "x" * 3_000}}
    sent = event("upload/base64")
    body = json.loads(sent["body"]) | attributes
    stored = store.invoke("upload", sent | {"body": json.dumps(body), "isBase64Encoded": False})
    image = json.loads(stored["body"])

    sent = event("retrieve/image") | {"pathParameters": {"image_id": image["id"]}}
    sent["rawPath"] = f"/v1/images/{image['id']}"
    answer = store.invoke("retrieve", with_headers(sent, accept_encoding="gzip"))

    assert len(answer["body"]) > 2_048
    assert json.loads(answer["body"])["id"] == image["id"]
    assert answer["headers"]["ETag"] == stored["headers"]["ETag"]
