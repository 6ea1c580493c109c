"""What is remembered of restores and rebuilds: the fake of the tests and DynamoRecoveries alike (F8)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from image_store.adapters.dynamodb.table import DynamoTable
from image_store.adapters.dynamodb.upkeep.recoveries import RECOVERY_LIFETIME, DynamoRecoveries
from image_store.domain.errors import Conflict, StorageUnavailable
from image_store.domain.upkeep.recovery import (
    RecoveryError,
    RecoveryJob,
    RecoveryKind,
    RecoveryOptions,
    RecoveryStatus,
    RecoveryTally,
)
from image_store.ports.upkeep import Recoveries
from tests.fakes.dynamodb import all_items, new_table
from tests.fakes.interception import InterceptedClient, lose_response, never_send
from tests.fakes.recoveries import MemoryRecoveries

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
NEW = RecoveryJob(
    id="019ca945-0a00-7000-8000-000000000002", kind=RecoveryKind.REBUILD, created_at=NOON, updated_at=NOON
)
FULL = RecoveryJob(
    id="019ca945-0a00-7000-8000-000000000001",
    kind=RecoveryKind.RESTORE,
    created_at=NOON,
    updated_at=NOON + timedelta(hours=1),
    options=RecoveryOptions(
        dry_run=True, ended=True, publish=True, access=True, owner="an owner", image_id="an image"
    ),
    manifest="019ca945-0a00-7000-8000-000000000003",
    status=RecoveryStatus.RUNNING,
    step=17,
    after="3:5",
    inherits_hold=True,
    tally=RecoveryTally(
        images=1,
        originals=2,
        already_there=3,
        ended=4,
        rows=5,
        rows_left_out=6,
        failed=7,
        repairs=8,
        size_bytes=9,
        errors=(RecoveryError("019ca945-0a00-7000-8000-000000000005", "checksum_mismatch", "no"),),
    ),
    finished_at=NOON + timedelta(hours=2),
)


@pytest.fixture(params=["memory", "dynamodb"])
def recoveries(request: pytest.FixtureRequest, moto: Any) -> Recoveries:
    if request.param == "memory":
        return MemoryRecoveries()
    return DynamoRecoveries(DynamoTable(new_table(moto), client=lambda: moto))


@pytest.mark.parametrize("recovery", [FULL, NEW], ids=["full", "new"])
def test_a_recovery_reads_as_it_was_written(recoveries: Recoveries, recovery: RecoveryJob) -> None:
    recoveries.create(recovery)

    assert recoveries.get(recovery.id) == recovery
    assert recoveries.get("another") is None


def test_a_step_is_saved_once(recoveries: Recoveries) -> None:
    recoveries.create(NEW)
    first = replace(NEW, step=2, tally=RecoveryTally(images=1))

    recoveries.save(first, step=1)
    with pytest.raises(Conflict):
        recoveries.save(replace(NEW, step=2, tally=RecoveryTally(images=2)), step=1)

    assert recoveries.get(NEW.id) == first


def test_a_recovery_is_begun_once_and_not_saved_before(recoveries: Recoveries) -> None:
    with pytest.raises(Conflict):
        recoveries.save(replace(NEW, step=2), step=1)
    recoveries.create(NEW)

    with pytest.raises(Conflict):
        recoveries.create(replace(NEW, after="1:1"))

    assert recoveries.get(NEW.id) == NEW


# DynamoRecoveries alone ----------------------------------------------------------------------------------


def test_a_write_whose_response_is_lost_is_settled_by_a_read(moto: Any) -> None:
    failing = InterceptedClient(moto, transact_write_items=lose_response)
    recoveries = DynamoRecoveries(DynamoTable(new_table(moto), client=lambda: failing))

    recoveries.create(NEW)
    recoveries.save(replace(NEW, step=2), step=1)

    assert recoveries.get(NEW.id) == replace(NEW, step=2)


def test_a_write_that_never_arrived_is_unavailable(moto: Any) -> None:
    failing = InterceptedClient(moto, transact_write_items=never_send)
    recoveries = DynamoRecoveries(DynamoTable(new_table(moto), client=lambda: failing))

    with pytest.raises(StorageUnavailable):
        recoveries.create(NEW)


def test_a_recovery_expires_after_90_days_and_is_in_no_index(moto: Any) -> None:
    name = new_table(moto)

    DynamoRecoveries(DynamoTable(name, client=lambda: moto)).create(FULL)

    (item,) = all_items(moto, name)
    assert item.keys() == {"pk", "sk", "step", "recovery", "ttl", "v"}
    assert int(item["ttl"]["N"]) == int((NOON + RECOVERY_LIFETIME).timestamp())
