"""Direct uploads through the real API and the real storage: whoever has the link can store these bytes, once."""

from __future__ import annotations

import hashlib
import random
import time
from io import BytesIO
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image

from tests.e2e import anyone
from tests.e2e.test_images import UNKNOWN_ID, list_ids, refused
from tests.pictures import jpeg

if TYPE_CHECKING:
    from tests.e2e.conftest import Stack

COMPLETED_SECONDS = 60
POLL_SECONDS = 0.5
PICTURE = jpeg(640, 480)


def begin(client: httpx.Client, data: bytes = PICTURE, **changes: Any) -> dict[str, Any]:
    """Announce a JPEG and answer the ticket."""
    announced = {
        "content_type": "image/jpeg",
        "size_bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    answer = client.post("/v1/uploads", json=announced | changes)
    assert answer.status_code == 201, answer.text
    ticket: dict[str, Any] = answer.json()
    return ticket


def send(ticket: dict[str, Any], data: bytes, **headers: str) -> int:
    """PUT bytes to where a ticket says, with its headers and no token; answer the status."""
    upload = ticket["upload"]
    return httpx.put(upload["url"], content=data, headers=upload["headers"] | headers, timeout=60).status_code


def complete(client: httpx.Client, ticket: dict[str, Any]) -> httpx.Response:
    """Complete an upload, and ask again while it goes on behind the request."""
    deadline = time.monotonic() + COMPLETED_SECONDS
    while True:
        answer = client.post(f"/v1/uploads/{ticket['id']}/complete")
        if answer.status_code != 202 or time.monotonic() > deadline:
            return answer
        time.sleep(POLL_SECONDS)


def staged(stack: Stack, ticket: dict[str, Any]) -> list[str]:
    """Answer the keys that lie in staging for an upload."""
    listing = stack.client("s3").list_objects_v2(
        Bucket=stack.described["private_bucket"], Prefix=f"staging/{ticket['id']}/"
    )
    return [each["Key"] for each in listing.get("Contents", [])]


def test_a_direct_upload_becomes_an_image(stack: Stack) -> None:
    with stack.http("direct-1") as client:
        ticket = begin(client, filename="wüste.jpg", tags=["a"], visibility="public")
        assert list_ids(client) == []

        assert send(ticket, PICTURE) == 200
        answer = complete(client, ticket)

        assert answer.status_code == 201, answer.text
        image = answer.json()
        assert (image["id"], image["width"], image["height"]) == (ticket["id"], 640, 480)
        assert (image["filename"], image["sha256"]) == ("wüste.jpg", hashlib.sha256(PICTURE).hexdigest())
        assert list_ids(client) == [ticket["id"]]
        content = client.get(f"/v1/images/{image['id']}/content").headers["location"]
        assert anyone.get(content).content == PICTURE
        assert anyone.get(image["public_url"], follow_redirects=True).status_code == 200
        assert staged(stack, ticket) == []


def test_completing_again_and_sending_again_do_no_harm(stack: Stack) -> None:
    with stack.http("direct-2") as client:
        ticket = begin(client)
        assert send(ticket, PICTURE) == 200
        assert send(ticket, PICTURE) == 412
        first = complete(client, ticket)

        again = complete(client, ticket)
        late = send(ticket, PICTURE)
        after = complete(client, ticket)

        assert [answer.status_code for answer in (first, again, after)] == [201, 201, 201]
        assert first.json()["id"] == again.json()["id"] == after.json()["id"]
        assert late == 200  # the place is free again, and cleanup empties it
        assert list_ids(client) == [ticket["id"]]


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        (PICTURE + b"more", {}),
        (PICTURE[:-1], {}),
        (PICTURE, {"Content-Type": "image/png"}),
        (PICTURE, {"If-None-Match": ""}),
        (PICTURE, {"x-amz-checksum-sha256": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}),
    ],
    ids=["more bytes", "fewer bytes", "another type", "not write-once", "another checksum"],
)
def test_what_was_not_announced_cannot_be_stored(stack: Stack, data: bytes, headers: dict[str, str]) -> None:
    with stack.http("direct-3") as client:
        ticket = begin(client)

        status = send(ticket, data, **headers)

        assert status in {400, 403}
        assert staged(stack, ticket) == []
        refused(complete(client, ticket), 409, "upload_incomplete")


