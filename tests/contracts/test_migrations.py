"""What is remembered of migrations: the fake of the tests and DynamoMigrations alike (A16)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from image_store.adapters.dynamodb.table import DynamoTable
from image_store.adapters.dynamodb.upkeep.migrations import DynamoMigrations
from image_store.domain.errors import Conflict, StorageUnavailable
from image_store.domain.upkeep.migration import (
    REMEMBERED,
    FieldNames,
    Folder,
    JsonLines,
    MigratedRecord,
    Migration,
    MigrationStatus,
    MigrationTally,
    MigrationTotals,
    OneRecord,
    Options,
    RecordError,
    SourceLocation,
    Table,
)
from image_store.ports.upkeep import Migrations
from tests.fakes.dynamodb import all_items, new_table
from tests.fakes.interception import Hook, InterceptedClient, lose_response, never_send, refuse
from tests.fakes.migrations import MemoryMigrations

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
FULL = Migration(
    id="019ca945-0a00-7000-8000-000000000001",
    source=Table("messages", "photo", "key"),
    options=Options(
        fields=FieldNames("picture", "key", "user", "about"), owner="Жанна", batch_size=50, write_back=True
    ),
    created_at=NOON,
    updated_at=NOON + timedelta(hours=1),
    status=MigrationStatus.FAILED,
    step=17,
    counted=9,
    total=9,
    position='{"id": {"S": "\\ud83d\\ude00"}}',
    tally=MigrationTally(
        moved=1,
        already_moved=2,
        failed=3,
        errors=(RecordError("line 3", "invalid_request", "no"), RecordError("\ud800", "x", "y")),
    ),
    finished_at=NOON + timedelta(hours=2),
)
NEW = Migration(
    id="019ca945-0a00-7000-8000-000000000002",
    source=JsonLines("migrations/a.jsonl"),
    options=Options(),
    created_at=NOON,
    updated_at=NOON,
)


@pytest.fixture(params=["memory", "dynamodb"])
def migrations(request: pytest.FixtureRequest, moto: Any) -> Migrations:
    if request.param == "memory":
        return MemoryMigrations()
    return DynamoMigrations(DynamoTable(new_table(moto), client=lambda: moto))


@pytest.mark.parametrize("migration", [FULL, NEW], ids=["full", "new"])
def test_a_migration_reads_as_it_was_written(migrations: Migrations, migration: Migration) -> None:
    migrations.create(migration)

    assert migrations.get(migration.id) == migration
    assert migrations.get("another") is None


@pytest.mark.parametrize("source", [Folder("migrations/a/"), OneRecord("a", "b"), Table("abc", "d")])
def test_any_source_is_remembered(migrations: Migrations, source: SourceLocation) -> None:
    migrations.create(replace(NEW, source=source))

    assert migrations.get(NEW.id) == replace(NEW, source=source)


def test_a_step_is_saved_once(migrations: Migrations) -> None:
    migrations.create(NEW)
    first = replace(NEW, step=2, tally=MigrationTally(moved=1))
    late = replace(NEW, step=2, tally=MigrationTally(moved=2))

    migrations.save(first, step=1)
    with pytest.raises(Conflict):
        migrations.save(late, step=1)

    assert migrations.get(NEW.id) == first


def test_what_was_never_begun_is_not_saved(migrations: Migrations) -> None:
    with pytest.raises(Conflict):
        migrations.save(replace(NEW, step=2), step=1)

    assert migrations.get(NEW.id) is None


def test_a_migration_is_begun_once(migrations: Migrations) -> None:
    migrations.create(NEW)

    with pytest.raises(Conflict):
        migrations.create(replace(NEW, counted=1))

    assert migrations.get(NEW.id) == NEW


MIGRATED = [MigratedRecord(f"r{number}", f"image-{number}", f"picture-{number}") for number in range(5)]


def test_records_are_paged_with_their_images(migrations: Migrations) -> None:
    migrations.keep_records(NEW.id, MIGRATED, expires_at=NOON)
    migrations.keep_records("another", [MigratedRecord("r9", "image-9", "picture-9")], expires_at=NOON)

    pages: list[tuple[MigratedRecord, ...]] = []
    after: str | None = None
    while not pages or after is not None:
        page = migrations.records(NEW.id, after=after, limit=2)
        pages.append(page.records)
        after = page.after

    assert sorted(record.record_id for page in pages for record in page) == [
        f"r{number}" for number in range(5)
    ]
    assert {record for page in pages for record in page} == set(MIGRATED)
    assert max(map(len, pages)) == 2


def test_a_record_is_found_by_its_migration_and_by_its_picture(migrations: Migrations) -> None:
    migrations.keep_records(NEW.id, MIGRATED, expires_at=NOON)

    assert migrations.image_of_record(NEW.id, "r3") == "image-3"
    assert migrations.image_of_record("another", "r3") is None
    assert migrations.image_of_picture("picture-3") == "image-3"
    assert migrations.image_of_picture("picture-9") is None


def test_a_record_that_occurs_twice_in_a_batch_is_kept_once(migrations: Migrations) -> None:
    migrations.keep_records(NEW.id, [MIGRATED[0], MIGRATED[0]], expires_at=NOON)
    migrations.keep_records(NEW.id, [MIGRATED[0]], expires_at=NOON)

    assert migrations.records(NEW.id, after=None, limit=10).records == (MIGRATED[0],)


def test_a_whole_batch_of_records_is_kept_at_once(migrations: Migrations) -> None:
    batch = [MigratedRecord("r" * 2048 + str(number), "i", f"p{number}") for number in range(50)]

    migrations.keep_records(NEW.id, batch, expires_at=NOON)

    assert len(migrations.records(NEW.id, after=None, limit=100).records) == 50


def test_totals_count_the_last_migration_of_each_source(migrations: Migrations) -> None:
    first = replace(NEW, total=10, tally=MigrationTally(moved=2, failed=1))
    other = replace(FULL, total=9)
    again = replace(first, id=FULL.id[:-1] + "9", tally=MigrationTally(moved=1, already_moved=7))
    migrations.create(first)
    migrations.create(other)
    migrations.create(
        replace(NEW, id=FULL.id[:-1] + "8", source=OneRecord("a", "b"), tally=MigrationTally(moved=1))
    )
    migrations.create(again)
    migrations.save(replace(again, step=2, tally=MigrationTally(moved=1, already_moved=8)), step=1)

    assert migrations.totals() == MigrationTotals(moved=9 + 3, left=1 + 3, failed=3)


# DynamoMigrations alone -------------------------------------------------------------------------------


def test_a_write_whose_response_is_lost_is_settled_by_a_read(moto: Any) -> None:
    failing = InterceptedClient(moto, transact_write_items=lose_response)
    migrations = DynamoMigrations(DynamoTable(new_table(moto), client=lambda: failing))

    migrations.create(NEW)
    migrations.save(replace(NEW, step=2), step=1)

    assert migrations.get(NEW.id) == replace(NEW, step=2)


def test_a_write_that_is_repeated_after_its_response_was_lost_is_not_a_conflict(moto: Any) -> None:
    """botocore repeats what had its effect; the condition then fails on what we wrote."""
    migrations = DynamoMigrations(DynamoTable(new_table(moto), client=lambda: moto))
    migrations.create(NEW)
    after = replace(NEW, step=2)
    migrations.save(after, step=1)

    migrations.save(after, step=1)

    assert migrations.get(NEW.id) == after


@pytest.mark.parametrize("reads", [{}, {"get_item": refuse}], ids=["reads", "reads nothing"])
def test_a_table_that_does_not_answer_is_unavailable(moto: Any, reads: dict[str, Hook]) -> None:
    failing = InterceptedClient(moto, transact_write_items=never_send, **reads)
    migrations = DynamoMigrations(DynamoTable(new_table(moto), client=lambda: failing))

    with pytest.raises(StorageUnavailable):
        migrations.create(NEW)


def test_the_records_of_a_migration_are_kept_for_as_long_as_they_are_known_to_be_moved(moto: Any) -> None:
    name = new_table(moto)
    migrations = DynamoMigrations(DynamoTable(name, client=lambda: moto))

    migrations.keep_records(NEW.id, MIGRATED[:1], expires_at=NOON + REMEMBERED)

    assert {item["ttl"]["N"] for item in all_items(moto, name)} == {str(int((NOON + REMEMBERED).timestamp()))}


def test_a_migration_never_expires_and_is_in_no_index(moto: Any) -> None:
    name = new_table(moto)

    DynamoMigrations(DynamoTable(name, client=lambda: moto)).create(FULL)

    attributes_by_kind = {item["pk"]["S"].partition("#")[0]: set(item) for item in all_items(moto, name)}
    assert attributes_by_kind == {
        "MIGRATION": {"pk", "sk", "v", "step", "migration"},
        "MIGRATIONS": {"pk", "sk", "migration_id", "moved", "left", "failed"},
    }
