"""What is remembered of imports and of old paths: the fakes of the tests and the DynamoDB adapters alike."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from image_store.adapters.dynamodb.table import DynamoTable
from image_store.adapters.dynamodb.upkeep.imports import DynamoImports
from image_store.domain.errors import Conflict
from image_store.domain.images.image import Visibility
from image_store.domain.upkeep.importing import (
    BATCH_ITEMS,
    REMEMBERED,
    Import,
    ImportFault,
    ImportOptions,
    ImportRecord,
    ImportStatus,
    ImportTally,
    ItemState,
    PageWatch,
)
from image_store.ports.upkeep import Imports
from tests.fakes.dynamodb import new_table
from tests.fakes.imports import MemoryImports
from tests.fakes.interception import InterceptedClient, lose_response

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
FULL = Import(
    id="019ca945-0a00-7000-8000-000000000001",
    options=ImportOptions(
        source="old",
        owner="Жанна",
        prefix="a/",
        visibility=Visibility.PUBLIC,
        groups=("album:x",),
        tags=("y",),
        redirects=True,
        dry_run=True,
    ),
    created_at=NOON,
    updated_at=NOON + timedelta(hours=1),
    status=ImportStatus.WAITING,
    step=17,
    cursor="c",
    after="\ud83d",
    watch=PageWatch("0" * 64, 1, 4),
    waits=3,
    waits_until=NOON + timedelta(hours=2),
    tally=ImportTally(
        stored=1, existed=2, failed=3, size_bytes=4, unsized=5, errors=(ImportFault("a", "b", "c"),)
    ),
    finished_at=NOON + timedelta(hours=3),
)
NEW = Import(
    id="019ca945-0a00-7000-8000-000000000002",
    options=ImportOptions(source="old", owner="alice"),
    created_at=NOON,
    updated_at=NOON,
)


@pytest.fixture(params=["memory", "dynamodb"])
def imports(request: pytest.FixtureRequest, moto: Any) -> Imports:
    if request.param == "memory":
        return MemoryImports()
    return DynamoImports(DynamoTable(new_table(moto), client=lambda: moto))


@pytest.mark.parametrize("job", [FULL, NEW], ids=["full", "new"])
def test_an_import_reads_as_it_was_written(imports: Imports, job: Import) -> None:
    imports.create(job)

    assert imports.get(job.id) == job
    assert imports.get("another") is None


def test_only_the_worker_at_the_step_saves(imports: Imports) -> None:
    imports.create(NEW)
    after = replace(NEW, step=2, status=ImportStatus.RUNNING)
    imports.save(after, step=1)

    for step in (1, 3):
        with pytest.raises(Conflict):
            imports.save(replace(after, step=step + 1, waits=7), step=step)
    with pytest.raises(Conflict):
        imports.create(NEW)
    assert imports.get(NEW.id) == after


def records_of(size: int) -> list[ImportRecord]:
    return [
        ImportRecord(
            source_id=f"old/{number}😀",
            source_url="https://old.example.com/a",
            state=ItemState.STORED,
            image_id=f"image {number}",
            size_bytes=number,
        )
        for number in range(size)
    ]


def test_records_are_listed_page_by_page_and_writing_them_again_changes_nothing(imports: Imports) -> None:
    records = records_of(BATCH_ITEMS)
    for _ in range(2):
        imports.keep_records(NEW.id, records, expires_at=NOON + REMEMBERED)

    all_records: list[ImportRecord] = []
    after = None
    for _ in range(5):
        page = imports.records(NEW.id, after=after, limit=20)
        all_records += page.records
        after = page.after
        if after is None:
            break

    assert sorted(record.source_id for record in all_records) == sorted(
        record.source_id for record in records
    )
    assert imports.records("another", after=None, limit=20).records == ()


def test_a_failed_record_reads_as_it_was_written(imports: Imports) -> None:
    failed = ImportRecord(
        source_id="old/1", source_url=None, state=ItemState.FAILED, code="invalid_image", detail="Broken."
    )
    imports.keep_records(NEW.id, [failed], expires_at=NOON + REMEMBERED)

    assert imports.records(NEW.id, after=None, limit=20).records == (failed,)


def test_a_lost_response_is_no_conflict(moto: Any) -> None:
    client = InterceptedClient(moto, transact_write_items=lose_response)
    imports = DynamoImports(DynamoTable(new_table(moto), client=lambda: client))

    imports.create(NEW)

    assert imports.get(NEW.id) == NEW
