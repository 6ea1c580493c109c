"""Images through the real HTTP API: each test with an owner of its own, who starts with nothing."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e import anyone
from tests.pictures import FOREIGN_FILES, jpeg, png

if TYPE_CHECKING:
    import httpx

    from tests.e2e.conftest import Stack

INGESTED_SECONDS = 60
POLL_SECONDS = 0.2
JPEG = {"Content-Type": "image/jpeg"}
UNKNOWN_ID = "01a1fcd6-bd73-79fe-b31d-713c8c11977f"


def small(seed: int = 0) -> bytes:
    """Answer a small picture; another one for each number."""
    return jpeg(96 + seed, 64)


def upload(client: httpx.Client, data: bytes | None = None, **attributes: Any) -> dict[str, Any]:
    """Store a JPEG and answer the image."""
    data = small() if data is None else data
    answer = client.post("/v1/images", content=data, headers=JPEG, params=attributes)
    assert answer.status_code == 201, answer.text
    image: dict[str, Any] = answer.json()
    return image


def list_ids(client: httpx.Client, **query: Any) -> list[str]:
    """Answer the ids of a list, over all of its pages."""
    ids: list[str] = []
    cursor: str | None = None
    for _ in range(50):
        answer = client.get("/v1/images", params=query | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        ids += [card["id"] for card in answer.json()["items"]]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return ids
    raise AssertionError("The list has no end.")


def refused(answer: httpx.Response, status: int, code: str) -> None:
    """Check that an answer is this problem."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert answer.json()["status"] == status


def patch(client: httpx.Client, image_id: str, **changes: Any) -> dict[str, Any]:
    """Change an image and answer it."""
    answer = client.patch(f"/v1/images/{image_id}", json=changes)
    assert answer.status_code == 200, answer.text
    image: dict[str, Any] = answer.json()
    return image


# Uploads ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["raw", "multipart", "base64", "data_uri"])
def test_each_way_to_upload_stores_the_same_bytes(stack: Stack, way: str) -> None:
    data = small()
    text = base64.b64encode(data).decode()
    requests: dict[str, dict[str, Any]] = {
        "raw": {"content": data, "headers": JPEG, "params": {"filename": "a.jpg", "tag": ["x", "y"]}},
        "multipart": {
            "files": {"file": ("a.jpg", data, "image/jpeg")},
            "data": {"attributes": json.dumps({"tags": ["x", "y"]})},
        },
        "base64": {"json": {"source": {"base64": text}, "filename": "a.jpg", "tags": ["x", "y"]}},
        "data_uri": {
            "json": {
                "source": {"data_uri": f"data:image/jpeg;base64,{text}"},
                "filename": "a.jpg",
                "tags": ["x", "y"],
            }
        },
    }
    with stack.http(f"images-way-{way}") as client:
        answer = client.post("/v1/images", **requests[way])

        assert answer.status_code == 201, answer.text
        image = answer.json()
        assert answer.headers["location"] == f"{stack.api_url}/v1/images/{image['id']}"
        assert (image["filename"], image["content_type"]) == ("a.jpg", "image/jpeg")
        assert (image["width"], image["height"]) == (96, 64)
        assert sorted(image["tags"]) == ["x", "y"]
        content = client.get(f"/v1/images/{image['id']}/content")
        assert content.status_code == 302
        response = anyone.get(content.headers["location"])
        assert response.status_code == 200
        assert response.headers["content-type"] == "image/jpeg"
        assert len(response.content) == image["size_bytes"]


def test_get_answers_the_image_with_an_etag_and_304(stack: Stack) -> None:
    with stack.http("images-etag") as client:
        image = upload(client)
        answer = client.get(f"/v1/images/{image['id']}")
        assert answer.status_code == 200
        assert answer.json()["sha256"] == image["sha256"]
        tag = answer.headers["etag"]

        again = client.get(f"/v1/images/{image['id']}", headers={"If-None-Match": tag})

        assert again.status_code == 304
        assert again.content == b""
        patch(client, image["id"], title="New")
        changed = client.get(f"/v1/images/{image['id']}", headers={"If-None-Match": tag})
        assert changed.status_code == 200


