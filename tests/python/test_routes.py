"""Every route of the API below `/v1` has an operation of the Python client."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from image_store_client.uploads.upload import IN_REQUEST_BYTES
from tests.python.scripted_server import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.python.both import AnyStore
    from tests.python.scripted_server import ScriptedServer

DOCUMENT = json.loads(
    (Path(__file__).resolve().parents[2] / "functions/site/openapi.json").read_text("utf-8")
)
WITHOUT_OPERATION = {
    "POST /v1/images/batch",  # upload_many sends each image by itself, so that a failure repeats one image
    "GET /v1/health",  # for monitors
}
JPEG = b"\xff\xd8\xff\xe0"
OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "POST /v1/images": lambda s: s.upload(JPEG),
    "GET /v1/images": lambda s: s.images.list().page(),
    "GET /v1/images/{image_id}": lambda s: s.images.get("i1"),
    "PATCH /v1/images/{image_id}": lambda s: s.images.update("i1", {"title": "A cat"}),
    "DELETE /v1/images/{image_id}": lambda s: s.images.delete("i1", permanent=True),
    "POST /v1/images/{image_id}/restore": lambda s: s.images.restore("i1"),
    "POST /v1/images/{image_id}/links": lambda s: s.images.link("i1", w=10),
    "GET /v1/images/{image_id}/similar": lambda s: s.images.similar("i1", limit=3),
    "GET /v1/images/{image_id}/content": lambda s: s.images.content_link("i1"),
    "POST /v1/images/batch-delete": lambda s: s.images.delete_many(["i1"]),
    "POST /v1/images/batch-restore": lambda s: s.images.restore_many(["i1"]),
    "POST /v1/images/batch-update": lambda s: s.images.update_many(ids=["i1"], add_tags=["a"]),
    "GET /v1/search": lambda s: s.images.search("cat").page(),
    "GET /v1/feed": lambda s: s.feed().page(),
    "GET /v1/stats": lambda s: s.stats(scope="all"),
    "GET /v1/groups": lambda s: s.groups.list(group_type="album", prefix="su").page(),
    "POST /v1/groups": lambda s: s.groups.create(type="album", title="Summer"),
    "GET /v1/groups/{group}": lambda s: s.groups.get("album:summer"),
    "PATCH /v1/groups/{group}": lambda s: s.groups.update("album:summer", {"title": None}),
    "DELETE /v1/groups/{group}": lambda s: s.groups.delete("album:summer", images="keep"),
    "GET /v1/tags": lambda s: s.tags.list(prefix="su").page(),
    "GET /v1/timeline": lambda s: s.timeline(),
    "POST /v1/uploads": lambda s: s.upload(JPEG + bytes(IN_REQUEST_BYTES)),
    "POST /v1/generations": lambda s: s.jobs.create("a cat"),
    "GET /v1/generations": lambda s: s.jobs.list().page(),
    "GET /v1/generations/{job_id}": lambda s: s.jobs.get("j1"),
    "DELETE /v1/generations/{job_id}": lambda s: s.jobs.cancel("j1"),
    "POST /v1/generations/{job_id}/retry": lambda s: s.jobs.retry("j1"),
    "POST /v1/shares": lambda s: s.share(all=True),
    "GET /v1/shares": lambda s: s.shares.list().page(),
    "DELETE /v1/shares/{share_id}": lambda s: s.shares.revoke("s1"),
    "POST /v1/keys": lambda s: s.keys.create(name="job", scopes=["images:read"]),
    "GET /v1/keys": lambda s: s.keys.list(all_owners=True).page(),
    "GET /v1/keys/{key_id}": lambda s: s.keys.get("k1"),
    "PATCH /v1/keys/{key_id}": lambda s: s.keys.update("k1", {"name": "job"}),
    "DELETE /v1/keys/{key_id}": lambda s: s.keys.revoke("k1"),
    "POST /v1/keys/{key_id}/rotate": lambda s: s.keys.rotate("k1", grace_seconds=0),
    "GET /v1/keys/{key_id}/usage": lambda s: s.keys.usage("k1", since="2026-01-01"),
    "POST /v1/upload-tokens": lambda s: s.upload_tokens.create(max_images=1),
    "POST /v1/webhooks": lambda s: s.webhooks.create(
        url="https://app.example/hooks", types=["image.created"]
    ),
    "GET /v1/webhooks": lambda s: s.webhooks.list(),
    "GET /v1/webhooks/{webhook_id}": lambda s: s.webhooks.get("w1"),
    "PATCH /v1/webhooks/{webhook_id}": lambda s: s.webhooks.update("w1", {"enabled": False}),
    "DELETE /v1/webhooks/{webhook_id}": lambda s: s.webhooks.delete("w1"),
    "POST /v1/webhooks/{webhook_id}/test": lambda s: s.webhooks.test("w1"),
    "GET /v1/webhooks/{webhook_id}/deliveries": lambda s: s.webhooks.deliveries("w1", status="failed").page(),
    "POST /v1/webhooks/{webhook_id}/replay": lambda s: s.webhooks.replay("w1", failed=True),
    "POST /v1/webhooks/{webhook_id}/rotate-secret": lambda s: s.webhooks.rotate_secret("w1", overlap_hours=0),
    "GET /v1/providers": lambda s: s.providers.list(),
    "PUT /v1/provider-keys/{provider}": lambda s: s.providers.set_key("openai", "sk", account_id="a"),
    "DELETE /v1/provider-keys/{provider}": lambda s: s.providers.delete_key("openai"),
    "POST /v1/admin/cleanup": lambda s: s.admin.cleanup(dry_run=True),
    "GET /v1/admin/cleanup/reports": lambda s: s.admin.cleanup_reports(limit=1),
    "GET /v1/admin/owners": lambda s: s.admin.owners().page(),
    "GET /v1/admin/health": lambda s: s.admin.health(),
    "POST /v1/admin/migrations": lambda s: s.admin.migrations.create({"source": {"jsonl": "a.jsonl"}}),
    "GET /v1/admin/migrations/{migration_id}": lambda s: s.admin.migrations.get("m1"),
    "GET /v1/admin/migrations/{migration_id}/records": lambda s: s.admin.migrations.records("m1").page(),
    "POST /v1/admin/imports": lambda s: s.admin.imports.create(source="old", owner="alice"),
    "GET /v1/admin/imports/{import_id}": lambda s: s.admin.imports.get("i1"),
    "GET /v1/admin/imports/{import_id}/records": lambda s: s.admin.imports.records("i1").page(),
    "DELETE /v1/admin/imports/{import_id}": lambda s: s.admin.imports.cancel("i1"),
    "GET /v1/admin/migrations/{migration_id}/content": lambda s: s.admin.migrations.content("m1", "r1"),
    "POST /v1/admin/repairs": lambda s: s.admin.repairs.create(dry_run=True),
    "POST /v1/admin/backups": lambda s: s.admin.backups.create(task="verify"),
    "GET /v1/admin/backups": lambda s: s.admin.backups.list(limit=5),
    "GET /v1/admin/backups/{backup_id}": lambda s: s.admin.backups.get("b1"),
    "GET /v1/admin/repairs/{repair_id}": lambda s: s.admin.repairs.get("r1"),
    "POST /v1/admin/restores": lambda s: s.admin.restores.create(dry_run=True),
    "GET /v1/admin/restores/{restore_id}": lambda s: s.admin.restores.get("r1"),
    "POST /v1/admin/rebuilds": lambda s: s.admin.rebuilds.create(dry_run=True),
    "GET /v1/admin/rebuilds/{rebuild_id}": lambda s: s.admin.rebuilds.get("r1"),
}
_ELSEWHERE = {
    "POST /v1/uploads/{image_id}/complete",  # the end of an upload
    "GET /v1/events",  # in test_events
}
ENOUGH = {
    "id": "i1",
    "items": [],
    "successful": [],
    "failed": [],
    "images": 0,
    "next_cursor": None,
    "url_prefix": "https://x/s/1",
}
"""What each operation reads of its response."""


def test_every_route_has_an_operation() -> None:
    routes = {
        f"{method.upper()} {path}"
        for path, operations in DOCUMENT["paths"].items()
        for method in operations
        if path.startswith("/v1/") and method not in {"head", "parameters"}
    }

    assert set(OPERATIONS) | WITHOUT_OPERATION | _ELSEWHERE == routes


@pytest.mark.parametrize("route", OPERATIONS)
def test_an_operation_sends_its_request(store: AnyStore, server: ScriptedServer, route: str) -> None:
    server.answer(Answer(200, ENOUGH, {"Location": "https://storage.example/key"}))

    store(OPERATIONS[route])

    [request] = server.requests
    method, path = route.split(" ")
    pattern = re.sub(r"\{[a-z_]+\}", "[a-z0-9%A-Z]+", path)
    assert request.method == method
    assert re.fullmatch(pattern, request.path.partition("?")[0])
