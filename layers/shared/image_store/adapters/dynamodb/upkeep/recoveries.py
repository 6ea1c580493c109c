"""Stores restores and rebuilds."""

import json
from dataclasses import asdict
from datetime import timedelta

from image_store.adapters.dynamodb import recovery_keys, schema
from image_store.adapters.dynamodb.items import Item
from image_store.adapters.dynamodb.upkeep.steps import IS_NEW, OnSteps, is_at, time_texts, times_of
from image_store.domain.upkeep.recovery import (
    RecoveryError,
    RecoveryJob,
    RecoveryKind,
    RecoveryOptions,
    RecoveryStatus,
    RecoveryTally,
)
from image_store.ports.upkeep import Recoveries

RECOVERY_LIFETIME = timedelta(days=90)


class DynamoRecoveries(OnSteps, Recoveries):
    """Restores and rebuilds in the one table."""

    def create(self, recovery: RecoveryJob) -> None:
        self._put_job(_item_of(recovery), IS_NEW)

    def get(self, recovery_id: str) -> RecoveryJob | None:
        item = self._job_item(recovery_keys.recovery(recovery_id))
        return _recovery_of(item) if item is not None else None

    def save(self, after: RecoveryJob, *, step: int) -> None:
        self._put_job(_item_of(after), is_at(step))


def _item_of(recovery: RecoveryJob) -> Item:
    body = asdict(recovery) | time_texts(recovery)
    del body["id"], body["step"]
    return {
        **recovery_keys.recovery(recovery.id),
        **schema.STAMP,
        "step": {"N": str(recovery.step)},
        "recovery": {"S": json.dumps(body, separators=(",", ":"))},
        "ttl": {"N": str(int((recovery.created_at + RECOVERY_LIFETIME).timestamp()))},
    }


@schema.reading
def _recovery_of(item: Item) -> RecoveryJob:
    schema.version_of(item)
    body = json.loads(item["recovery"]["S"])
    errors = tuple(RecoveryError(**error) for error in body["tally"]["errors"])
    values = {
        "kind": RecoveryKind(body["kind"]),
        "status": RecoveryStatus(body["status"]),
        "options": RecoveryOptions(**body["options"]),
        "tally": RecoveryTally(**body["tally"] | {"errors": errors}),
    }
    return RecoveryJob(
        id=recovery_keys.id_of_recovery(item["pk"]["S"]),
        step=int(item["step"]["N"]),
        **(body | times_of(body) | values),
    )
