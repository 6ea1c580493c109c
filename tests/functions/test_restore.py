"""Restores from a backup: what was lost comes back as it was, and what exists or was ended stays as it is (F8)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from image_store.adapters.dynamodb import caller_keys, keys
from image_store.domain.backup.lines import canonical_json
from image_store.domain.ids import uuid7
from tests.fakes.dynamodb import all_items
from tests.fakes.trashed_rows import without_end
from tests.functions.backups import BackedUp
from tests.functions.deployment import API, Deployment, assert_refused, event
from tests.functions.test_repair import work_off

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_store.adapters.dynamodb.keys import Key

LONG = timedelta(days=90)
NO_FIGURES = {
    "images": 0,
    "originals": 0,
    "already_there": 0,
    "ended": 0,
    "rows": 0,
    "rows_left_out": 0,
    "failed": 0,
    "repairs": 0,
    "size_bytes": 0,
}
BASE_ROWS = (
    "IMAGE#",
    "HASH#",
    "GROUP#",
    "GROUPS#",
    "PUBLIC#",
    "PUBLICATION#",
    "KEY#",
    "KEYS",
    "SHARE#",
    "SHARES#",
    "LEDGER#",
)


@pytest.fixture
def backed_up(deployed: Callable[..., Deployment]) -> BackedUp:
    return BackedUp(deployed)


def store_images(backed_up: BackedUp) -> list[str]:
    """A published image, a private one and one in the trash, and an album."""
    store = backed_up.store
    ids = [store.answer_to(name).json["id"] for name in ("upload/public", "upload/raw", "upload/raw")]
    sent = event("delete/trash")
    path = f"/v1/images/{ids[2]}"
    sent["rawPath"] = sent["requestContext"]["http"]["path"] = path
    sent["pathParameters"] = {"image_id": ids[2]}
    assert store.call(sent, function="delete").status < 300
    assert store.answer_to("update/group-new").status == 201
    return ids


def rows_of(backed_up: BackedUp) -> dict[tuple[str, str], str]:
    """The rows that a restore has to bring back, without the author of their last change.

    The time in the trash begins again, so its end does not come back.
    """
    return {
        (item["pk"]["S"], item["sk"]["S"]): canonical_json(
            {
                name: {kind: sorted(of) if kind == "SS" else of for kind, of in value.items()}
                for name, value in without_end(item).items()
                if name not in {"by", "due_at"}
            }
        )
        for item in all_items(backed_up.store.client, backed_up.store.table)
        if item["pk"]["S"].startswith(BASE_ROWS)
    }


def objects_of(bucket: Any) -> dict[str, tuple[bytes, str, dict[str, str]]]:
    return {
        key: (file.data, file.content_type, dict(file.metadata))
        for key, file in bucket.objects.items()
        if not key.startswith("transforms/")
    }


def lose_table(backed_up: BackedUp) -> None:
    store = backed_up.store
    for item in all_items(store.client, store.table):
        row: Key = {"pk": item["pk"], "sk": item["sk"]}
        store.client.delete_item(TableName=store.table, Key=row)
    backed_up.stream.told.clear()  # a table that is gone tells nothing


def restored(backed_up: BackedUp, **options: Any) -> dict[str, Any]:
    """Begin a restore as an admin, do all its steps, and return its progress."""
    sent = event("recovery/restore-begin") | {"body": json.dumps(options), "isBase64Encoded": False}
    begun = backed_up.store.call(sent, function="recovery")
    assert begun.status == 202, begun.text
    work_off(backed_up.store)
    return progress(backed_up.store, begun.json["id"])


def progress(store: Deployment, restore_id: str) -> dict[str, Any]:
    sent = event("recovery/restore-progress")
    path = f"/v1/admin/restores/{restore_id}"
    sent["rawPath"] = sent["requestContext"]["http"]["path"] = path
    sent["pathParameters"] = {"restore_id": restore_id}
    answer: dict[str, Any] = json.loads(store.invoke("recovery", sent)["body"])
    return answer


def figures(done: dict[str, Any]) -> dict[str, int]:
    assert done["status"] == "succeeded", done
    return {name: number for name, number in done["progress"].items() if number}


# A loss -----------------------------------------------------------------------------------------------


def test_a_lost_table_comes_back_row_by_row(backed_up: BackedUp) -> None:
    ids = store_images(backed_up)
    backed_up.on_schedule()
    before, objects = rows_of(backed_up), objects_of(backed_up.store.private_bucket)
    lose_table(backed_up)

    done = restored(backed_up, publish=True, access=True)

    assert done["progress"]["images"] == len(ids)
    assert done["errors"] == []
    assert rows_of(backed_up) == before
    assert objects_of(backed_up.store.private_bucket) == objects


def test_everything_lost_comes_back_from_the_backup_alone(backed_up: BackedUp) -> None:
    ids = store_images(backed_up)
    backed_up.on_schedule()
    before = rows_of(backed_up)
    private, public = map(objects_of, (backed_up.store.private_bucket, backed_up.store.public_bucket))
    lose_table(backed_up)
    backed_up.store.private_bucket.objects.clear()
    backed_up.store.public_bucket.objects.clear()

    done = restored(backed_up, publish=True)

    assert (done["progress"]["images"], done["progress"]["repairs"]) == (len(ids), len(ids))
    assert done["manifest"] == backed_up.manifest.id
    counted = (done["progress"]["images"], done["progress"]["size_bytes"])
    assert counted == (backed_up.manifest.base_images, backed_up.manifest.base_bytes)
    assert objects_of(backed_up.store.private_bucket) == private
    assert objects_of(backed_up.store.public_bucket) == public
    assert {key for key in rows_of(backed_up) if key[0].startswith("IMAGE#")} == {
        key for key in before if key[0].startswith("IMAGE#")
    }


def test_a_lost_private_bucket_gets_its_originals_and_renditions_and_no_row_changes(
    backed_up: BackedUp,
) -> None:
    ids = store_images(backed_up)
    backed_up.on_schedule()
    before, objects = rows_of(backed_up), objects_of(backed_up.store.private_bucket)
    backed_up.store.private_bucket.objects.clear()

    done = restored(backed_up)

    assert done["progress"]["originals"] == len(ids)
    assert objects_of(backed_up.store.private_bucket) == objects
    assert rows_of(backed_up) == before


def test_a_restore_of_what_is_all_there_changes_nothing(backed_up: BackedUp) -> None:
    ids = store_images(backed_up)
    backed_up.on_schedule()
    before, objects = rows_of(backed_up), objects_of(backed_up.store.private_bucket)

    done = figures(restored(backed_up, publish=True, access=True))

    assert done["already_there"] >= len(ids)
    assert not {"images", "originals", "failed", "repairs"} & done.keys()
    assert (rows_of(backed_up), objects_of(backed_up.store.private_bucket)) == (before, objects)


def test_a_second_restore_finds_everything_there(backed_up: BackedUp) -> None:
    ids = store_images(backed_up)
    backed_up.on_schedule()
    lose_table(backed_up)
    restored(backed_up)
    before = rows_of(backed_up)

    done = figures(restored(backed_up))

    assert done["already_there"] >= len(ids)
    assert "images" not in done
    assert rows_of(backed_up) == before


# What must not begin again ----------------------------------------------------------------------------


def test_images_come_back_private_unless_they_are_to_be_published(backed_up: BackedUp) -> None:
    image_id = backed_up.store.answer_to("upload/public").json["id"]
    backed_up.on_schedule()
    lose_table(backed_up)

    restored(backed_up)

    record = json.loads(meta(backed_up, image_id)["record"]["S"])
    assert (record["visibility"], record["publication"]) == ("private", None)
    assert not [key for key in rows_of(backed_up) if key[0].startswith(("PUBLIC#", "PUBLICATION#"))]


def meta(backed_up: BackedUp, image_id: str) -> dict[str, Any]:
    answer = backed_up.store.client.get_item(TableName=backed_up.store.table, Key=keys.record(image_id))
    item: dict[str, Any] = answer["Item"]
    return item


def test_keys_and_shares_come_back_on_request_alone(backed_up: BackedUp) -> None:
    key_id = backed_up.store.answer_to("keys/create").json["id"]
    backed_up.on_schedule()
    before = rows_of(backed_up)
    lose_table(backed_up)

    by_default = restored(backed_up)
    assert by_default["progress"]["rows_left_out"] >= 1
    assert rows_of(backed_up) == {}

    done = restored(backed_up, access=True)

    assert done["progress"]["rows"] >= 1
    assert rows_of(backed_up) == before
    assert caller_keys.api_key(key_id)["pk"]["S"] in {pk for pk, _ in before}


def test_an_image_that_was_deleted_since_stays_away_unless_it_is_requested(backed_up: BackedUp) -> None:
    image_id = backed_up.store.answer_to("upload/raw").json["id"]
    backed_up.store.answer_to("upload/public")
    backed_up.on_schedule()
    old = backed_up.manifest.id
    delete_for_good(backed_up, image_id)
    backed_up.on_schedule()
    lose_table(backed_up)

    by_default = restored(backed_up, manifest=old)
    on_request = restored(backed_up, manifest=old, include_ended=True)

    assert (by_default["progress"]["images"], by_default["progress"]["ended"]) == (1, 1)
    assert on_request["progress"]["images"] == 1
    assert meta(backed_up, image_id)["state"]["S"] == "ready"


def test_a_deletion_is_known_when_the_manifest_that_named_it_is_gone(backed_up: BackedUp) -> None:
    """The day has a new base after the deletion, and the retention keeps only the last manifest of a day."""
    image_id = backed_up.store.answer_to("upload/raw").json["id"]
    backed_up.store.answer_to("upload/public")
    backed_up.on_schedule()
    old = backed_up.manifest.id
    backed_up.store.set_clock.instant += timedelta(hours=20)
    delete_for_good(backed_up, image_id)
    backed_up.on_schedule()
    backed_up.store.set_clock.instant += timedelta(hours=6)
    backed_up.begin("admin/backup-full")
    for _ in range(3):
        backed_up.store.set_clock.instant += timedelta(days=1)
        backed_up.on_schedule()
    lose_table(backed_up)

    done = restored(backed_up, manifest=old)

    assert (done["progress"]["images"], done["progress"]["ended"]) == (1, 1)


def delete_for_good(backed_up: BackedUp, image_id: str) -> None:
    sent = event("delete/permanent")
    sent["rawPath"] = sent["requestContext"]["http"]["path"] = f"/v1/images/{image_id}"
    sent["pathParameters"] = {"image_id": image_id}
    assert backed_up.store.call(sent, function="delete").status < 300


def test_a_key_that_was_revoked_since_the_manifest_lets_nobody_in_again(backed_up: BackedUp) -> None:
    key_id = backed_up.store.answer_to("keys/create").json["id"]
    backed_up.on_schedule()
    old = backed_up.manifest.id
    sent = event("keys/revoke")
    sent["rawPath"] = sent["requestContext"]["http"]["path"] = f"/v1/keys/{key_id}"
    sent["pathParameters"] = {"key_id": key_id}
    assert backed_up.store.call(sent, function="keys").status < 300
    backed_up.on_schedule()
    before = rows_of(backed_up)
    lose_table(backed_up)

    restored(backed_up, manifest=old, access=True)

    assert "revoked_at" in before[caller_keys.api_key(key_id)["pk"]["S"], "KEY"]
    assert rows_of(backed_up) == before


def test_an_image_that_is_being_deleted_is_left_to_its_end(backed_up: BackedUp) -> None:
    image_id = backed_up.store.answer_to("upload/raw").json["id"]
    backed_up.on_schedule()
    delete_for_good(backed_up, image_id)
    before = rows_of(backed_up)

    done = figures(restored(backed_up, include_ended=True))

    assert done["ended"] == 1
    assert rows_of(backed_up) == before
    assert not [key for key in backed_up.store.private_bucket.objects if image_id in key]


def test_the_time_in_the_trash_begins_again(backed_up: BackedUp) -> None:
    ids = store_images(backed_up)
    backed_up.on_schedule()
    lose_table(backed_up)
    backed_up.store.set_clock.instant += LONG

    restored(backed_up)
    backed_up.store.invoke("cleanup", {})

    assert meta(backed_up, ids[2])["state"]["S"] == "trashed"


# Selections, dry runs ---------------------------------------------------------------------------------


def test_one_image_comes_back_alone(backed_up: BackedUp) -> None:
    ids = store_images(backed_up)
    backed_up.on_schedule()
    lose_table(backed_up)

    done = figures(restored(backed_up, image_id=ids[0]))

    assert done == {"images": 1}
    assert {pk for pk, sk in rows_of(backed_up) if sk == keys.META} == {keys.image(ids[0])}


def test_an_image_that_the_newest_backup_does_not_have_is_named_with_an_earlier_one(
    backed_up: BackedUp,
) -> None:
    image_id = backed_up.store.answer_to("upload/raw").json["id"]
    backed_up.on_schedule()
    old = backed_up.manifest.id
    delete_for_good(backed_up, image_id)
    backed_up.on_schedule()
    lose_table(backed_up)

    by_default = restored(backed_up, image_id=image_id, include_ended=True)
    named = restored(backed_up, image_id=image_id, include_ended=True, manifest=old)

    assert (by_default["status"], by_default["errors"][0]["code"]) == ("failed", "recovery_impossible")
    assert named["progress"]["images"] == 1


@pytest.mark.parametrize(("owner", "images"), [("alice", 3), ("nobody", 0)])
def test_one_owner_comes_back_alone(backed_up: BackedUp, owner: str, images: int) -> None:
    store_images(backed_up)
    backed_up.on_schedule()
    lose_table(backed_up)

    assert restored(backed_up, owner=owner)["progress"]["images"] == images


def test_a_dry_run_counts_the_same_and_changes_nothing(backed_up: BackedUp) -> None:
    ids = store_images(backed_up)
    backed_up.on_schedule()
    lose_table(backed_up)
    backed_up.store.private_bucket.objects.clear()

    done = restored(backed_up, dry_run=True)

    assert done["progress"]["images"] == len(ids)
    assert done["progress"]["size_bytes"] == sum(len(data) for data in backed_up.copies().values())
    assert rows_of(backed_up) == {}
    assert backed_up.store.private_bucket.objects == {}
    assert restored(backed_up)["progress"] | {"repairs": 0} == done["progress"]


# Bad backups ------------------------------------------------------------------------------------------


def test_a_damaged_original_is_an_error_and_its_record_is_not_written(backed_up: BackedUp) -> None:
    ids = store_images(backed_up)
    backed_up.on_schedule()
    lose_table(backed_up)
    backed_up.store.private_bucket.objects.clear()
    [key] = [key for key in backed_up.bucket.objects if ids[1] in key]
    del backed_up.bucket.objects[key]

    done = restored(backed_up)

    assert (done["progress"]["images"], done["progress"]["failed"]) == (len(ids) - 1, 1)
    assert [(error["name"], error["code"]) for error in done["errors"]] == [(ids[1], "backup_damaged")]
    assert keys.image(ids[1]) not in {pk for pk, _ in rows_of(backed_up)}
    assert backed_up.store.invoke("cleanup", {})["stopped_because"] == "restore"


def test_a_damaged_file_of_the_base_is_an_error_and_the_rest_comes_back(backed_up: BackedUp) -> None:
    backed_up.store.answer_to("upload/raw")
    backed_up.on_schedule()
    manifest = backed_up.manifest
    missing = replace(manifest.base_files[0], key="image-store/base/lost.jsonl.gz")
    damaged = replace(
        manifest,
        id=uuid7(manifest.started_at + timedelta(minutes=1), 1),
        change_files=(),
        base_files=(missing, *manifest.base_files),
    )
    backed_up.library.put_manifest(damaged)
    lose_table(backed_up)

    done = restored(backed_up, manifest=damaged.id)

    assert (done["progress"]["images"], done["progress"]["failed"]) == (1, 1)
    assert done["errors"][0]["name"] == missing.key


@pytest.mark.parametrize("number", [0, -1], ids=["oldest", "newest"])
def test_a_damaged_file_of_changes_stops_the_restore_before_it_writes_anything(
    backed_up: BackedUp, number: int
) -> None:
    for name in ("upload/raw", "upload/public", "upload/raw"):
        backed_up.store.answer_to(name)
        backed_up.on_schedule()
    assert len(backed_up.manifest.change_files) > 1
    file = backed_up.manifest.change_files[number]
    del backed_up.bucket.objects[file.key]
    lose_table(backed_up)

    done = restored(backed_up)

    assert (done["status"], done["errors"][0]["code"]) == ("failed", "backup_damaged")
    assert rows_of(backed_up) == {}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"manifest": "019ca945-0a00-7000-8000-0000000000ff"}, "backup_not_found"),
        ({"stack": "another"}, "backup_not_found"),
    ],
    ids=str,
)
def test_a_backup_that_there_is_not_ends_the_restore(
    backed_up: BackedUp, options: dict[str, Any], code: str
) -> None:
    backed_up.store.answer_to("upload/raw")
    backed_up.on_schedule()

    done = restored(backed_up, **options)

    assert (done["status"], done["errors"][0]["code"]) == ("failed", code)


def test_without_a_backup_store_a_restore_says_so(deployed: Callable[..., Deployment]) -> None:
    store = deployed()
    begun = store.answer_to("recovery/restore-begin")
    work_off(store)

    done = progress(store, begun.json["id"])

    assert (done["status"], done["errors"][0]["code"]) == ("failed", "backup_not_configured")


# The routes -------------------------------------------------------------------------------------------


def test_a_restore_is_accepted_with_its_address(backed_up: BackedUp) -> None:
    begun = backed_up.store.answer_to("recovery/restore-begin")

    assert (begun.status, begun.json["kind"], begun.json["status"]) == (202, "restore", "queued")
    assert begun.headers["Location"] == f"{API}/v1/admin/restores/{begun.json['id']}"
    assert begun.json["progress"] == NO_FIGURES
    assert_refused(backed_up.store.answer_to("recovery/rebuild-begin"), 409, "recovery_in_progress")


def test_a_restore_that_there_is_not_is_not_found(store: Deployment) -> None:
    assert_refused(store.answer_to("recovery/restore-progress"), 404, "recovery_not_found")


def test_a_caller_without_the_admin_scope_is_refused(store: Deployment) -> None:
    for name in ("recovery/restore-without-scope", "recovery/restore-progress-without-scope"):
        assert_refused(store.answer_to(name), 403, "admin_required")
    assert store.handed_over.waiting == []
