"""Stores repairs."""

import json
from dataclasses import asdict
from datetime import timedelta

from image_store.adapters.dynamodb import keys, schema
from image_store.adapters.dynamodb.items import Item
from image_store.adapters.dynamodb.upkeep.steps import IS_NEW, OnSteps, is_at, time_texts, times_of
from image_store.domain.upkeep.repair import RepairError, RepairJob, RepairStatus, RepairTally
from image_store.ports.upkeep import Repairs

REPAIR_LIFETIME = timedelta(days=90)


class DynamoRepairs(OnSteps, Repairs):
    """Repairs in the one table."""

    def create(self, job: RepairJob) -> None:
        self._put_job(_item_of(job), IS_NEW)

    def get(self, repair_id: str) -> RepairJob | None:
        item = self._job_item(keys.repair(repair_id))
        return _job_of(item) if item is not None else None

    def save(self, after: RepairJob, *, step: int) -> None:
        self._put_job(_item_of(after), is_at(step))


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
