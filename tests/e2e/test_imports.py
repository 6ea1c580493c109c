"""Images of another store move here on the real stack, and their old addresses lead to them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import httpx

from tests.e2e import anyone
from tests.e2e.conftest import IMPORT_SECRET, REMOTE_ADDRESS
from tests.importing.servers import S3Server
from tests.pictures import jpeg

if TYPE_CHECKING:
    from tests.e2e.conftest import Stack

DEADLINE_SECONDS = 60
POLL_SECONDS = 0.2
IMAGES = 3


def describe_source(stack: Stack, server: S3Server) -> None:
    """Name a bucket of another store as a source, as an operator does."""
    source = {
        "kind": "s3",
        "endpoint": server.url,
        "region": "auto",
        "bucket": server.bucket,
        "access_key_id": server.access_key,
        "secret_access_key": server.secret,
        "public_url": "https://old.example.com",
    }
    stack.client("secretsmanager").create_secret(Name=IMPORT_SECRET, SecretString=json.dumps({"old": source}))


def ended(client: httpx.Client, address: str) -> dict[str, Any]:
    """Wait until an import is over and answer how it ended."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        seen: dict[str, Any] = client.get(address).json()
        if seen["status"] not in ("queued", "running", "waiting"):
            return seen
        assert time.monotonic() < deadline, seen
        time.sleep(POLL_SECONDS)


def test_a_bucket_is_imported_once_and_its_old_addresses_lead_here(stack: Stack) -> None:
    owner = "import-bucket"
    files = {f"trips/ä {number}.jpg": jpeg(64 + number, 48) for number in range(IMAGES)}
    files["notes.jpg"] = b"no picture"
    with (
        S3Server(files, at=REMOTE_ADDRESS) as server,
        stack.admin() as admin,
        stack.http(owner) as mine,
        httpx.Client(base_url=stack.described["api_url"], timeout=anyone.PATIENCE_SECONDS) as visitor,
    ):
        describe_source(stack, server)

        def run() -> dict[str, Any]:
            request = {"source": "old", "owner": owner, "redirects": True}
            begun = admin.post("/v1/admin/imports", json=request)
            assert begun.status_code == 202, begun.text
            return ended(admin, f"/v1/admin/imports/{begun.json()['id']}")

        first, again = run(), run()
        records = admin.get(f"/v1/admin/imports/{first['id']}/records").json()["items"]
        items = mine.get("/v1/images", params={"group": "folder:trips"}).json()["items"]
        moved = visitor.get("/m/trips/%C3%A4%200.jpg")
        unknown = visitor.get("/m/trips/0.jpg")

    assert (first["status"], first["progress"]["stored"], first["progress"]["failed"]) == (
        "succeeded",
        IMAGES,
        1,
    )
    assert (again["progress"]["stored"], again["progress"]["existed"]) == (0, IMAGES)
    assert len(items) == IMAGES
    assert len(records) == IMAGES + 1
    assert (moved.status_code, unknown.status_code) == (302, 404)
    assert anyone.get(moved.headers["location"]).headers["content-type"].startswith("image/")
