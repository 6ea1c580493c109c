"""Every function does its work with its own role, under every parameter that changes what it calls.

The gate of the deployment ends a test at the first call that a role does not grant. What is used of the roles here
and in the other tests is compared with all that they grant at the end of a run; `tests/roles/plugin.py` has that.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest

from image_store.adapters.dynamodb import keys
from image_store.domain.errors import StorageUnavailable
from image_store.domain.generation.providers import Provider, ProviderFailure, ProviderPicture, Reason, Unit
from image_store.domain.images.image import Visibility
from image_store.domain.images.reservation import LONGEST_RESERVATION
from image_store.domain.upkeep.cleanup import GRACE
from image_store.ports.queues import QueueDepth
from image_store.services.generation.jobs import LOOK_AFTER
from image_store.services.upkeep.ingest_sweep import EVENTS_TAKE
from image_store.services.upkeep.projections import OLD_CONSUMERS
from image_store.services.upkeep.recovery.requests import STEP_TAKES
from tests.fakes.cloudflare import CloudflareServer
from tests.fakes.object_store import MemoryBucket
from tests.functions.deployment import (
    API,
    Answer,
    Context,
    Deployment,
    event,
    sent_bytes,
    with_headers,
    with_query,
)
from tests.functions.depths import DEPTHS
from tests.functions.openai_requests import answered, ready, signed
from tests.roles.deployments import DEPLOYMENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from image_store.domain.work import Work

pytestmark = pytest.mark.loopback

PROVIDERS = {"PROVIDERS": "pollinations,openai", "PROVIDERS_SECRET": "image-store/providers"}
SAID = {
    "kind": "generated",
    "generation": {"prompt": "A lighthouse", "model": "flux", "provider": "pollinations"},
    "analysis": {"response_context": "The sea"},
}
WORK_TIME = Context(remaining=timedelta(seconds=300))
ALL_DONE: dict[str, list[Any]] = {"batchItemFailures": []}
PICTURE = sent_bytes("upload/raw")


@pytest.fixture(scope="module")
def cdn() -> Iterator[str]:
    with CloudflareServer() as server:
        yield server.url


@pytest.fixture(params=DEPLOYMENTS)
def store(deployed: Callable[..., Deployment], cdn: str, request: pytest.FixtureRequest) -> Deployment:
    store = deployed(**PROVIDERS, CDN_API_URL=cdn, **DEPLOYMENTS[request.param])
    store.repeats_puts = request.param == "in two stores"  # where all copies are puts
    return store


# What is done --------------------------------------------------------------------------------------------


def done(store: Deployment, name: str, sent: dict[str, Any] | None = None) -> Answer:
    """An event of a function, or another one to it, which it does not refuse."""
    answer = store.call(sent or event(name), function=name.partition("/")[0])
    assert answer.status < 400, (name, answer.text)
    return answer


def saying(name: str, **more: Any) -> dict[str, Any]:
    """An event whose JSON says more."""
    sent = event(name)
    return sent | {"body": json.dumps(json.loads(sent["body"]) | more), "isBase64Encoded": False}


def with_key(sent: dict[str, Any]) -> dict[str, Any]:
    return with_headers(sent, idempotency_key="once")


def work_off(store: Deployment) -> None:
    """Do all work there is, as SQS hands it over; twice each, as SQS may."""
    for function, queue in (("work", store.handed_over), ("generate", store.to_generate)):
        for _ in range(100):
            if not queue.waiting:
                break
            store.set_clock.instant += queue.delays.pop(0) + timedelta(seconds=1)
            sent = message_of(queue.waiting.pop(0))
            for _ in range(2):
                assert store.invoke(function, sent, context=WORK_TIME) == ALL_DONE


def message_of(work: Work) -> dict[str, Any]:
    sent = event("work/migrate-batch")
    sent["Records"][0]["body"] = json.dumps({"work": type(work).__name__, **asdict(work)})
    return sent


class BusyBucket(MemoryBucket):
    """A bucket before whose next change something else happens."""

    meanwhile: Callable[[], object] | None = None

    def before_change(self, change: str) -> None:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()


class NoRoom(MemoryBucket):
    """A bucket that takes no file of an image."""

    def put(
        self, key: str, data: bytes, *, content_type: str, cache_control: str, metadata: Mapping[str, str]
    ) -> None:
        if key.startswith("images/"):
            raise StorageUnavailable("There is no room.")
        super().put(key, data, content_type=content_type, cache_control=cache_control, metadata=metadata)


@contextmanager
def no_room(store: Deployment) -> Iterator[None]:
    """Let whatever is stored fail after its reservation, which is over afterwards."""
    full = NoRoom("private", clock=store.set_clock, peers=store.buckets)
    full.objects = store.private_bucket.objects
    store.buckets["private"] = full
    yield
    store.buckets["private"] = store.private_bucket
    store.set_clock.instant += LONGEST_RESERVATION + timedelta(minutes=1)


def put(store: Deployment, begun: Answer) -> None:
    """Send the bytes of a direct upload where its ticket says."""
    key = unquote(urlsplit(begun.json["upload"]["url"]).path.removeprefix("/"))
    store.private_bucket.put(
        key.removeprefix("private/"), PICTURE, content_type="image/png", cache_control="", metadata={}
    )


def about(sent: dict[str, Any], path: str, **parameters: str) -> dict[str, Any]:
    """The same request of another path."""
    changed = deepcopy(sent)
    changed["rawPath"] = changed["requestContext"]["http"]["path"] = path
    changed["pathParameters"] = parameters
    return changed


def of_image(name: str, image_id: str) -> dict[str, Any]:
    """An event about another image."""
    sent = event(name)
    old = sent["pathParameters"]["image_id"]
    return about(sent, sent["rawPath"].replace(old, image_id), image_id=image_id)


# Tests ---------------------------------------------------------------------------------------------------


def test_images_are_stored_read_changed_and_deleted(store: Deployment) -> None:
    done(store, "upload/base64", saying("upload/base64", **SAID))
    sent = with_key(saying("upload/base64", **SAID))
    with no_room(store):
        store.call(sent, function="upload")
    for _ in range(2):
        again = done(store, "upload/base64", sent).json["id"]
    done(store, "upload/batch")
    store.projected()

    for name in ("image", "content", "thumb", "w640"):
        done(store, f"retrieve/{name}")
    for name in ("newest", "by-tag", "filtered", "trash"):
        done(store, f"list/{name}")
    for name in ("words", "similar", "trash"):
        done(store, f"search/{name}")
    done(store, "stats/own")
    done(store, "stats/timeline")
    done(store, "search/groups")
    done(store, "search/tags")
    done(store, "stats/all")
    for name in ("transform", "rendition"):
        link = done(store, f"share/{name}").json["url"].removeprefix(API)
        done(store, "links/display", about(event("links/display"), link, link=link.rpartition("/")[2]))
    done(store, "update/details")
    done(store, "delete/trash")
    if store.settings.cleanup.trash_retention:
        done(store, "delete/restore")
    done(store, "delete/permanent", of_image("delete/permanent", again))
    done(store, "delete/batch-group")
    store.projected()


def test_groups_are_created_changed_and_deleted(store: Deployment) -> None:
    done(store, "upload/public")
    done(store, "update/in-an-album")
    store.projected()
    done(store, "update/group-new")
    done(store, "update/group")
    done(store, "update/group-cleared")
    done(store, "search/group")
    done(store, "search/groups")
    done(store, "search/tags")
    done(store, "delete/group-keeping-images")
    store.projected()
    done(store, "update/in-an-album")
    done(store, "delete/group-with-images")
    store.projected()


def test_images_are_published_and_withdrawn(store: Deployment) -> None:
    done(store, "upload/public")
    for name in ("display", "thumb", "w640"):
        done(store, f"links/{name}")
    done(store, "feed/newest")
    if store.settings.feed.shows_details:
        done(store, "feed/newest", with_query(event("feed/newest"), "fields=prompt,tags,groups,owner_id"))
    done(store, "update/made-private")
    done(store, "update/published")
    done(store, "update/batch-back")
    done(store, "update/batch")
    store.projected()
    done(store, "delete/trash")
    done(store, "delete/batch-restore")
    other = done(store, "upload/public").json["id"]
    done(store, "delete/permanent", of_image("delete/permanent", other))
    store.projected()


def test_a_copy_that_comes_after_the_unpublish_is_deleted(deployed: Callable[..., Deployment]) -> None:
    store = deployed()
    public = BusyBucket("public", clock=store.set_clock, peers=store.buckets)
    store.buckets["public"] = public
    done(store, "upload/public")

    assert public.objects
    public.meanwhile = lambda: done(store, "update/made-private")
    store.call(event("links/w640"), function="links")

    assert not public.objects


def test_an_image_whose_rendition_is_missing_is_not_published(deployed: Callable[..., Deployment]) -> None:
    store = deployed()
    done(store, "upload/raw")
    for key in [key for key in store.private_bucket.objects if "original" not in key]:
        del store.private_bucket.objects[key]

    answer = store.call(event("update/published"), function="update")

    assert (answer.status, answer.json["code"]) == (409, "conflict")


def test_bytes_are_sent_directly(store: Deployment) -> None:
    sent = with_key(saying("direct/begin", visibility="public", **SAID))
    done(store, "direct/begin", sent)
    store.set_clock.instant += LONGEST_RESERVATION + timedelta(minutes=1)
    begun = done(store, "direct/begin", sent)  # instead of the one whose time is over
    put(store, begun)
    place = f"/v1/uploads/{begun.json['id']}/complete"
    complete = about(event("direct/complete"), place, image_id=begun.json["id"])

    done(store, "direct/complete", complete)
    done(store, "direct/complete", complete)
    done(store, "direct/begin", sent)

    begun = done(store, "direct/begin", saying("direct/begin", visibility="public", **SAID))
    put(store, begun)
    place = f"/v1/uploads/{begun.json['id']}/complete"
    sent = about(event("direct/complete"), place, image_id=begun.json["id"])
    late = store.call(sent, function="direct", context=Context(remaining=timedelta(seconds=4)))
    assert late.status == 202
    work_off(store)
    assert done(store, "direct/complete", sent).json["visibility"] == Visibility.PUBLIC


def test_objects_are_ingested(store: Deployment) -> None:
    for key in ("ingest/alice/squares.png", "ingest/bob/squares.png"):
        store.dropped.put(key, PICTURE, content_type="image/png", cache_control="", metadata={})
    with no_room(store):
        store.invoke("ingest", event("ingest/one-object"))

    for name in ("one-object", "mixed", "too-large", "removed-object"):
        assert store.invoke("ingest", event(f"ingest/{name}")) == ALL_DONE
    for key in ("ingest/alice/squares.png", "ingest/alice/gone.png"):
        assert store.invoke("ingest", of_no_version(key)) == ALL_DONE


def of_no_version(key: str) -> dict[str, Any]:
    """The event of an object that came while somebody had suspended the versions of the bucket."""
    sent = event("ingest/one-object")
    body = json.loads(sent["Records"][0]["body"])
    s3_object = body["Records"][0]["s3"]["object"]
    s3_object["key"] = key
    del s3_object["versionId"]
    sent["Records"][0]["body"] = json.dumps(body)
    return sent


def test_records_are_migrated(store: Deployment) -> None:
    record = json.loads(event("migrate/one-record")["body"])["source"]["record"]
    record["attributes"] = {**SAID, "visibility": "public"}
    one = saying("migrate/one-record", source={"record": record})
    with no_room(store):
        store.call(one, function="migrate")
    done(store, "migrate/one-record", one)
    for name in ("a/one.png", "a/two.png"):
        store.dropped.put(
            f"migrations/pictures/{name}", PICTURE, content_type="", cache_control="", metadata={}
        )
    line = {"id": "r1", "owner": "alice", "picture": record["image"], "attributes": record["attributes"]}
    store.dropped.put(
        "migrations/old.jsonl", json.dumps(line).encode(), content_type="", cache_control="", metadata={}
    )
    begun = [done(store, "migrate/begin-folder"), done(store, "migrate/begin-jsonl")]
    counting, store.handed_over.waiting = store.handed_over.waiting, []
    for work in counting:
        assert store.invoke("work", message_of(work), context=WORK_TIME) == ALL_DONE
    with no_room(store):
        for work in store.handed_over.waiting:
            store.invoke("work", message_of(work), context=WORK_TIME)
    work_off(store)

    for answer in begun:
        place = f"/v1/admin/migrations/{answer.json['id']}"
        for name in ("progress", "records"):
            path = event(f"migrate/{name}")["rawPath"].rpartition("/")[2]
            path = place if name == "progress" else f"{place}/{path}"
            sent = about(event(f"migrate/{name}"), path, migration_id=answer.json["id"])
            done(store, f"migrate/{name}", sent)


def test_images_are_generated(store: Deployment) -> None:
    store.set_clock.instant = store.set_clock.instant.replace(month=11, day=21)  # a day with known prices
    usual_answer = store.providers[Provider.POLLINATIONS].answer
    done(store, "generations/put-key")
    job = done(store, "generations/begin", with_key(event("generations/begin"))).json["id"]
    sent = message_of(store.to_generate.waiting[0])
    with no_room(store):
        store.invoke("generate", sent, context=WORK_TIME)
    work_off(store)
    own = saying("generations/begin", provider="openai", model="gpt-image-1", join=False)
    store.providers[Provider.OPENAI].answer = lambda _: ProviderPicture(data=PICTURE, usage={Unit.IMAGE: 1})
    done(store, "generations/begin", own)
    work_off(store)
    store.providers[Provider.POLLINATIONS].answer = lambda _: ProviderFailure(Reason.REFUSED, "No.")
    store.providers[Provider.OPENAI].answer = lambda _: ProviderFailure(Reason.REFUSED, "No.")
    failed = done(store, "generations/begin", saying("generations/begin", join=False)).json["id"]
    work_off(store)
    store.providers[Provider.POLLINATIONS].answer = usual_answer
    done(store, "generations/retry", of_job("generations/retry", failed))
    done(store, "generations/cancel", of_job("generations/cancel", failed))
    work_off(store)

    for each in (job, failed):
        done(store, "generations/see", of_job("generations/see", each))
    done(store, "generations/list")
    done(store, "generations/providers")
    done(store, "generations/delete-key")


def test_images_are_made_while_a_client_of_openai_waits(store: Deployment) -> None:
    authorization = ready(store)

    for name in ("openai/generation", "openai/edit", "openai/models", "openai/model"):
        sent = signed(event(name), authorization, idempotency_key=name)
        assert answered(store, sent).status == 200
        assert answered(store, sent).status == 200


def test_clients_find_the_addresses_of_the_deployment(store: Deployment) -> None:
    done(store, "site/console-settings")


def of_job(name: str, job_id: str) -> dict[str, Any]:
    """An event about another job."""
    sent = event(name)
    return about(sent, sent["rawPath"].replace(sent["pathParameters"]["job_id"], job_id), job_id=job_id)


@pytest.mark.parametrize("by", ["cleanup/schedule", "admin/cleanup"])
def test_what_nobody_needs_is_collected(store: Deployment, by: str) -> None:
    done(store, "upload/public")
    trashed = done(store, "upload/raw").json["id"]
    done(store, "delete/trash", of_image("delete/trash", trashed))
    with no_room(store):
        store.call(with_key(event("upload/public")), function="upload")
    done(store, "generations/begin")
    store.dropped.drop("ingest/alice/squares.png", PICTURE)
    done(store, "upload/raw")
    damaged = done(store, "upload/public").json["id"]
    store.projected()
    lost = [key for key in store.private_bucket.objects if damaged in key and "original" not in key]
    for key in lost:
        del store.private_bucket.objects[key]
    for bucket, key in (
        (store.private_bucket, "images/x/y/z.png"),
        (store.public_bucket, f"p/{0:022}/t.webp"),
    ):
        bucket.put(key, b"nobody's", content_type="", cache_control="", metadata={})
    store.set_clock.instant += max(EVENTS_TAKE, LOOK_AFTER) + GRACE + timedelta(hours=1)

    for days in (0, 8, 1):
        store.set_clock.instant += timedelta(days=days)
        if by == "admin/cleanup":
            done(store, by)
        else:
            assert store.invoke("cleanup", event(by), context=WORK_TIME)["failed"] == 0
    done(store, "admin/reports")
    repair = done(store, "admin/repair-begin").json["id"]
    work_off(store)
    sent = about(event("admin/repair-progress"), f"/v1/admin/repairs/{repair}", repair_id=repair)
    done(store, "admin/repair-progress", sent)


def test_lost_records_are_written_again(store: Deployment) -> None:
    image_id = done(store, "upload/public").json["id"]
    store.client.delete_item(TableName=store.table, Key=keys.record(image_id))

    rebuild = done(store, "recovery/rebuild-begin").json["id"]
    store.invoke("cleanup", event("cleanup/schedule"), context=WORK_TIME)
    store.set_clock.instant += STEP_TAKES
    store.invoke("cleanup", event("cleanup/schedule"), context=WORK_TIME)
    work_off(store)

    path = f"/v1/admin/rebuilds/{rebuild}"
    progress = done(
        store,
        "recovery/rebuild-progress",
        about(event("recovery/rebuild-progress"), path, rebuild_id=rebuild),
    )
    assert progress.json["progress"]["images"] == 1


def test_projections_can_be_rebuilt(store: Deployment) -> None:
    image_id = done(store, "upload/public").json["id"]
    done(store, "delete/permanent", of_image("delete/permanent", image_id))
    done(store, "upload/public")
    store.projected()
    for partition in (keys.FEED, keys.tagged("alice", "stray", trashed=False)):
        store.client.put_item(TableName=store.table, Item=keys.key(partition, image_id))

    store.invoke("rebuild", event("rebuild/by-hand"))
    store.set_clock.instant += OLD_CONSUMERS
    rebuilt = store.invoke("rebuild", event("rebuild/by-hand"))

    assert rebuilt["finished"]


def test_health_is_reported(store: Deployment) -> None:
    store.depths = dict.fromkeys(DEPTHS, Empty())

    answer = done(store, "health/health")

    assert answer.json["status"] == "ok", answer.text


class Empty(QueueDepth):
    """A queue in which nothing waits."""

    def waiting(self) -> int:
        return 0
