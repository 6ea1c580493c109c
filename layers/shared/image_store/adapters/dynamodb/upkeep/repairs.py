"""Stores repairs."""

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from image_store.adapters.dynamodb import keys, schema
from image_store.adapters.dynamodb.items import Item
from image_store.adapters.dynamodb.table import OnTable
from image_store.adapters.dynamodb.upkeep.steps import IS_NEW, is_at, time_texts, times_of
from image_store.domain.errors import Conflict
from image_store.domain.upkeep.repair import RepairError, RepairJob, RepairStatus, RepairTally
from image_store.ports.upkeep import Repairs

REPAIR_LIFETIME = timedelta(days=90)


class DynamoRepairs(OnTable, Repairs):
    """Repairs in the one table."""

    def create(self, job: RepairJob) -> None:
        self._put(job, IS_NEW)

    def get(self, repair_id: str) -> RepairJob | None:
        item = self._item(repair_id)
        return _job_of(item) if item is not None else None

    def save(self, after: RepairJob, *, step: int) -> None:
        self._put(after, is_at(step))

    def _put(self, job: RepairJob, condition: dict[str, Any]) -> None:
        item = _item_of(job)
        put = {"Put": {"TableName": self._rows.name, "Item": item, **condition}}
        self._rows.transact(
            [("repair", put)], settled=lambda: self._item(job.id) == item, refusal=_continued_by_another
        )

    def _item(self, repair_id: str) -> Item | None:
        answer = self._rows.call("get_item", Key=keys.repair(repair_id), ConsistentRead=True)
        item: Item | None = answer.get("Item")
        return item


def _continued_by_another(_: set[str]) -> Exception:
    return Conflict("Another worker has continued this repair.")


def _item_of(job: RepairJob) -> Item:
    body = asdict(job) | time_texts(job)
    del body["id"], body["step"]
    return {
        **keys.repair(job.id),
        **schema.STAMP,
        "step": {"N": str(job.step)},
        "repair": {"S": json.dumps(body, separators=(",", ":"))},
        "ttl": {"N": str(int((job.created_at + REPAIR_LIFETIME).timestamp()))},
    }


@schema.reading
def _job_of(item: Item) -> RepairJob:
    schema.version_of(item)
    body = json.loads(item["repair"]["S"])
    errors = tuple(RepairError(**error) for error in body["tally"]["errors"])
    changed = {
        "status": RepairStatus(body["status"]),
        "pending": tuple(body["pending"]),
        "tally": RepairTally(**body["tally"] | {"errors": errors}),
    }
    return RepairJob(
        id=keys.id_of_repair(item["pk"]["S"]),
        step=int(item["step"]["N"]),
        **(body | times_of(body) | changed),
    )
