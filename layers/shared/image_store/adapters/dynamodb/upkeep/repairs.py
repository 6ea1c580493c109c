"""Repairs as rows of the one table: the step stands alone for its condition, all else is one JSON text."""

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from image_store.adapters.dynamodb import keys, schema
from image_store.adapters.dynamodb.items import Item, parse_time, text_time
from image_store.adapters.dynamodb.table import OnTable
from image_store.domain.errors import Conflict, StorageUnavailable
from image_store.domain.upkeep.repair import RepairError, RepairJob, RepairStatus, RepairTally
from image_store.ports.upkeep import Repairs

REPAIR_LIFETIME = timedelta(days=90)
_TIMES = ("created_at", "updated_at", "finished_at")


class DynamoRepairs(OnTable, Repairs):
    """Repairs in the one table; the client is made at the first call."""

    def create(self, job: RepairJob) -> None:
        self._put(job, ConditionExpression="attribute_not_exists(pk)")

    def get(self, repair_id: str) -> RepairJob | None:
        item = self._item(repair_id)
        return _job_of(item) if item is not None else None

    def save(self, after: RepairJob, *, step: int) -> None:
        self._put(
            after,
            ConditionExpression="#step = :step",
            ExpressionAttributeNames={"#step": "step"},
            ExpressionAttributeValues={":step": {"N": str(step)}},
        )

    def _put(self, job: RepairJob, **condition: Any) -> None:
        item = _item_of(job)
        failure: Exception = Conflict("Another worker has carried this repair on.")
        try:
            if self._rows.conditional("put_item", Item=item, **condition) is not None:
                return
        except StorageUnavailable as unavailable:
            failure = unavailable
        # botocore repeats a call whose response it lost; the repeat then meets our own write.
        if self._item(job.id) != item:
            raise failure

    def _item(self, repair_id: str) -> Item | None:
        answer = self._rows.call("get_item", Key=keys.repair(repair_id), ConsistentRead=True)
        item: Item | None = answer.get("Item")
        return item


def _item_of(job: RepairJob) -> Item:
    body = asdict(job) | {name: _text(getattr(job, name)) for name in _TIMES}
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
    times = {name: parse_time(body[name]) if body[name] else None for name in _TIMES}
    return RepairJob(
        id=keys.id_of_repair(item["pk"]["S"]), step=int(item["step"]["N"]), **(body | times | changed)
    )


def _text(at: Any) -> str | None:
    return text_time(at) if at is not None else None
