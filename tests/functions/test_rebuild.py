"""Rebuilds as admins begin them and see them, and the work that carries them on (F8)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from image_store.adapters.dynamodb import keys
from image_store.services.upkeep.recovery.requests import STEP_TAKES
from tests.fakes.dynamodb import all_items
from tests.functions.deployment import API, Deployment, assert_refused, event
from tests.functions.test_repair import work_off

if TYPE_CHECKING:
    from image_store.adapters.dynamodb.keys import Key


def lose_table(store: Deployment) -> None:
    for item in all_items(store.client, store.table):
        row: Key = {"pk": item["pk"], "sk": item["sk"]}
        store.client.delete_item(TableName=store.table, Key=row)


def progress(store: Deployment, rebuild_id: str) -> dict[str, Any]:
    """How far a rebuild has come, as its route answers."""
    sent = event("recovery/rebuild-progress")
    path = f"/v1/admin/rebuilds/{rebuild_id}"
    sent["rawPath"] = sent["requestContext"]["http"]["path"] = path
    sent["pathParameters"] = {"rebuild_id": rebuild_id}
    answer: dict[str, Any] = json.loads(store.invoke("recovery", sent)["body"])
    return answer


def test_a_rebuild_is_accepted_and_writes_lost_records_in_the_background(store: Deployment) -> None:
    image_id = store.answer_to("upload/raw").json["id"]
    lose_table(store)

    begun = store.answer_to("recovery/rebuild-begin")
    work_off(store)

    assert (begun.status, begun.json["status"], begun.json["kind"]) == (202, "queued", "rebuild")
    assert begun.headers["Location"] == f"{API}/v1/admin/rebuilds/{begun.json['id']}"
    done = progress(store, begun.json["id"])
    assert (done["status"], done["progress"]["images"], done["errors"]) == ("succeeded", 1, [])
    rows = {(item["pk"]["S"], item["sk"]["S"]) for item in all_items(store.client, store.table)}
    assert (keys.image(image_id), keys.META) in rows


def test_a_dry_run_counts_and_writes_nothing(store: Deployment) -> None:
    image_id = store.answer_to("upload/raw").json["id"]
    lose_table(store)

    begun = store.answer_to("recovery/rebuild-dry-run")
    work_off(store)

    assert progress(store, begun.json["id"])["progress"]["images"] == 1
    rows = {item["pk"]["S"] for item in all_items(store.client, store.table)}
    assert keys.image(image_id) not in rows


def test_a_second_rebuild_is_refused_while_cleanup_waits_and_looks_after_the_first(store: Deployment) -> None:
    store.answer_to("recovery/rebuild-begin")

    assert_refused(store.answer_to("recovery/rebuild-begin"), 409, "recovery_in_progress")

    store.handed_over.waiting.clear()
    store.set_clock.instant += STEP_TAKES
    assert store.invoke("cleanup", {})["stopped_because"] == "restore"
    work_off(store)
    assert store.invoke("cleanup", {})["stopped_because"] is None


def test_a_rebuild_that_there_is_not_is_not_found(store: Deployment) -> None:
    assert_refused(store.answer_to("recovery/rebuild-progress"), 404, "recovery_not_found")


def test_a_caller_without_the_admin_scope_is_refused(store: Deployment) -> None:
    for name in ("recovery/rebuild-without-scope", "recovery/rebuild-progress-without-scope"):
        assert_refused(store.answer_to(name), 403, "admin_required")
    assert store.handed_over.waiting == []
