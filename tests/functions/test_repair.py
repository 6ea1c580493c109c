"""Repairs as admins begin them and see them, and the work that carries them on (F8)."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.functions.deployment import API, IMAGE_ID, Context, Deployment, assert_refused, event

if TYPE_CHECKING:
    from collections.abc import Mapping

WORK_TIME = Context(remaining=timedelta(seconds=110))
NOTHING = {"examined": 0, "renditions": 0, "copies": 0, "originals_missing": 0, "failed": 0}


def work_off(store: Deployment) -> None:
    """Do all work there is, as SQS hands it over."""
    while store.handed_over.waiting:
        work = store.handed_over.waiting.pop(0)
        sent = event("work/migrate-batch")
        sent["Records"][0]["body"] = json.dumps({"work": type(work).__name__, **asdict(work)})
        assert store.invoke("work", sent, context=WORK_TIME) == {"batchItemFailures": []}


def damaged(store: Deployment) -> Mapping[str, Any]:
    """What the private bucket held before an image lost its renditions."""
    store.answer_to("upload/raw")
    before = dict(store.private_bucket.objects)
    for key in [key for key in before if not key.rpartition("/")[2].startswith("original")]:
        del store.private_bucket.objects[key]
    return before


def test_a_repair_is_accepted_and_makes_what_is_missing_in_the_background(store: Deployment) -> None:
    before = damaged(store)

    begun = store.answer_to("admin/repair-begin")
    work_off(store)

    assert (begun.status, begun.headers["Cache-Control"]) == (202, "no-store")
    assert (begun.json["status"], begun.json["progress"], begun.json["dry_run"]) == ("queued", NOTHING, False)
    repair_id = begun.json["id"]
    assert begun.headers["Location"] == f"{API}/v1/admin/repairs/{repair_id}"
    assert {key: file.data for key, file in store.private_bucket.objects.items()} == {
        key: file.data for key, file in before.items()
    }
    done = progress(store, repair_id)
    assert done["status"] == "succeeded"
    assert done["progress"] == NOTHING | {"examined": 1, "renditions": len(before) - 1}
    assert done["finished_at"]


def progress(store: Deployment, repair_id: str) -> dict[str, Any]:
    """How far a repair has come, as its route answers."""
    sent = event("admin/repair-progress")
    path = f"/v1/admin/repairs/{repair_id}"
    sent["rawPath"] = sent["requestContext"]["http"]["path"] = path
    sent["pathParameters"] = {"repair_id": repair_id}
    answer: dict[str, Any] = json.loads(store.invoke("admin", sent)["body"])
    return answer


def test_a_dry_run_counts_and_makes_nothing(store: Deployment) -> None:
    before = damaged(store)
    left = dict(store.private_bucket.objects)

    begun = store.answer_to("admin/repair-dry-run")
    work_off(store)

    assert progress(store, begun.json["id"])["progress"]["renditions"] == len(before) - 1
    assert store.private_bucket.objects == left


def test_images_that_cleanup_reports_are_repaired_by_the_worker(store: Deployment) -> None:
    before = damaged(store)
    store.set_clock.instant += timedelta(days=2)

    report = store.invoke("cleanup", {})
    work_off(store)

    assert (report["renditions_missing"], report["repairs"]) == (len(before) - 1, 1)
    assert store.private_bucket.objects.keys() == before.keys()


def test_named_images_that_are_not_there_are_reported(store: Deployment) -> None:
    begun = store.answer_to("admin/repair-one")
    work_off(store)

    done = progress(store, begun.json["id"])

    assert done["progress"] == NOTHING | {"failed": 1}
    assert [(error["image_id"], error["code"]) for error in done["errors"]] == [(IMAGE_ID, "image_not_found")]


def test_a_repair_that_there_is_not_is_not_found(store: Deployment) -> None:
    assert_refused(store.answer_to("admin/repair-progress"), 404, "repair_not_found")


@pytest.mark.parametrize("name", ["admin/repair-of-101"])
def test_bad_requests_begin_nothing(store: Deployment, name: str) -> None:
    assert_refused(store.answer_to(name), 400, "invalid_request")
    assert store.handed_over.waiting == []


def test_a_caller_without_the_admin_scope_is_refused(store: Deployment) -> None:
    for name in ("admin/repair-without-scope", "admin/repair-progress-without-scope"):
        assert_refused(store.answer_to(name), 403, "admin_required")
    assert store.handed_over.waiting == []