def test_a_stale_if_match_is_412_and_changes_nothing(stack: Stack) -> None:
    with stack.http("images-if-match") as client:
        image_id = upload(client)["id"]
        tag = client.get(f"/v1/images/{image_id}").headers["etag"]
        first = client.patch(f"/v1/images/{image_id}", json={"title": "one"}, headers={"If-Match": tag})
        assert first.status_code == 200

        second = client.patch(f"/v1/images/{image_id}", json={"title": "two"}, headers={"If-Match": tag})

        refused(second, 412, "precondition_failed")
        assert client.get(f"/v1/images/{image_id}").json()["title"] == "one"


def test_a_thumb_is_a_picture_of_its_announced_size(stack: Stack) -> None:
    with stack.http("images-thumb") as client:
        image = upload(client)
        answer = client.get(f"/v1/images/{image['id']}/content", params={"rendition": "thumb"})
        assert answer.status_code == 302

        response = anyone.get(answer.headers["location"])

        assert response.status_code == 200
        assert response.headers["content-type"] == image["renditions"]["thumb"]["content_type"]
        assert len(response.content) == image["renditions"]["thumb"]["size_bytes"]


def test_text_in_any_script_comes_back_as_it_was(stack: Stack) -> None:
    name, prompt = "Грёза 夢 🌊.jpg", "שלום — a “dream” of 猫 🐈\u200d⬛"
    source = {"base64": base64.b64encode(small()).decode()}
    body = {
        "source": source,
        "filename": name,
        "kind": "generated",
        "generation": {"prompt": prompt, "model": "m"},
    }
    with stack.http("images-unicode") as client:
        stored = client.post("/v1/images", json=body)
        assert stored.status_code == 201, stored.text

        image = client.get(f"/v1/images/{stored.json()['id']}").json()

        assert image["filename"] == name
        assert image["generation"]["prompt"] == prompt


def test_an_idempotency_key_answers_again_and_refuses_another_body(stack: Stack) -> None:
    with stack.http("images-idempotency") as client:
        headers = JPEG | {"Idempotency-Key": "k1"}
        first = client.post("/v1/images", content=small(), headers=headers)
        again = client.post("/v1/images", content=small(), headers=headers)
        other = client.post("/v1/images", content=small(1), headers=headers)

        assert (first.status_code, again.status_code) == (201, 201)
        assert again.json()["id"] == first.json()["id"]
        refused(other, 422, "idempotency_mismatch")
        assert list_ids(client) == [first.json()["id"]]


def test_a_duplicate_is_refused_or_answered_when_asked(stack: Stack) -> None:
    with stack.http("images-duplicate") as client:
        first = upload(client)["id"]

        def post(on_duplicate: str) -> httpx.Response:
            params = {"on_duplicate": on_duplicate}
            return client.post("/v1/images", content=small(), headers=JPEG, params=params)

        rejected = post("reject")
        refused(rejected, 409, "duplicate_image")
        assert first in rejected.text
        existing = post("return_existing")
        assert (existing.status_code, "location" in existing.headers) == (200, False)
        assert existing.json()["id"] == first
        assert list_ids(client) == [first]


# Lists -----------------------------------------------------------------------------------------------------


def test_a_list_pages_in_both_orders(stack: Stack) -> None:
    with stack.http("images-pages") as client:
        ids = [upload(client, small(number))["id"] for number in range(3)]

        assert list_ids(client, limit=1, order="asc") == ids
        assert list_ids(client, limit=1, order="desc") == ids[::-1]
        assert list_ids(client, limit=1) == ids[::-1]


def test_a_list_filters(stack: Stack) -> None:
    with stack.http("images-filters") as client:
        plain = upload(client, small(0))
        image_id = upload(client, small(1), kind="generated", group="conversation:c1")["id"]
        shown = upload(client, small(2), visibility="public")["id"]

        assert list_ids(client, kind="generated") == [image_id]
        assert list_ids(client, visibility="public") == [shown]
        assert list_ids(client, group="conversation:c1") == [image_id]
        assert list_ids(client, group="conversation:c2") == []
        assert set(list_ids(client, **{"from": plain["created_at"]})) == {plain["id"], image_id, shown}
        assert list_ids(client, **{"from": "2100-01-01T00:00:00Z"}) == []
        assert list_ids(client, to="2020-01-01T00:00:00Z") == []


