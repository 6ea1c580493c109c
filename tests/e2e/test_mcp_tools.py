"""`image-store mcp` on the running stack: every tool, and every odd or hostile picture in a small answer."""

from __future__ import annotations

import base64
import json
import time
import uuid
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from tests import pictures
from tests.e2e import anyone
from tests.hostile.files import FILES, LARGEST
from tests.mcp.stdio_client import StdioClient, environment_of
from tests.odd_pictures.animations import ODD_APNGS
from tests.odd_pictures.avif import COLORED_AVIFS
from tests.odd_pictures.jpeg import COLORED_JPEGS
from tests.odd_pictures.orientation import TURNED
from tests.odd_pictures.png import COLORED_PNGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.e2e.conftest import Stack

MAX_ANSWER_BYTES = 64 * 1024
INDEX_SECONDS = 30
TRANSFORMED_EACH = 10
"""The whole picture is a transform, which takes the stack longer: of one in so many files it is looked at too."""
CORPORA: Mapping[str, Mapping[str, Callable[[], bytes]]] = {
    "hostile": FILES,
    "largest": {name: LARGEST[name] for name in ("flat webp with alpha", "flat avif", "progressive jpeg")},
    "animations": ODD_APNGS,
    "avif": COLORED_AVIFS,
    "jpeg": COLORED_JPEGS,
    "turned": TURNED,
    "png": COLORED_PNGS,
}


@pytest.fixture
def client(stack: Stack, tmp_path: Path) -> Iterator[StdioClient]:
    """The server of an owner who has nothing, with a folder."""
    environment = environment_of(tmp_path, IMAGE_STORE_STACK_FILE=str(stack.state.stack_file))
    words = ("--subject", f"mcp-{uuid.uuid4()}", "mcp", "--folder", str(tmp_path))
    with StdioClient(environment, *words, folder=tmp_path) as running:
        running.begin()
        yield running


def structured(result: dict[str, Any]) -> dict[str, Any]:
    """The structured content of a result that is no error."""
    assert not result.get("isError"), result
    content: dict[str, Any] = result["structuredContent"]
    return content


def search(client: StdioClient, word: str) -> list[dict[str, Any]]:
    """The images with a word, once the index of words has it."""
    end = time.monotonic() + INDEX_SECONDS
    while not (images := structured(client.call("search_images", query=word))["images"]):
        assert time.monotonic() < end
        time.sleep(0.2)
    return list(images)


def error_code(result: dict[str, Any]) -> str:
    """The code of a failure."""
    assert result["isError"], result
    return str(json.loads(result["content"][0]["text"])["error"]["code"])


def shown(result: dict[str, Any]) -> Image.Image:
    """The picture in a result, decoded."""
    assert not result.get("isError"), result
    [picture] = [block for block in result["content"] if block["type"] == "image"]
    image = Image.open(BytesIO(base64.b64decode(picture["data"])))
    image.load()
    assert picture["mimeType"] == Image.MIME[str(image.format)]
    return image


def test_a_model_uses_every_tool(client: StdioClient, tmp_path: Path) -> None:
    word = f"w{uuid.uuid4().hex[:12]}"
    (tmp_path / "cat.jpg").write_bytes(pictures.jpeg(640, 480))

    image_id = structured(client.call("upload_image", path="cat.jpg", title=word, tags=["cat"]))["id"]
    again = structured(client.call("upload_image", path=str(tmp_path / "cat.jpg")))["id"]
    data = base64.b64encode(pictures.jpeg(64, 48)).decode()
    other = structured(client.call("upload_image", data=data, filename="dog.jpg"))["id"]
    matches = search(client, word)
    first_page = structured(client.call("list_images", limit=1))
    next_page = structured(client.call("list_images", cursor=first_page["next_cursor"]))
    similar = structured(client.call("find_similar_images", id=image_id))
    facts = structured(client.call("get_image", id=image_id))
    thumbnail = shown(client.call("view_image", id=image_id))
    whole = shown(client.call("view_image", id=image_id, whole=True))
    resource = client.request("resources/read", {"uri": f"image-store://images/{image_id}"})["contents"][0]
    changed = structured(client.call("update_image", id=image_id, title=None, rating=5, tags=["pet"]))
    link = structured(client.call("share_image", id=image_id, expires_in=60))["link"]
    statuses = [anyone.get(each, follow_redirects=True).status_code for each in (facts["link"], link)]
    saved = structured(client.call("download_image", id=image_id, path="saved.jpg"))
    figures = structured(client.call("get_stats"))
    deleted = structured(client.call("delete_image", id=image_id))
    trash = structured(client.call("list_images", trashed=True))["images"]

    assert again == image_id
    assert [each["id"] for each in matches] == [image_id]
    assert {each["id"] for each in first_page["images"] + next_page["images"]} == {image_id, other}
    assert "images" in similar
    assert (facts["title"], facts["width"]) == (word, 640)
    assert (thumbnail.size, whole.size) == ((300, 300), (512, 384))
    assert Image.open(BytesIO(base64.b64decode(resource["blob"]))).size == (300, 300)
    assert ("title" in changed, changed["rating"], changed["tags"]) == (False, 5, ["pet"])
    assert statuses == [200, 200]
    assert (tmp_path / "saved.jpg").read_bytes() == (tmp_path / "cat.jpg").read_bytes()
    assert saved["size_bytes"] == (tmp_path / "cat.jpg").stat().st_size
    assert figures["images"] == 2
    assert (deleted["status"], [each["id"] for each in trash]) == ("trashed", [image_id])