def test_bytes_that_are_not_an_image_are_refused_permanently(stack: Stack) -> None:
    data = b"\xff\xd8\xff but no picture" * 10
    with stack.http("direct-4") as client:
        ticket = begin(client, data)
        assert send(ticket, data) == 200

        refused(complete(client, ticket), 422, "invalid_image")
        refused(complete(client, ticket), 422, "invalid_image")

        assert list_ids(client) == []


def test_another_type_than_announced_is_refused(stack: Stack) -> None:
    with stack.http("direct-5") as client:
        ticket = begin(client, content_type="image/png")
        assert send(ticket, PICTURE) == 200

        refused(complete(client, ticket), 422, "content_type_mismatch")


def test_an_upload_is_its_owners(stack: Stack) -> None:
    with stack.http("direct-6") as client, stack.http("direct-7") as stranger, stack.http(None) as nobody:
        ticket = begin(client)
        assert send(ticket, PICTURE) == 200

        refused(complete(stranger, ticket), 404, "upload_not_found")
        assert complete(nobody, ticket).status_code == 401
        refused(client.post(f"/v1/uploads/{UNKNOWN_ID}/complete"), 404, "upload_not_found")
        refused(client.post("/v1/uploads/nonsense/complete"), 404, "upload_not_found")
        assert complete(client, ticket).status_code == 201


def test_the_same_key_begins_the_same_upload(stack: Stack) -> None:
    with stack.http("direct-8") as client:
        client.headers["Idempotency-Key"] = "one"
        first, again = begin(client), begin(client)

        assert first["id"] == again["id"]
        assert send(again, PICTURE) == 200
        assert complete(client, first).status_code == 201
        stored = client.post(
            "/v1/uploads",
            json={
                "content_type": "image/jpeg",
                "size_bytes": len(PICTURE),
                "sha256": hashlib.sha256(PICTURE).hexdigest(),
            },
        )
        assert (stored.status_code, stored.json()["id"]) == (200, first["id"])


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"size_bytes": 0}, 400, "invalid_request"),
        ({"size_bytes": 100 * 1024 * 1024 + 1}, 413, "payload_too_large"),
        ({"sha256": "ABC"}, 400, "invalid_request"),
        ({"content_type": "image/svg+xml"}, 400, "invalid_request"),
        ({"kind": "reference", "visibility": "public"}, 400, "invalid_request"),
        ({"colour": "red"}, 400, "invalid_request"),
    ],
)
def test_what_cannot_be_uploaded_is_refused_at_once(
    stack: Stack, changes: dict[str, Any], status: int, code: str
) -> None:
    announced = {"content_type": "image/jpeg", "size_bytes": 1, "sha256": "00" * 32}
    with stack.http("direct-9") as client:
        refused(client.post("/v1/uploads", json=announced | changes), status, code)


def large_png() -> bytes:
    """A picture that cannot be compressed: 22 MB."""
    width, height = 2_900, 2_600
    noise = random.Random(1).randbytes(3 * width * height)  # noqa: S311 - pixels are no secret
    out = BytesIO()
    Image.frombytes("RGB", (width, height), noise).save(out, "PNG", compress_level=0)
    return out.getvalue()


def test_a_large_upload_is_completed_in_the_background(stack: Stack) -> None:
    data = large_png()
    assert len(data) > 20 * 1024 * 1024
    with stack.http("direct-10") as client:
        ticket = begin(client, data, content_type="image/png")
        assert send(ticket, data) == 200

        first = client.post(f"/v1/uploads/{ticket['id']}/complete")
        answer = complete(client, ticket)

        assert first.status_code == 202
        assert first.json() == {"id": ticket["id"], "status": "processing"}
        assert first.headers["location"].endswith(f"/v1/images/{ticket['id']}")
        assert answer.status_code == 201, answer.text
        assert (answer.json()["width"], answer.json()["size_bytes"]) == (2_900, len(data))
        assert answer.json()["warnings"] == ["The original is larger than 10 MB."]