def test_a_cursor_of_someone_else_is_invalid(stack: Stack) -> None:
    with stack.http("images-cursor-a") as first, stack.http("images-cursor-b") as second:
        for number in range(2):
            upload(first, small(number))
        cursor = first.get("/v1/images", params={"limit": 1}).json()["next_cursor"]
        assert cursor

        refused(second.get("/v1/images", params={"limit": 1, "cursor": cursor}), 400, "invalid_cursor")


# Publication -----------------------------------------------------------------------------------------------


def test_a_published_image_is_on_the_cdn_until_it_is_private_again(stack: Stack) -> None:
    with stack.http("images-publish") as client, stack.http(None) as nobody:
        image_id = upload(client)["id"]
        public = patch(client, image_id, visibility="public")
        link = public["public_url"]
        answer = nobody.get(link)
        assert answer.status_code == 302
        copy = answer.headers["location"]
        assert copy.startswith(stack.described["public_url"])
        copy_response = nobody.get(copy)
        assert copy_response.status_code == 200
        assert len(copy_response.content) == public["renditions"]["display"]["size_bytes"]
        assert "max-age" in copy_response.headers["cache-control"]

        private = patch(client, image_id, visibility="private")

        assert private["public_url"] is None
        refused(nobody.get(link), 404, "image_not_found")
        assert nobody.get(copy).status_code in {403, 404}
        assert patch(client, image_id, visibility="public")["public_url"] != link


def test_an_unlisted_image_has_a_public_link(stack: Stack) -> None:
    with stack.http("images-unlisted") as client, stack.http(None) as nobody:
        image = upload(client, visibility="unlisted")

        assert nobody.get(image["public_url"]).status_code == 302
        assert list_ids(client, visibility="unlisted") == [image["id"]]


# Deletion --------------------------------------------------------------------------------------------------


def test_the_trash_gives_back_what_was_deleted(stack: Stack) -> None:
    with stack.http("images-trash") as client:
        image_id = upload(client)["id"]

        assert client.delete(f"/v1/images/{image_id}").status_code == 204
        assert client.delete(f"/v1/images/{image_id}").status_code == 204
        assert list_ids(client) == []
        assert list_ids(client, trashed="true") == [image_id]
        restored = client.post(f"/v1/images/{image_id}/restore")

        assert restored.status_code == 200
        assert restored.json()["status"] == "ready"
        assert list_ids(client) == [image_id]
        assert list_ids(client, trashed="true") == []


def test_a_permanent_deletion_leaves_nothing(stack: Stack) -> None:
    with stack.http("images-permanent") as client:
        image_id = upload(client)["id"]
        bytes_at = client.get(f"/v1/images/{image_id}/content").headers["location"]

        gone = client.delete(f"/v1/images/{image_id}", params={"permanent": "true"})

        assert gone.status_code == 204
        refused(client.get(f"/v1/images/{image_id}"), 404, "image_not_found")
        refused(client.delete(f"/v1/images/{image_id}"), 404, "image_not_found")
        refused(client.post(f"/v1/images/{image_id}/restore"), 404, "image_not_found")
        assert anyone.get(bytes_at).status_code == 404
        assert list_ids(client) == list_ids(client, trashed="true") == []


def test_a_head_can_be_followed_and_says_what_a_get_would_bring(stack: Stack) -> None:
    with stack.http("images-head") as client:
        data = small()
        image = upload(client, data)

        for path, size in (("/content", len(data)), ("/content?rendition=thumb", None)):
            answer = client.head(f"/v1/images/{image['id']}{path}", follow_redirects=False)
            assert answer.status_code == 302
            response = anyone.head(answer.headers["location"])
            assert response.status_code == 200
            assert size in {None, int(response.headers["content-length"])}


# Who may ---------------------------------------------------------------------------------------------------

ID_ROUTES = [
    ("GET", ""),
    ("GET", "/content"),
    ("HEAD", "/content"),
    ("PATCH", ""),
    ("DELETE", ""),
    ("POST", "/restore"),
]