def test_a_model_generates_an_image_and_sees_it(client: StdioClient) -> None:
    job = structured(client.call("generate_images", prompt="a lighthouse at dusk", tags=["dusk"]))
    while job["status"] in {"queued", "running"}:
        job = structured(client.call("get_generation", job_id=job["job_id"]))
    [image_id] = job["image_ids"]

    facts = structured(client.call("get_image", id=image_id))

    assert job["status"] == "succeeded"
    assert (facts["kind"], facts["tags"]) == ("generated", ["dusk"])
    assert max(shown(client.call("view_image", id=image_id)).size) <= 300


def test_failures_of_the_store_reach_the_model(client: StdioClient) -> None:
    nobody = "00000000-0000-7000-8000-000000000000"

    assert error_code(client.call("view_image", id=nobody)) == "image_not_found"
    assert error_code(client.call("get_generation", job_id=nobody)) == "job_not_found"
    assert error_code(client.call("list_images", cursor="no cursor")) == "invalid_cursor"
    assert error_code(client.call("update_image", id=nobody, rating=7)) in {
        "invalid_request",
        "image_not_found",
    }
    assert error_code(client.call("upload_image", url="http://169.254.169.254/latest")) == "url_not_allowed"


def test_a_thumbnail_that_is_too_large_when_it_is_encoded_is_made_smaller(
    client: StdioClient, tmp_path: Path
) -> None:
    noise = Image.effect_noise((300, 300), 200).convert("RGB")
    layers = [Image.effect_noise((300, 300), 200) for _ in noise.getbands()]
    Image.merge("RGB", layers).save(tmp_path / "noise.png")
    image_id = structured(client.call("upload_image", path="noise.png"))["id"]
    structured(client.call("download_image", id=image_id, path="thumb.jpg", rendition="thumb"))

    picture = shown(client.call("view_image", id=image_id))

    assert (tmp_path / "thumb.jpg").stat().st_size > 43_000
    assert picture.size == (256, 256)
    assert client.longest_bytes <= MAX_ANSWER_BYTES


@pytest.mark.parametrize("corpus", CORPORA)
def test_any_picture_is_shown_in_a_small_answer(client: StdioClient, tmp_path: Path, corpus: str) -> None:
    number = 0
    for index, (name, make) in enumerate(CORPORA[corpus].items()):
        (tmp_path / "picture").write_bytes(make())
        stored = client.call("upload_image", path="picture", filename=f"{corpus} {index}", title=name)
        if stored.get("isError"):
            assert error_code(stored) not in {"internal_error", "network_error"}, name
            continue
        image_id = structured(stored)["id"]

        thumbnail = shown(client.call("view_image", id=image_id))

        number += 1
        assert max(thumbnail.size) <= 300, name
        if index % TRANSFORMED_EACH == 0:
            assert max(shown(client.call("view_image", id=image_id, whole=True)).size) <= 512, name
        assert client.longest_bytes <= MAX_ANSWER_BYTES, name
    assert number > 0
