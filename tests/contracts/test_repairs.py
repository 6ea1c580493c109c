"""What is remembered of repairs: the fake of the tests and DynamoRepairs alike (F8)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from image_store.adapters.dynamodb.table import DynamoTable
from image_store.adapters.dynamodb.upkeep.repairs import REPAIR_LIFETIME, DynamoRepairs
from image_store.domain.errors import Conflict, StorageUnavailable
from image_store.domain.upkeep.repair import RepairError, RepairJob, RepairStatus, RepairTally
from image_store.ports.upkeep import Repairs
from tests.fakes.dynamodb import all_items, mocked_client, new_table, table_form
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


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with mocked_client() as client:
        yield client


@pytest.fixture(scope="module")
def form() -> dict[str, Any]:
    return table_form()


@pytest.fixture(params=["memory", "dynamodb"])
def repairs(request: pytest.FixtureRequest, client: Any, form: dict[str, Any]) -> Repairs:
    if request.param == "memory":
        return MemoryRepairs()
    return DynamoRepairs(DynamoTable(new_table(client, form), client=lambda: client))


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


class Failing:
    """A client whose writes get no response, after their effect or without it."""

    def __init__(self, client: Any, *, has_effect: bool) -> None:
        self._client = client
        self._has_effect = has_effect

    def transact_write_items(self, **request: Any) -> Any:
        if self._has_effect:
            self._client.transact_write_items(**request)
        raise ReadTimeoutError(endpoint_url="https://dynamodb.invalid")

    def get_item(self, **request: Any) -> Any:
        return self._client.get_item(**request)


def test_a_write_whose_response_is_lost_is_settled_by_a_read(client: Any, form: dict[str, Any]) -> None:
    failing = Failing(client, has_effect=True)
    repairs = DynamoRepairs(DynamoTable(new_table(client, form), client=lambda: failing))

    repairs.create(NEW)
    repairs.save(replace(NEW, step=2), step=1)

    assert repairs.get(NEW.id) == replace(NEW, step=2)


def test_a_write_that_never_arrived_is_unavailable(client: Any, form: dict[str, Any]) -> None:
    failing = Failing(client, has_effect=False)
    repairs = DynamoRepairs(DynamoTable(new_table(client, form), client=lambda: failing))

    with pytest.raises(StorageUnavailable):
        repairs.create(NEW)


def test_a_repair_expires_after_90_days_and_is_in_no_index(client: Any, form: dict[str, Any]) -> None:
    name = new_table(client, form)

    DynamoRepairs(DynamoTable(name, client=lambda: client)).create(FULL)

    (item,) = all_items(client, name)
    assert item.keys() == {"pk", "sk", "step", "repair", "ttl", "v"}
    assert int(item["ttl"]["N"]) == int((NOON + REPAIR_LIFETIME).timestamp())
