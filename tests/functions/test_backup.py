"""Backups as the schedule and admins start them: what the bucket holds afterwards (F8)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from image_store.domain.backup.jobs import SETTLING
from image_store.domain.errors import StorageUnavailable
from image_store.domain.work import BackupStep
from tests.functions.backups import RUN_TIME, BackedUp
from tests.functions.deployment import API, IMAGE_ID, Context, Deployment, assert_refused, event

if TYPE_CHECKING:
    from collections.abc import Callable

IMAGE = f"image:{IMAGE_ID}"


@pytest.fixture
def backed_up(deployed: Callable[..., Deployment]) -> BackedUp:
    return BackedUp(deployed)


def counts(report: dict[str, Any]) -> dict[str, int]:
    """What a run counts, without zeros."""
    return {name: count for name, count in report["progress"].items() if count}


# What is backed up -------------------------------------------------------------------------------------


def test_the_first_run_backs_up_everything(backed_up: BackedUp) -> None:
    backed_up.store.answer_to("upload/raw")
    backed_up.store.answer_to("keys/create")

    report = backed_up.on_schedule()

    assert report["status"] == "succeeded"
    assert backed_up.copies() == backed_up.originals() != {}
    lines = backed_up.lines()
    assert {name: dict(line.rows) for name, line in lines.items() if line.image_id} == backed_up.rows()
    assert [name.split("#")[0] for name in lines if name.startswith("row:")] == ["row:KEY"]
    assert backed_up.manifest.origin.stack == "image-store"


def test_a_copy_has_the_headers_and_the_metadata_of_its_original(backed_up: BackedUp) -> None:
    backed_up.store.answer_to("upload/raw")

    backed_up.on_schedule()

    for key in backed_up.originals():
        copy = backed_up.bucket.objects[backed_up.library.object_key(key)]
        assert (
            replace(copy, modified_at=backed_up.store.private_bucket.objects[key].modified_at)
            == (backed_up.store.private_bucket.objects[key])
        )


def test_a_run_without_changes_writes_no_file(backed_up: BackedUp) -> None:
    backed_up.store.answer_to("upload/raw")
    backed_up.on_schedule()
    before = dict(backed_up.bucket.objects)

    report = backed_up.on_schedule()

    assert (report["status"], counts(report)) == ("succeeded", {})
    assert backed_up.bucket.objects == before


def test_a_change_makes_one_line_and_no_copy(backed_up: BackedUp) -> None:
    backed_up.store.answer_to("upload/raw")
    backed_up.on_schedule()
    base = backed_up.manifest

    backed_up.store.answer_to("update/details")
    report = backed_up.on_schedule()

    assert counts(report) == {"images": 1}
    assert backed_up.manifest.base_files == base.base_files
    assert backed_up.manifest.change_lines == base.change_lines + 1
    assert backed_up.lines()[IMAGE].rows == backed_up.rows()[IMAGE]


def test_a_deletion_becomes_a_line_and_the_copy_stays_for_the_retention(backed_up: BackedUp) -> None:
    backed_up.store.answer_to("upload/raw")
    backed_up.on_schedule()
    before, copies = backed_up.manifest, backed_up.copies()

    backed_up.store.answer_to("delete/permanent")
    report = backed_up.on_schedule()

    assert counts(report) == {"deletions": 1}
    assert IMAGE not in backed_up.lines()
    assert [line.entity for line in backed_up.library.newest_lines(before)] == [IMAGE]
    assert backed_up.copies() == copies


def test_a_change_during_a_run_waits_for_the_next(backed_up: BackedUp) -> None:
    backed_up.store.answer_to("upload/raw")
    backed_up.on_schedule()
    backed_up.store.answer_to("update/details")
    put = backed_up.bucket.put

    def meanwhile(*arguments: Any, **values: Any) -> None:
        backed_up.bucket.put = put  # type: ignore[method-assign]
        backed_up.store.answer_to("update/published")
        backed_up.follow()
        put(*arguments, **values)

    backed_up.follow()
    backed_up.bucket.put = meanwhile  # type: ignore[method-assign]
    backed_up.on_schedule()
    first = backed_up.lines()[IMAGE].rows
    backed_up.on_schedule()

    assert first != backed_up.rows()[IMAGE]
    assert backed_up.lines()[IMAGE].rows == backed_up.rows()[IMAGE]


def test_a_weekly_pass_finds_a_change_that_was_never_noted(backed_up: BackedUp) -> None:
    backed_up.store.answer_to("upload/raw")
    backed_up.on_schedule()
    base = backed_up.manifest.base
    backed_up.store.answer_to("update/details")
    backed_up.stream.told.clear()

    backed_up.store.set_clock.instant += timedelta(days=7)
    backed_up.on_schedule()

    assert backed_up.manifest.base > base
    assert backed_up.lines()[IMAGE].rows == backed_up.rows()[IMAGE]


def test_changes_of_a_time_without_a_backup_store_are_found_afterwards(backed_up: BackedUp) -> None:
    backed_up.store.answer_to("upload/raw")
    backed_up.on_schedule()
    backed_up.store.answer_to("update/details")
    backed_up.stream.told.clear()

    backed_up.store.set_clock.instant += timedelta(days=2)
    backed_up.on_schedule()

    assert backed_up.lines()[IMAGE].rows == backed_up.rows()[IMAGE]


def test_a_new_bucket_gets_a_backup_of_its_own(backed_up: BackedUp) -> None:
    backed_up.store.answer_to("upload/raw")
    backed_up.on_schedule()
    backed_up.bucket.objects.clear()

    report = backed_up.on_schedule()

    assert report["status"] == "succeeded"
    assert backed_up.copies() == backed_up.originals()
    assert backed_up.lines()[IMAGE].rows == backed_up.rows()[IMAGE]


# What goes wrong ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["missing", "other bytes"])
def test_a_damaged_original_is_reported_and_its_record_is_backed_up(backed_up: BackedUp, damage: str) -> None:
    backed_up.store.answer_to("upload/raw")
    (key,) = backed_up.originals()
    original = backed_up.store.private_bucket.objects.pop(key)
    if damage == "other bytes":
        backed_up.store.private_bucket.objects[key] = replace(original, data=original.data[::-1])

    report = backed_up.on_schedule()

    assert {(error["entity"], error["code"]) for error in report["errors"]} == {(IMAGE, "original_damaged")}
    assert backed_up.copies() == {}
    assert (backed_up.lines()[IMAGE].rows, backed_up.lines()[IMAGE].object) == (backed_up.rows()[IMAGE], None)


def test_a_copy_outlives_the_loss_of_its_original(backed_up: BackedUp) -> None:
    backed_up.store.answer_to("upload/raw")
    backed_up.on_schedule()
    copies = backed_up.copies()
    backed_up.store.private_bucket.objects.clear()

    backed_up.store.answer_to("update/details")
    report = backed_up.begin()

    assert (report["progress"]["failed"], backed_up.copies()) == (0, copies)


def test_a_damaged_copy_is_replaced_by_a_full_pass(backed_up: BackedUp) -> None:
    backed_up.store.answer_to("upload/raw")
    backed_up.on_schedule()
    copies = backed_up.copies()
    (key,) = (key for key in backed_up.bucket.objects if "/objects/" in key)
    backed_up.bucket.objects[key] = replace(backed_up.bucket.objects[key], data=b"cut")

    backed_up.store.set_clock.instant += timedelta(days=7)
    backed_up.on_schedule()

    assert backed_up.copies() == copies


def test_a_long_run_continues_step_by_step(backed_up: BackedUp) -> None:
    """Each reading of the clock takes a minute, so a step has time for few pages."""
    backed_up.store.answer_to("upload/raw")
    backed_up.on_schedule()
    backed_up.store.answer_to("update/details")
    backed_up.follow()
    backed_up.store.set_clock.step = timedelta(seconds=45)

    report = backed_up.begin()
    backed_up.store.set_clock.step = timedelta(0)

    assert report["status"] == "succeeded"
    assert backed_up.lines()[IMAGE].rows == backed_up.rows()[IMAGE]


def test_a_step_without_time_fails_and_loses_nothing(backed_up: BackedUp) -> None:
    backed_up.store.answer_to("upload/raw")

    report = backed_up.on_schedule(Context(remaining=timedelta(seconds=1)))
    again = backed_up.on_schedule()

    assert (report["status"], report["stopped_because"]) == ("failed", "deadline")
    assert again["status"] == "succeeded"
    assert backed_up.copies() == backed_up.originals()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (StorageUnavailable("The bucket is full."), "storage_unavailable"),
        (KeyError("access_key_id"), "internal_error"),
    ],
    ids=["a full bucket", "a secret without keys"],
)
def test_a_bucket_that_takes_nothing_ends_the_run_and_loses_nothing(
    backed_up: BackedUp, error: Exception, reason: str
) -> None:
    backed_up.store.answer_to("upload/raw")
    backed_up.on_schedule()
    before = dict(backed_up.bucket.objects)
    backed_up.store.answer_to("update/details")
    put = backed_up.bucket.put

    def refuse(*_: Any, **__: Any) -> None:
        raise error

    backed_up.bucket.put = refuse  # type: ignore[method-assign]
    refused = backed_up.on_schedule()
    unchanged = dict(backed_up.bucket.objects)
    backed_up.bucket.put = put  # type: ignore[method-assign]
    report = backed_up.on_schedule()

    assert (refused["status"], refused["stopped_because"], unchanged) == ("failed", reason, before)
    assert (report["status"], counts(report)) == ("succeeded", {"images": 1})
    assert backed_up.lines()[IMAGE].rows == backed_up.rows()[IMAGE]


def test_of_two_runs_at_once_the_second_is_refused(backed_up: BackedUp) -> None:
    backed_up.store.answer_to("upload/raw")
    states, now = backed_up.store.ports.backup_states, backed_up.store.set_clock.instant
    lease = states.take_lease(holder="another", at=now, until=now + timedelta(minutes=10))
    assert lease is not None

    refused = backed_up.begin()
    states.end_lease(lease)
    report = backed_up.begin()

    assert (refused["status"], refused["stopped_because"]) == ("failed", "another_run")
    assert report["status"] == "succeeded"


def test_a_repeated_or_late_message_does_nothing(backed_up: BackedUp) -> None:
    backed_up.store.answer_to("upload/raw")
    report = backed_up.begin()
    before = dict(backed_up.bucket.objects)

    backed_up.step(BackupStep(report["id"], 1))
    backed_up.step(BackupStep(IMAGE_ID, 1))

    assert (backed_up.reports(), backed_up.bucket.objects) == ([report], before)


def test_the_events_of_the_schedule_and_of_the_queue_are_handled(backed_up: BackedUp) -> None:
    of_a_job_that_there_is_not = backed_up.store.invoke("backup", event("backup/step"), context=RUN_TIME)
    backed_up.store.invoke("backup", event("backup/schedule"), context=RUN_TIME)

    assert of_a_job_that_there_is_not == {"batchItemFailures": []}
    assert [report["status"] for report in backed_up.reports()] == ["succeeded"]


def test_the_schedule_does_not_disturb_a_run_and_ends_one_that_was_killed(backed_up: BackedUp) -> None:
    states = backed_up.store.ports.backup_states
    begun = backed_up.store.answer_to("admin/backup-begin").json
    backed_up.work_off(Context(remaining=timedelta(seconds=1)))
    job = states.job(begun["id"])
    assert job is not None
    killed = replace(job, status=type(job.status)("running"), finished_at=None, step=job.step + 1)
    states.save_job(killed, step=job.step)

    backed_up.on_schedule()
    undisturbed = backed_up.reports()
    backed_up.store.set_clock.instant += timedelta(minutes=30)
    backed_up.on_schedule()

    assert [report["status"] for report in undisturbed] == ["running"]
    assert [report["stopped_because"] for report in backed_up.reports()] == [None, "interrupted"]


# Retention ---------------------------------------------------------------------------------------------


def test_a_copy_goes_when_its_image_was_missing_for_the_retention(backed_up: BackedUp) -> None:
    backed_up.store.answer_to("upload/raw")
    backed_up.on_schedule()
    backed_up.store.answer_to("delete/permanent")
    copies = []
    for days in [1] * 35 + [8] * 5:
        backed_up.store.set_clock.instant += timedelta(days=days)
        backed_up.store.invoke("cleanup", event("cleanup/schedule"))
        backed_up.on_schedule()
        copies.append(len(backed_up.copies()))

    assert copies == sorted(copies, reverse=True)
    assert (copies[29], copies[-1]) == (1, 0)
    assert backed_up.lines() == {}
    assert not [key for key in backed_up.bucket.objects if "/gone/" in key]


def test_old_manifests_and_their_files_go_and_the_last_of_each_day_stays(backed_up: BackedUp) -> None:
    upload = event("upload/raw")
    for _ in range(45 * 2):
        backed_up.store.call(upload, function="upload")
        backed_up.store.set_clock.instant += timedelta(hours=12)
        backed_up.on_schedule()

    manifests = [backed_up.library.manifest(each) for each in backed_up.library.manifest_ids()]
    named = {file.key for manifest in manifests for file in manifest.newest_first()}
    assert 30 <= len(manifests) <= 36
    assert named <= backed_up.bucket.objects.keys()
    for manifest in manifests:
        assert list(backed_up.library.newest_lines(manifest))
    bases = {key.split("/")[2] for key in backed_up.bucket.objects if "/base/" in key}
    assert len(bases) <= 7


def test_a_damaged_old_manifest_keeps_its_files_and_stops_no_run(backed_up: BackedUp) -> None:
    backed_up.store.answer_to("upload/raw")
    for _ in range(5):
        backed_up.on_schedule()
        backed_up.store.answer_to("update/details")
        backed_up.store.set_clock.instant += timedelta(days=2)
    oldest = backed_up.library.manifest_key(backed_up.library.manifest_ids()[0])
    backed_up.bucket.objects[oldest] = replace(backed_up.bucket.objects[oldest], data=b"{}")
    before = {key for key in backed_up.bucket.objects if "/base/" in key or "/changes/" in key}

    backed_up.store.set_clock.instant += timedelta(days=15)
    reports = [backed_up.on_schedule() for _ in range(2)]

    assert [report["status"] for report in reports] == ["succeeded"] * 2
    assert before <= backed_up.bucket.objects.keys()


# Verification ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["admin/backup-verify", "admin/backup-verify-quickly"])
def test_a_whole_backup_is_verified(backed_up: BackedUp, name: str) -> None:
    backed_up.store.answer_to("upload/raw")
    backed_up.on_schedule()
    backed_up.store.answer_to("update/details")
    backed_up.on_schedule()

    report = backed_up.begin(name)

    assert (report["status"], counts(report)) == ("succeeded", {"verified": 1})
    assert report["manifest"] == backed_up.manifest.id


@pytest.mark.parametrize("damage", ["missing", "cut", "changed bytes", "changed metadata"])
def test_a_verification_finds_a_damaged_copy(backed_up: BackedUp, damage: str) -> None:
    backed_up.store.answer_to("upload/raw")
    backed_up.on_schedule()
    (key,) = (key for key in backed_up.bucket.objects if "/objects/" in key)
    copy = backed_up.bucket.objects.pop(key)
    if damage == "cut":
        backed_up.bucket.objects[key] = replace(copy, data=copy.data[:-1])
    if damage == "changed bytes":
        backed_up.bucket.objects[key] = replace(copy, data=copy.data[::-1])
    if damage == "changed metadata":
        backed_up.bucket.objects[key] = replace(copy, metadata={})

    report = backed_up.begin("admin/backup-verify")

    assert (report["status"], report["stopped_because"]) == ("failed", "damaged")
    assert [(error["entity"], error["code"]) for error in report["errors"]] == [(IMAGE, "copy_damaged")]


def test_a_verification_finds_a_damaged_file_of_lines(backed_up: BackedUp) -> None:
    backed_up.store.answer_to("upload/raw")
    backed_up.on_schedule()
    (file,) = backed_up.manifest.base_files
    del backed_up.bucket.objects[file.key]

    report = backed_up.begin("admin/backup-verify-quickly")

    assert [error["code"] for error in report["errors"]] == ["backup_damaged"]


def test_without_a_manifest_there_is_nothing_to_verify(backed_up: BackedUp) -> None:
    report = backed_up.begin("admin/backup-verify")

    assert (report["status"], report["stopped_because"]) == ("failed", "backup_not_found")


# Admins ------------------------------------------------------------------------------------------------


def test_a_run_is_accepted_and_can_be_seen(backed_up: BackedUp) -> None:
    begun = backed_up.store.answer_to("admin/backup-begin")
    backed_up.work_off()
    sent = event("admin/backup-progress")
    sent["rawPath"] = f"/v1/admin/backups/{begun.json['id']}"
    sent["requestContext"]["http"]["path"] = sent["rawPath"]
    sent["pathParameters"] = {"backup_id": begun.json["id"]}

    seen = backed_up.store.call(sent, function="admin")

    assert begun.headers["Location"] == f"{API}/v1/admin/backups/{begun.json['id']}"
    assert (begun.json["status"], seen.json["status"]) == ("queued", "succeeded")
    assert backed_up.reports() == [seen.json]


def test_without_a_backup_store_there_is_no_run_and_nothing_is_noted(store: Deployment) -> None:
    store.answer_to("upload/raw")
    store.projected()

    assert_refused(store.answer_to("admin/backup-begin"), 409, "backup_not_configured")
    assert store.answer_to("admin/backups").json == {"items": []}
    assert not [row for row in store.contents()[0] if row["pk"]["S"].startswith("BACKUP")]


def test_what_admins_may_do_nobody_else_may(backed_up: BackedUp) -> None:
    for name in (
        "admin/backup-without-scope",
        "admin/backups-without-scope",
        "admin/backup-progress-without-scope",
    ):
        assert_refused(backed_up.store.answer_to(name), 403, "admin_required")
    assert_refused(backed_up.store.answer_to("admin/backup-unknown-task"), 400, "invalid_request")
    assert_refused(backed_up.store.answer_to("admin/backup-progress"), 404, "backup_not_found")


def test_the_age_of_the_backup_and_failed_runs_become_metrics(
    backed_up: BackedUp, capsys: pytest.CaptureFixture[str]
) -> None:
    def metrics() -> dict[str, float]:
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
        return {
            name: line[name][0] for line in lines for name in ("BackupAge", "BackupFailed") if name in line
        }

    backed_up.store.invoke("cleanup", event("cleanup/schedule"))
    first = metrics()
    backed_up.on_schedule(Context(remaining=timedelta(seconds=1)))
    failure = metrics()
    backed_up.store.set_clock.instant += timedelta(hours=3) - timedelta(minutes=1)
    backed_up.store.invoke("cleanup", event("cleanup/schedule"))
    before = metrics()
    backed_up.on_schedule()
    after_run = metrics()
    backed_up.store.set_clock.instant += timedelta(hours=1)
    backed_up.store.invoke("cleanup", event("cleanup/schedule"))

    assert (first, failure, before) == ({"BackupAge": 0}, {"BackupFailed": 1}, {"BackupAge": 3 * 3600})
    assert after_run == {"BackupFailed": 0}
    assert metrics() == {"BackupAge": 3600 + SETTLING.total_seconds()}


def test_the_health_of_the_store_shows_a_backup_that_is_late_or_fails(
    backed_up: BackedUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def health() -> tuple[str, str]:
        part = backed_up.store.answer_to("health/health").json["components"]["backup"]
        return part["status"], part["detail"]

    def refuse(*_: Any, **__: Any) -> None:
        raise StorageUnavailable("The store is full.")

    before = health()
    backed_up.on_schedule()
    afterwards = health()
    with monkeypatch.context() as patch:
        patch.setattr(backed_up.bucket, "put", refuse)
        backed_up.store.answer_to("upload/raw")
        backed_up.on_schedule()
        failing = health()
    backed_up.on_schedule()
    recovered = health()
    backed_up.store.set_clock.instant += timedelta(hours=27)
    late = health()

    assert before == ("ok", "No run has begun yet.")
    assert afterwards == recovered == ("ok", "The last complete backup is 0 hours old.")
    assert failing == (
        "degraded",
        "The last complete backup is 0 hours old. The last run failed: storage_unavailable.",
    )
    assert late == ("degraded", "The last complete backup is 27 hours old.")


def test_without_a_backup_store_its_health_is_not_configured(store: Deployment) -> None:
    part = store.answer_to("health/health").json["components"]["backup"]

    assert (part["status"], part["detail"]) == ("not_configured", "Nothing is backed up.")
