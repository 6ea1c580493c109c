"""What the backup keeps in the table: noted changes, the state of its runs, and what it reads (F8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from image_store.adapters.dynamodb import backup_keys, keys
from image_store.adapters.dynamodb.backup import outbox as outbox_module
from image_store.adapters.dynamodb.backup.changes import entity_changed
from image_store.adapters.dynamodb.backup.outbox import DynamoOutbox
from image_store.adapters.dynamodb.backup.rows import DynamoBackupRows
from image_store.adapters.dynamodb.backup.states import JOB_LIFETIME, DynamoBackupStates
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.backup.jobs import (
    LONGEST_RUN,
    BackupError,
    BackupJob,
    BackupState,
    BackupStatus,
    BackupTally,
    BackupTask,
    FullPass,
)
from image_store.domain.backup.lines import image_entity, row_entity
from image_store.domain.backup.manifest import BackupFile
from image_store.domain.errors import Conflict, StorageUnavailable
from image_store.ports.backup import NotedChange
from tests.fakes.interception import InterceptedClient, lose_response, never_send

if TYPE_CHECKING:
    from collections.abc import Iterable

    from image_store.domain.upkeep.cleanup import Lease
    from tests.contracts.tables import Table

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)
MOMENT = timedelta(microseconds=1)
FILE = BackupFile(key="s/base/1/1.jsonl.gz", size_bytes=9, sha256="ab" * 32, lines=3)
STATE = BackupState(
    created_at=NOON,
    job="j",
    manifest="m",
    as_of=NOON + MOMENT,
    full_at=NOON + 2 * MOMENT,
    full_pass=FullPass(id="p", after="{}", files=(FILE, FILE), indexes=(FILE,), images=2, bytes=3),
    sweep_after="k",
)
NEW = BackupJob(id="019ca945-0a00-7000-8000-000000000001", created_at=NOON, updated_at=NOON)
FULL = BackupJob(
    id="019ca945-0a00-7000-8000-000000000002",
    created_at=NOON,
    updated_at=NOON + MOMENT,
    task=BackupTask.VERIFY,
    full=True,
    accept_loss=5,
    deep=True,
    status=BackupStatus.FAILED,
    step=4,
    manifest="m",
    after=7,
    tally=BackupTally(
        images=1, rows=2, deletions=3, objects=4, bytes=5, verified=6, removed=7, failed=8,
        errors=(BackupError("image:1", "copy_damaged", "no"),),
    ),
    base_images=9,
    base_images_before=10,
    stopped_because="damaged",
    finished_at=NOON + 2 * MOMENT,
)  # fmt: skip


def in_table[Adapter](table: Table, adapter: type[Adapter], client: Any = None) -> Adapter:
    return adapter(DynamoTable(table.name, client=lambda: client or table.client))  # type: ignore[call-arg]  # all take a table


# Noted changes -----------------------------------------------------------------------------------------

ENTITIES = [image_entity(f"{n}") for n in range(9)] + [
    row_entity("KEY#a|b", "KEY"),
    row_entity("LEDGER#o#m", "j#0"),
]


def named(changes: Iterable[NotedChange]) -> list[str]:
    return sorted(change.entity for change in changes)


def test_noted_changes_are_found_once_and_settled(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "_PAGE_ROWS", 2)
    outbox = in_table(table, DynamoOutbox)
    for entity in (*ENTITIES, ENTITIES[0]):
        outbox.note(entity, at=NOON)

    changes = list(outbox.changes(before=LATER))
    outbox.settle(changes)
    outbox.settle(changes)

    assert named(changes) == sorted(ENTITIES)
    assert list(outbox.changes(before=LATER)) == []
    assert table.rows() == []


def test_a_change_that_was_noted_again_is_not_settled(table: Table) -> None:
    outbox = in_table(table, DynamoOutbox)
    outbox.note("image:1", at=NOON)
    seen = list(outbox.changes(before=LATER))
    outbox.note("image:1", at=NOON)

    outbox.settle(seen)

    (again,) = outbox.changes(before=LATER)
    assert (again.entity, again.mark != seen[0].mark) == ("image:1", True)


def test_changes_are_those_before_a_time(table: Table) -> None:
    outbox = in_table(table, DynamoOutbox)
    outbox.note("image:1", at=NOON)
    outbox.note("image:2", at=NOON + MOMENT)

    assert named(outbox.changes(before=NOON)) == []
    assert named(outbox.changes(before=NOON + MOMENT)) == ["image:1"]


def test_no_reader_of_records_sees_a_noted_change(table: Table) -> None:
    outbox, rows = in_table(table, DynamoOutbox), in_table(table, DynamoBackupRows)
    for entity in ENTITIES:
        outbox.note(entity, at=NOON)

    assert rows.scan(after=None, at=NOON) == ([], None)
    assert {row["sk"]["S"] for row in table.rows()} == {"CHANGE"}


def test_an_outbox_that_does_not_answer_is_unavailable(table: Table) -> None:
    failing = InterceptedClient(table.client, put_item=never_send, query=never_send, delete_item=never_send)
    outbox = in_table(table, DynamoOutbox, failing)

    for act in (
        lambda: outbox.note("image:1", at=NOON),
        lambda: list(outbox.changes(before=LATER)),
        lambda: outbox.settle([NotedChange("image:1", "m")]),
    ):
        with pytest.raises(StorageUnavailable):
            act()


def change_of(pk: str, sk: str, **images: str | None) -> dict[str, Any]:
    states = {f"{name}Image": {"state": {"S": state}} for name, state in images.items() if state is not None}
    return {"dynamodb": {"Keys": {"pk": {"S": pk}, "sk": {"S": sk}}, **states}}


@pytest.mark.parametrize(
    ("change", "entity"),
    [
        (change_of("IMAGE#1", "META", New="pending"), None),
        (change_of("IMAGE#1", "META", Old="pending", New="ready"), "image:1"),
        (change_of("IMAGE#1", "META", Old="ready", New="trashed"), "image:1"),
        (change_of("IMAGE#1", "META", Old="ready", New="deleting"), "image:1"),
        (change_of("IMAGE#1", "META", Old="deleting", New="tombstone"), None),
        (change_of("IMAGE#1", "META", Old="tombstone"), None),
        (change_of("IMAGE#1", "META", Old="ready"), "image:1"),
        (change_of("IMAGE#1", "META"), "image:1"),
        (change_of("IMAGE#1", "DETAIL"), None),
        (change_of("KEY#1", "KEY"), "row:KEY#1|KEY"),
        (change_of("KEYS", "owner/1"), None),
        (change_of("SHARE#1", "SHARE"), "row:SHARE#1|SHARE"),
        (change_of("GROUPS#o", "GROUP#album:a\ta"), "row:GROUPS#o|GROUP#album:a\ta"),
        (change_of("LEDGER#o#m", "j#00#c"), "row:LEDGER#o#m|j#00#c"),
        (change_of("BACKUP#image:1", "CHANGE"), None),
    ],
)
def test_the_stream_says_what_a_backup_has_to_look_at(change: dict[str, Any], entity: str | None) -> None:
    assert entity_changed(change) == entity


# What is backed up -------------------------------------------------------------------------------------


def test_a_scan_finds_what_a_backup_holds_and_nothing_that_follows_from_it(table: Table) -> None:
    soon, late = (str(int((NOON + timedelta(days=days)).timestamp())) for days in (1, 29))
    in_backups = [
        ("IMAGE#1", "META", None),
        ("KEY#1", "KEY", None),
        ("MIGRATED#m", "place", None),
        ("JOB#j", "ITEM#00", None),
        ("BUDGET#DEPLOYMENT", "2026-03", None),
        ("IDEMPOTENCY#late", "IDEMPOTENCY", late),
    ]
    left_out = [
        ("IMAGE#1", "DETAIL", None),
        ("HASH#o#s", "1", None),
        ("GROUP#o#g:1", "1", None),
        ("PUBLIC#ALL", "1", None),
        ("TAG#o#t", "1", None),
        ("PROJECTION#1", "PROJECTION", None),
        ("KEYS", "o/1", None),
        ("IDEMPOTENCY#soon", "IDEMPOTENCY", soon),
        ("UPLOADTOKEN#1", "UPLOADTOKEN", None),
        ("BACKUP", "STATE", None),
        ("CLEANUP", "LEASE", None),
    ]
    for pk, sk, ttl in in_backups + left_out:
        item = keys.key(pk, sk) | ({"ttl": {"N": ttl}} if ttl else {})
        table.client.put_item(TableName=table.name, Item=item)
    rows = in_table(table, DynamoBackupRows)

    entities, after = rows.scan(after=None, at=NOON)

    assert (sorted(entities), after) == (
        sorted(backup_keys.entity_of(pk, sk) for pk, sk, _ in in_backups),
        None,
    )
    assert backup_keys.row_of("row:KEY#a|KEY") == keys.key("KEY#a", "KEY")


def test_rows_are_read_as_they_are_with_sets_in_order(table: Table) -> None:
    item = keys.key("KEY#1", "KEY") | {"n": {"N": "1.50"}, "set": {"SS": ["b", "a"]}, "b": {"BOOL": True}}
    unreadable = keys.record("1") | {"v": {"N": "99"}}
    for each in (item, unreadable):
        table.client.put_item(TableName=table.name, Item=each)
    rows = in_table(table, DynamoBackupRows)

    sources = rows.read(["row:KEY#1|KEY", "image:1", "image:2", "row:SHARE#1|SHARE"])

    assert sources.keys() == {"row:KEY#1|KEY", "image:1"}
    assert sources["row:KEY#1|KEY"].rows == {"ROW": item | {"set": {"SS": ["a", "b"]}}}
    assert (sources["image:1"].rows, sources["image:1"].record) == ({"META": unreadable}, None)


# State and jobs ----------------------------------------------------------------------------------------


def leased(states: DynamoBackupStates, holder: str = "a run", at: datetime = NOON) -> Lease | None:
    return states.take_lease(holder=holder, at=at, until=at + LONGEST_RUN)


def test_the_first_reader_creates_the_state_and_it_reads_as_it_was_written(table: Table) -> None:
    states = in_table(table, DynamoBackupStates)
    lease = leased(states)
    assert lease is not None

    assert states.state(at=NOON) == states.state(at=LATER) == BackupState(created_at=NOON)
    states.save_state(STATE, lease)
    assert states.state(at=LATER) == STATE


def test_one_run_has_the_lease_and_another_can_write_nothing(table: Table) -> None:
    states = in_table(table, DynamoBackupStates)
    first = leased(states)
    assert first is not None

    assert leased(states, "another", LATER) is None
    states.end_lease(first)
    second = leased(states, "another", LATER)
    assert second is not None
    states.end_lease(first)
    assert leased(states, "a third", LATER) is None
    with pytest.raises(Conflict):
        states.save_state(STATE, first)
    states.save_state(STATE, second)


@pytest.mark.parametrize("job", [NEW, FULL], ids=["new", "full"])
def test_a_job_reads_as_it_was_written(table: Table, job: BackupJob) -> None:
    states = in_table(table, DynamoBackupStates)
    states.create_job(job)

    assert (states.job(job.id), states.job("another")) == (job, None)
    (item,) = table.rows()
    assert int(item["ttl"]["N"]) == int((NOON + JOB_LIFETIME).timestamp())


def test_a_step_is_saved_once_and_the_newest_jobs_come_first(table: Table) -> None:
    states = in_table(table, DynamoBackupStates)
    states.create_job(NEW)
    states.create_job(FULL)
    first = replace(NEW, step=2)

    states.save_job(first, step=1)
    with pytest.raises(Conflict):
        states.save_job(replace(NEW, step=2, deep=True), step=1)
    with pytest.raises(Conflict):
        states.create_job(NEW)

    assert list(states.jobs(limit=9)) == [FULL, first]
    assert list(states.jobs(limit=1)) == [FULL]


def test_a_job_whose_response_is_lost_is_settled_by_a_read(table: Table) -> None:
    states = in_table(
        table, DynamoBackupStates, InterceptedClient(table.client, transact_write_items=lose_response)
    )

    states.create_job(NEW)

    assert states.job(NEW.id) == NEW