def test_the_images_of_someone_else_are_not_found(stack: Stack) -> None:
    with stack.http("images-mine") as mine, stack.http("images-theirs") as theirs:
        image = upload(mine)
        for method, path in ID_ROUTES:
            body = {"json": {"title": "theirs"}} if method == "PATCH" else {}
            answer = theirs.request(method, f"/v1/images/{image['id']}{path}", **body)  # type: ignore[arg-type]  # the table holds keyword arguments of httpx
            assert answer.status_code == 404, (method, path)
            if method != "HEAD":
                refused(answer, 404, "image_not_found")

        assert mine.get(f"/v1/images/{image['id']}").json()["title"] is None
        assert list_ids(mine) == [image["id"]]
        assert list_ids(theirs) == []


def test_nothing_is_answered_without_a_token(stack: Stack) -> None:
    with stack.http(None) as nobody:
        assert nobody.get("/v1/images").status_code == 401
        assert nobody.post("/v1/images", content=small(), headers=JPEG).status_code == 401
        for method, path in ID_ROUTES:
            assert nobody.request(method, f"/v1/images/{UNKNOWN_ID}{path}").status_code == 401


# Bad uploads -----------------------------------------------------------------------------------------------

GOOD = base64.b64encode(small()).decode()
BAD: dict[str, tuple[dict[str, Any], int, str]] = {
    "text": ({"content": FOREIGN_FILES["text"], "headers": JPEG}, 415, "unsupported_media_type"),
    "wrong-type": ({"content": png(96, 64), "headers": JPEG}, 422, "content_type_mismatch"),
    "truncated": ({"content": small()[:1500], "headers": JPEG}, 422, "invalid_image"),
    "form": (
        {"content": b"--x\r\nbroken", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        400,
        "invalid_request",
    ),
    "base64": ({"json": {"source": {"base64": "a$b"}}}, 400, "invalid_request"),
    "unknown-field": ({"json": {"source": {"base64": GOOD}, "colour": "red"}}, 400, "invalid_request"),
    "unknown-parameter": (
        {"content": small(), "headers": JPEG, "params": {"colour": "red"}},
        400,
        "invalid_request",
    ),
    "long-tag": ({"json": {"source": {"base64": GOOD}, "tags": ["x" * 5000]}}, 400, "invalid_request"),
    "control": ({"json": {"source": {"base64": GOOD}, "filename": "a\x00\n.jpg"}}, 400, "invalid_request"),
    "empty": ({"content": b"", "headers": JPEG}, 400, "invalid_request"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_upload_is_refused_and_stores_nothing(stack: Stack, name: str) -> None:
    request, status, code = BAD[name]
    with stack.http(f"images-bad-{name}") as client:
        refused(client.post("/v1/images", **request), status, code)

        assert list_ids(client) == list_ids(client, trashed="true") == []


def test_a_body_of_10_mb_is_413(stack: Stack) -> None:
    with stack.http("images-large") as client:
        answer = client.post("/v1/images", content=small() + bytes(10_000_000), headers=JPEG)

        assert answer.status_code == 413
        assert list_ids(client) == []


# Around the images -----------------------------------------------------------------------------------------


def test_an_object_in_the_ingest_bucket_becomes_an_image(stack: Stack) -> None:
    owner, bucket = "images-ingest", stack.described["ingest_bucket"]
    key = f"ingest/{owner}/x.jpg"
    storage = stack.client("s3")
    storage.put_object(Bucket=bucket, Key=key, Body=small(), ContentType="image/jpeg")
    with stack.http(owner) as client:
        deadline = time.monotonic() + INGESTED_SECONDS
        while not (ids := list_ids(client)) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)

        assert len(ids) == 1
        assert client.get(f"/v1/images/{ids[0]}").json()["filename"] == "x.jpg"


def test_the_cleanup_answers_a_report(stack: Stack) -> None:
    functions = stack.client("lambda")
    names = [function["FunctionName"] for function in functions.list_functions()["Functions"]]
    [name] = [name for name in names if "cleanup" in name.lower()]

    answer = functions.invoke(FunctionName=name, Payload=b"{}")

    assert "FunctionError" not in answer
    report = json.loads(answer["Payload"].read())
    assert report
    assert all(isinstance(field, str) for field in report)


def test_what_the_api_says_of_itself_is_public(stack: Stack) -> None:
    with stack.http(None) as nobody:
        assert nobody.get("/v1/health").json() == {"status": "ok"}
        document = nobody.get("/openapi.json").json()
        assert document["openapi"].startswith("3.1")
        assert "/v1/images" in document["paths"]
        page = nobody.get("/docs")
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
