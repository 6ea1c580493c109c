"""Both Python clients against the running stack: every operation, faults on the network, and the page of the docs."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
import threading
import uuid
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from image_store_client import ImageStoreError, NotFoundError
from tests.e2e import anyone
from tests.e2e.conftest import REMOTE_ADDRESS
from tests.pictures import jpeg
from tests.python.both import ASYNC, SYNC, AnyStore, any_store
from tests.python.faulty_proxy import Fault, FaultyProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import Stack

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/python.md"
LARGE_BYTES = 4_000_001
PAGE_SECONDS = 120
NOBODY = "00000000-0000-7000-8000-000000000000"


@pytest.fixture(params=[SYNC, ASYNC])
def kind(request: pytest.FixtureRequest) -> str:
    """Which client."""
    return str(request.param)


@pytest.fixture
def store(kind: str, stack: Stack) -> Iterator[AnyStore]:
    """A client of an owner who has no images."""
    with any_store(kind, stack.api_url, token=stack.token(f"python-{uuid.uuid4()}")) as client:
        yield client


@pytest.fixture
def admin(kind: str, stack: Stack) -> Iterator[AnyStore]:
    """A client of an admin."""
    token = stack.token(f"admin-{uuid.uuid4()}", scope="images:admin")
    with any_store(kind, stack.api_url, token=token) as client:
        yield client


def large(seed: int = 0) -> bytes:
    """A JPEG that is too large for one request: bytes after its end are ignored."""
    return jpeg(64 + seed, 48) + bytes(LARGE_BYTES)


def test_an_image_is_stored_read_changed_and_deleted(store: AnyStore, tmp_path: Path) -> None:
    data = jpeg(64, 48)
    image = store(lambda s: s.upload(data, filename="cat.jpg", tags=["cat"], groups={"trip": ["1"]}))
    image_id = image["id"]

    changed = store(
        lambda s: s.images.update(image_id, lambda now: {"title": "A cat", "tags": [*now["tags"], "pet"]})
    )
    etag = store(lambda s: s.request("GET", f"/v1/images/{image_id}")).headers["ETag"]
    again = store(lambda s: s.images.update(image_id, {"title": "The cat"}, if_match=etag))
    with pytest.raises(ImageStoreError) as stale:
        store(lambda s: s.images.update(image_id, {"title": "No"}, if_match=etag))
    path = store(lambda s: s.images.download(image_id, tmp_path / "cat.jpg"))
    thumb = store(lambda s: s.images.bytes(image_id, preset="thumb"))
    link = store(lambda s: s.images.link(image_id, w=32, expires_in=60))
    shown = anyone.get(link["url"], follow_redirects=True).status_code
    latest = store(lambda s: s.images.get(image_id))
    similar = store(lambda s: s.images.similar(image_id))
    store(lambda s: s.images.delete(image_id))
    is_in_trash = store(lambda s: s.images.get(image_id))["status"] == "trashed"
    restored = store(lambda s: s.images.restore(image_id))
    store(lambda s: s.images.delete(image_id, permanent=True))

    assert (image["filename"], image["tags"], image["groups"]) == ("cat.jpg", ["cat"], {"trip": ["1"]})
    assert (changed["title"], changed["tags"]) == ("A cat", ["cat", "pet"])
    assert (again["title"], latest["title"]) == ("The cat", "The cat")
    assert (stale.value.code, stale.value.status) == ("precondition_failed", 412)
    assert (path.read_bytes(), thumb[:3]) == (data, b"\xff\xd8\xff")
    assert (shown, similar) == (200, [])
    assert (is_in_trash, restored["status"]) == (True, "ready")
    assert store(lambda s: s.images.exists(image_id)) is False
    with pytest.raises(NotFoundError):
        store(lambda s: s.images.get(image_id))


def test_images_are_listed_searched_and_deleted_together(store: AnyStore) -> None:
    word = f"w{uuid.uuid4().hex[:12]}"
    pictures = [jpeg(60 + index, 40) for index in range(3)]
    results = store(lambda s: s.upload_many(pictures, title=word, groups={"trip": ["2"]}))
    ids = {each.image["id"] for each in results.successful}

    by_sha = store(lambda s: s.images.list(sha256=hashlib.sha256(pictures[0]).hexdigest()).to_list(limit=5))
    listed_ids = {card["id"] for card in store.items(lambda s: s.images.list(page_size=2))}
    fields = store.items(lambda s: s.images.list(group="trip:2", fields="title", since="2020-01-01"))
    search = store(lambda s: s.images.search(word).page())
    changed = store(lambda s: s.images.update_many(ids=[*ids, NOBODY], add_tags=["seen"], category="trips"))
    deleted = store(lambda s: s.images.delete_many([*sorted(ids)[:1], NOBODY]))
    restored = store(lambda s: s.images.restore_many(sorted(ids)[:1]))
    again = store(lambda s: s.images.get(min(ids)))
    store(lambda s: s.images.delete_many(sorted(ids)[:1]))
    others = store(lambda s: s.images.delete_many(group="trip:2", permanent=True))

    assert (len(ids), results.failed, listed_ids) == (3, [], ids)
    assert [card["id"] for card in by_sha] == [results.successful[0].image["id"]]
    assert {card["title"] for card in fields} == {word}
    assert {card["id"] for card in search.items} <= ids
    assert "not_searched" in search.body
    assert ([*deleted["successful"]], deleted["failed"][0]["id"]) == (sorted(ids)[:1], NOBODY)
    assert (set(changed["successful"]), [each["id"] for each in changed["failed"]]) == (ids, [NOBODY])
    assert (restored["successful"], again["tags"], again["category"]) == (sorted(ids)[:1], ["seen"], "trips")
    assert set(others["successful"]) >= ids - set(deleted["successful"])


def test_a_large_image_goes_straight_to_storage_and_many_attributes_in_a_form(store: AnyStore) -> None:
    phases: list[str] = []
    image = store(lambda s: s.upload(large(), on_progress=lambda now: phases.append(now.phase)))
    form = store(lambda s: s.upload(jpeg(71, 50), metadata={"a": 1}, title="Ä" * 300))
    same = store(lambda s: s.upload(large(), on_duplicate="return_existing"))
    with pytest.raises(ImageStoreError) as duplicate:
        store(lambda s: s.upload(large(), on_duplicate="reject"))

    def upload_small(key: str | None) -> Any:
        return store(lambda s: s.upload(jpeg(72, 50), on_duplicate="return_existing", idempotency_key=key))

    small = [upload_small(key) for key in ("first", "first", None)]
    assert (image["size_bytes"], same["id"]) == (len(large()), image["id"])
    assert [each["existed"] for each in (image, form, same, *small)] == [
        *(False, False, True),
        *(False, False, True),
    ]
    assert list(dict.fromkeys(phases)) == ["hashing", "sending", "finishing"]
    assert (form["metadata"], form["title"]) == ({"a": 1}, "Ä" * 300)
    assert (duplicate.value.code, duplicate.value.existing_id) == ("duplicate_image", image["id"])


def test_the_store_fetches_an_address(store: AnyStore) -> None:
    with remote_picture(jpeg(70, 50)) as url:
        image = store(lambda s: s.upload(url, title="From elsewhere"))

    assert (image["title"], image["width"]) == ("From elsewhere", 70)


FAULTS = [
    Fault("POST", "/v1/images", 503),
    Fault("POST", "/v1/images", "lost"),
    Fault("PUT", "", "cut"),
    Fault("PUT", "", "lost"),
    Fault("PUT", "", 503),
    Fault("POST", "/v1/uploads", "lost"),
    Fault("POST", "/complete", "lost"),
    Fault("POST", "/complete", 429),
]


@pytest.mark.parametrize(
    ("kind", "fault"),
    [*zip([SYNC, ASYNC] * 4, FAULTS, strict=True), (ASYNC, FAULTS[2])],
    ids=lambda value: value if isinstance(value, str) else f"{value.kind} {value.method} {value.path_end}",
)
def test_an_upload_over_a_bad_network_is_stored_once(kind: str, stack: Stack, fault: Fault) -> None:
    is_large = fault.path_end != "/v1/images"
    data = large(1) if is_large else jpeg(65, 48)
    with FaultyProxy() as proxy:
        proxy.faults.append(fault)
        connection = httpx.Client if kind == SYNC else httpx.AsyncClient
        client = connection(proxy=proxy.url, timeout=40)
        with any_store(
            kind, stack.api_url, token=stack.token(f"python-{uuid.uuid4()}"), http_client=client
        ) as store:
            image = store(lambda s: s.upload(data))
            ids = [card["id"] for card in store.items(lambda s: s.images.list())]
            sha256 = hashlib.sha256(store(lambda s: s.images.bytes(image["id"]))).hexdigest()
            store(lambda _: client.aclose() if isinstance(client, httpx.AsyncClient) else client.close())

    assert not proxy.faults
    assert ids == [image["id"]]
    assert sha256 == image["sha256"] == hashlib.sha256(data).hexdigest()


def test_a_share_shows_images_until_it_is_revoked(store: AnyStore) -> None:
    image = store(lambda s: s.upload(jpeg(800, 600)))

    share = store(
        lambda s: s.share(image=image["id"], presets=["w640", "thumb"], expires_in=600, name="Test")
    )
    addresses = [part.split(" ")[0] for part in share.srcset(image, [640]).split(", ")]
    shown = [
        anyone.get(url, follow_redirects=True).status_code for url in [*addresses, share.src(image, "thumb")]
    ]
    names = [each["name"] for each in store.items(lambda s: s.shares.list())]
    store(lambda s: s.shares.revoke(share.id))
    status = store.items(lambda s: s.shares.list())[0]["status"]

    assert shown == [200, 200]
    assert (names, status) == (["Test"], "revoked")


def test_images_are_generated_with_progress(store: AnyStore) -> None:
    seen: list[str] = []

    job = store(lambda s: s.generate("A red fox", on_progress=lambda state: seen.append(state["status"])))
    states = store.items(lambda s: s.jobs.watch(job["id"]))
    jobs = store(lambda s: s.jobs.list().to_list(limit=5))
    image = store(lambda s: s.images.get(job["items"][0]["image_id"]))
    with pytest.raises(ImageStoreError) as nothing_failed:
        store(lambda s: s.jobs.retry(NOBODY))
    started = store(lambda s: s.jobs.create({"items": [{"prompt": "A blue fox"}]}))
    cancelled = store(lambda s: s.jobs.cancel(started["id"]))

    assert (job["status"], seen[-1], states) == (
        "succeeded",
        "succeeded",
        [store(lambda s: s.jobs.get(job["id"]))],
    )
    assert [each["id"] for each in jobs] == [job["id"]]
    assert image["kind"] == "generated"
    assert nothing_failed.value.code == "job_not_found"
    assert cancelled["id"] == started["id"]


def test_keys_call_for_owners_and_upload_tokens_upload(kind: str, stack: Stack, admin: AnyStore) -> None:
    scopes = ["images:read", "images:write", "act-as"]
    key = admin(lambda s: s.keys.create(name="backend", scopes=scopes))
    rotated = admin(lambda s: s.keys.rotate(key["id"], grace_seconds=0))
    changed = admin(lambda s: s.keys.update(key["id"], {"name": "server"}))

    with any_store(kind, stack.api_url, key=rotated["key"]) as backend:
        owner = f"python-{uuid.uuid4()}"
        image = backend.as_owner(owner)(lambda s: s.upload(jpeg(66, 48)))
        upload_token = backend.as_owner(owner)(lambda s: s.upload_tokens.create(expires_in=600, max_images=1))
    with any_store(kind, stack.api_url, token=upload_token["token"]) as page:
        uploaded = page(lambda s: s.upload(jpeg(67, 48)))
        with pytest.raises(ImageStoreError) as used_up:
            page(lambda s: s.upload(jpeg(68, 48)))
    names = {each["id"]: each["name"] for each in admin.items(lambda s: s.keys.list())}
    shown = admin(lambda s: s.keys.get(key["id"]))
    usage = admin(lambda s: s.keys.usage(key["id"]))
    admin(lambda s: s.keys.revoke(key["id"]))

    assert (image["owner_id"], uploaded["owner_id"]) == (owner, owner)
    assert used_up.value.code == "upload_token_used_up"
    assert (names[key["id"]], changed["name"], shown["status"]) == ("server", "server", "active")
    assert "key" not in shown
    assert usage["total"]["images"] == 2


def test_webhooks_are_managed_by_their_owner(store: AnyStore) -> None:
    url = "https://no-such-app.invalid/hooks"  # nobody answers there
    created = store(lambda s: s.webhooks.create(url=url, types=["image.created"], description="mirror"))
    webhook_id = created["id"]

    changed = store(lambda s: s.webhooks.update(webhook_id, {"types": None}))
    sent = store(lambda s: s.webhooks.test(webhook_id))
    deliveries = store.items(lambda s: s.webhooks.deliveries(webhook_id, page_size=10))
    replayed = store(lambda s: s.webhooks.replay(webhook_id, event_id=sent["event"]["id"]))
    rotated = store(lambda s: s.webhooks.rotate_secret(webhook_id, overlap_hours=0))
    shown = store(lambda s: s.webhooks.get(webhook_id))
    listed_ids = [each["id"] for each in store(lambda s: s.webhooks.list())]
    store(lambda s: s.webhooks.delete(webhook_id))

    assert (created["url"], created["types"], created["description"]) == (url, ["image.created"], "mirror")
    assert (changed["types"], sent["event"]["type"]) == (None, "webhook.test")
    assert [each["event"]["id"] for each in deliveries] == [sent["event"]["id"]]
    assert replayed["event_id"] == sent["event"]["id"]
    assert created["secret"] != rotated["secret"]
    assert "secret" not in shown
    assert webhook_id in listed_ids
    with pytest.raises(NotFoundError):
        store(lambda s: s.webhooks.get(webhook_id))


def test_providers_and_figures_are_shown_to_their_owner(store: AnyStore) -> None:
    providers = store(lambda s: s.providers.list())
    store(lambda s: s.providers.set_key("openai", "sk-test"))
    store(lambda s: s.providers.delete_key("openai"))
    stats = store(lambda s: s.stats(since="2026-01-01"))
    page = store(lambda s: s.feed(page_size=1).page())

    assert providers["items"]
    assert (stats["images"], stats["scope"]) == (0, "own")
    assert len(page.items) <= 1


def test_admins_clean_up_repair_migrate_and_see_the_health(admin: AnyStore) -> None:
    report = admin(lambda s: s.admin.cleanup(dry_run=True))
    reports = admin(lambda s: s.admin.cleanup_reports(limit=1))
    health = admin(lambda s: s.admin.health())
    repair = admin(lambda s: s.admin.repairs.create(image_ids=[NOBODY], dry_run=True))
    repair_now = admin(lambda s: s.admin.repairs.get(repair["id"]))
    rebuild = admin(lambda s: s.admin.rebuilds.create(dry_run=True))
    restore = admin(lambda s: s.admin.restores.create(dry_run=True))
    restore_now = admin(lambda s: s.admin.restores.get(restore["id"]))
    rebuild_now = admin(lambda s: s.admin.rebuilds.get(rebuild["id"]))
    record = {"id": "r1", "owner": "migrated", "image": base64.b64encode(jpeg(33, 22)).decode()}
    migration = admin(lambda s: s.admin.migrations.create({"source": {"record": record}}))
    migration_now = admin(lambda s: s.admin.migrations.get(migration["id"]))
    picture = admin(lambda s: s.admin.migrations.content(migration["id"], "r1"))
    records = admin.items(lambda s: s.admin.migrations.records(migration["id"]))

    assert report["dry_run"] is True
    assert len(reports) <= 1
    assert health["components"]
    assert restore_now["id"] == restore["id"]
    assert rebuild_now["id"] == rebuild["id"]
    assert (repair_now["id"], migration_now["id"]) == (repair["id"], migration["id"])
    assert (picture if isinstance(picture, bytes) else anyone.get(picture).content) == jpeg(33, 22)
    assert {each["record_id"] for each in records} <= {"r1"}


@contextmanager
def remote_picture(data: bytes) -> Iterator[str]:
    """The address of a picture on a server of somebody else, from which the store may fetch."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "image/jpeg")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    with HTTPServer((REMOTE_ADDRESS, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://{REMOTE_ADDRESS}:{server.server_address[1]}/cat.jpg"
        server.shutdown()


def test_the_lines_of_the_page_run_as_they_are_printed(stack: Stack, tmp_path: Path) -> None:
    with stack.http(f"python-{uuid.uuid4()}") as owner:
        body = {"name": "page", "scopes": ["images:read", "images:write", "generations:write"]}
        key = owner.post("/v1/keys", json=body).raise_for_status().json()["key"]
    blocks = re.findall(r"^```python$(.*?)^```$", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)
    for width, name in ((900, "cat.jpg"), (950, "dog.jpg")):
        (tmp_path / name).write_bytes(jpeg(width, 600))

    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(blocks)],
        cwd=tmp_path,
        env={
            "PYTHONPATH": str(ROOT / "clients/python"),
            "IMAGE_STORE_URL": stack.api_url,
            "IMAGE_STORE_KEY": key,
        },
        capture_output=True,
        text=True,
        timeout=PAGE_SECONDS,
        check=False,
    )

    assert process.returncode == 0, process.stderr
    assert "unsupported_media_type" in process.stdout
    assert (tmp_path / "copy.jpg").exists()
