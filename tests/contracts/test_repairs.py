"""What is remembered of repairs: the fake of the tests and DynamoRepairs alike (F8)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from image_store.adapters.dynamodb.table import DynamoTable
from image_store.adapters.dynamodb.upkeep.repairs import REPAIR_LIFETIME, DynamoRepairs
from image_store.domain.errors import Conflict, StorageUnavailable
from image_store.domain.upkeep.repair import RepairError, RepairJob, RepairStatus, RepairTally
from image_store.ports.upkeep import Repairs
from tests.fakes.dynamodb import all_items, new_table
from tests.fakes.interception import InterceptedClient, lose_response, never_send
from tests.fakes.repairs import MemoryRepairs

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
NEW = RepairJob(id="019ca945-0a00-7000-8000-000000000002", created_at=NOON, updated_at=NOON)
FULL = RepairJob(
    id="019ca945-0a00-7000-8000-000000000001",
    created_at=NOON,
    updated_at=NOON + timedelta(hours=1),
    pending=("019ca945-0a00-7000-8000-000000000003", "019ca945-0a00-7000-8000-000000000004"),
    scans=False,
    dry_run=True,
    status=RepairStatus.RUNNING,
    step=17,
    after='{"pk": {"S": "IMAGE#x"}}',
    tally=RepairTally(
        examined=1,
        renditions=2,
        copies=3,
        originals_missing=4,
        failed=5,
        errors=(RepairError("019ca945-0a00-7000-8000-000000000005", "checksum_mismatch", "no"),),
    ),
    finished_at=NOON + timedelta(hours=2),
)


@pytest.fixture(params=["memory", "dynamodb"])
def repairs(request: pytest.FixtureRequest, moto: Any) -> Repairs:
    if request.param == "memory":
        return MemoryRepairs()
    return DynamoRepairs(DynamoTable(new_table(moto), client=lambda: moto))


@pytest.mark.parametrize("job", [FULL, NEW], ids=["full", "new"])
def test_a_repair_reads_as_it_was_written(repairs: Repairs, job: RepairJob) -> None:
    repairs.create(job)

    assert repairs.get(job.id) == job
    assert repairs.get("another") is None


def test_a_step_is_saved_once(repairs: Repairs) -> None:
    repairs.create(NEW)
    first = replace(NEW, step=2, tally=RepairTally(examined=1))

    repairs.save(first, step=1)
    with pytest.raises(Conflict):
        repairs.save(replace(NEW, step=2, tally=RepairTally(examined=2)), step=1)

    assert repairs.get(NEW.id) == first


def test_a_repair_is_begun_once_and_not_saved_before(repairs: Repairs) -> None:
    with pytest.raises(Conflict):
        repairs.save(replace(NEW, step=2), step=1)
    repairs.create(NEW)

    with pytest.raises(Conflict):
        repairs.create(replace(NEW, dry_run=True))

    assert repairs.get(NEW.id) == NEW


# DynamoRepairs alone ----------------------------------------------------------------------------------


def test_a_write_whose_response_is_lost_is_settled_by_a_read(moto: Any) -> None:
    failing = InterceptedClient(moto, transact_write_items=lose_response)
    repairs = DynamoRepairs(DynamoTable(new_table(moto), client=lambda: failing))

    repairs.create(NEW)
    repairs.save(replace(NEW, step=2), step=1)

    assert repairs.get(NEW.id) == replace(NEW, step=2)


def test_a_write_that_never_arrived_is_unavailable(moto: Any) -> None:
    failing = InterceptedClient(moto, transact_write_items=never_send)
    repairs = DynamoRepairs(DynamoTable(new_table(moto), client=lambda: failing))

    with pytest.raises(StorageUnavailable):
        repairs.create(NEW)


def test_a_repair_expires_after_90_days_and_is_in_no_index(moto: Any) -> None:
    name = new_table(moto)

    DynamoRepairs(DynamoTable(name, client=lambda: moto)).create(FULL)

    (item,) = all_items(moto, name)
    assert item.keys() == {"pk", "sk", "step", "repair", "ttl", "v"}
    assert int(item["ttl"]["N"]) == int((NOON + REPAIR_LIFETIME).timestamp())
