"""Pictures for models: small enough when they are encoded, whatever the store sends."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from image_store_client import NotFoundError
from image_store_mcp.tools.answers import MAX_RESULT_BYTES, encoded_bytes
from image_store_mcp.tools.failures import ToolError
from image_store_mcp.tools.previews import MAX_PREVIEW_BYTES
from image_store_mcp.tools.resources import read_resource
from image_store_mcp.tools.table import TOOLS
from image_store_mcp.tools.tool import InlinePicture
from tests.mcp.replies import image
from tests.pictures import jpeg
from tests.python.scripted_server import Answer, ScriptedServer, problem

if TYPE_CHECKING:
    from image_store_client import ImageStore

[VIEW] = [tool for tool in TOOLS if tool.name == "view_image"]
SMALL = jpeg(64, 48)
LARGE = SMALL + bytes(MAX_PREVIEW_BYTES)
AVIF = b"\0\0\0\x14ftypavif\0\0\0\0avif"


def thumbnail(server: ScriptedServer, data: bytes) -> list[Answer]:
    """The answers to a download of a rendition."""
    return [Answer(302, headers={"Location": f"{server.url}/storage"}), Answer(200, data)]


def transform(server: ScriptedServer, data: bytes) -> list[Answer]:
    """The answers to a download by a signed link."""
    link = {"url": f"{server.url}/storage", "expires_at": "2026-03-01T13:00:00Z"}
    return [Answer(201, link), Answer(200, data)]


def test_the_thumbnail_is_shown_with_one_line_of_text(store: ImageStore, server: ScriptedServer) -> None:
    server.answer(Answer(200, image()), *thumbnail(server, SMALL))

    result = VIEW.call(store, {"id": "i1"})

    assert result.structured is None
    assert json.loads(result.text)["title"] == "A cat"
    assert result.blocks()[1] == {
        "type": "image", "data": base64.b64encode(SMALL).decode(), "mimeType": "image/jpeg",
    }  # fmt: skip
    assert server.requests[1].path == "/v1/images/i1/content?rendition=thumb"


def test_a_picture_in_the_trash_says_so(store: ImageStore, server: ScriptedServer) -> None:
    server.answer(Answer(200, image(status="trashed")), *thumbnail(server, SMALL))

    result = VIEW.call(store, {"id": "i1"})

    assert json.loads(result.text)["status"] == "trashed"


def test_the_whole_picture_is_a_transform(store: ImageStore, server: ScriptedServer) -> None:
    server.answer(Answer(200, image()), *transform(server, SMALL))

    result = VIEW.call(store, {"id": "i1", "whole": True})

    assert json.loads(server.requests[1].body) == {"w": 512, "h": 512, "format": "jpeg", "q": 70}
    assert len(result.contents) == 1


@pytest.mark.parametrize("first", [LARGE, AVIF], ids=["too large", "a format that models cannot read"])
def test_a_picture_that_cannot_be_shown_is_made_smaller(
    store: ImageStore, server: ScriptedServer, first: bytes
) -> None:
    answers = [*thumbnail(server, first), *transform(server, LARGE), *transform(server, SMALL)]
    server.answer(Answer(200, image()), *answers)

    result = VIEW.call(store, {"id": "i1"})

    sizes = [json.loads(each.body)["w"] for each in server.requests if each.path.endswith("/links")]
    assert sizes == [256, 128]
    assert result.contents == (InlinePicture(base64.b64encode(SMALL).decode(), "image/jpeg"),)


def test_a_picture_that_is_never_small_enough_is_left_out(store: ImageStore, server: ScriptedServer) -> None:
    answers = [*thumbnail(server, LARGE), *transform(server, LARGE), *transform(server, LARGE)]
    server.answer(Answer(200, image()), *answers)

    result = VIEW.call(store, {"id": "i1"})

    assert (result.contents, result.is_error) == ((), False)
    assert "left out" in json.loads(result.text)["picture"]


def test_the_largest_picture_with_the_longest_texts_fits(store: ImageStore, server: ScriptedServer) -> None:
    largest = SMALL + bytes(MAX_PREVIEW_BYTES - len(SMALL))
    long = "\U0001f431" * 2_000
    server.answer(Answer(200, image(title=long, alt_text=long)), *thumbnail(server, largest))

    result = VIEW.call(store, {"id": "i1"})

    assert len(result.contents) == 1
    assert encoded_bytes(result) <= MAX_RESULT_BYTES


def test_a_resource_is_the_thumbnail(store: ImageStore, server: ScriptedServer) -> None:
    server.answer(*thumbnail(server, SMALL))

    content = read_resource(store, "image-store://images/i1")

    assert content.block() == {
        "uri": "image-store://images/i1",
        "mimeType": "image/jpeg",
        "blob": base64.b64encode(SMALL).decode(),
    }


@pytest.mark.parametrize(
    "uri",
    ["", "image-store://images/", "image-store://keys/i1", "https://example.com/i1", "file:///etc/passwd"],
)
def test_a_uri_of_anything_else_is_no_resource(store: ImageStore, server: ScriptedServer, uri: str) -> None:
    with pytest.raises(ToolError) as failed:
        read_resource(store, uri)

    assert (failed.value.code, server.requests) == ("resource_not_found", [])


def test_a_resource_of_an_unknown_image_is_not_found(store: ImageStore, server: ScriptedServer) -> None:
    server.answer(problem(404, "image_not_found"))

    with pytest.raises(NotFoundError):
        read_resource(store, "image-store://images/..%2F..%2Fv1%2Fkeys")

    assert all(each.path.startswith("/v1/images/..%2F") for each in server.requests)
