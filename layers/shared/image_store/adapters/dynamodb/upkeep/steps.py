"""The common form of the rows of jobs that continue step by step, such as repairs and migrations.

The number of the step is an attribute, for conditions; all other values of a job are in one JSON text.
"""

from datetime import datetime
from typing import Any

from image_store.adapters.dynamodb.items import Item, parse_time, text_time
from image_store.adapters.dynamodb.keys import Key
from image_store.adapters.dynamodb.table import OnTable
from image_store.domain.errors import Conflict

_TIMES = ("created_at", "updated_at", "finished_at")

IS_NEW: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
"""The condition for creating a job."""


def is_at(step: int) -> dict[str, Any]:
    """The condition for replacing a job: it is still at this step."""
    return {
        "ConditionExpression": "#step = :step",
        "ExpressionAttributeNames": {"#step": "step"},
        "ExpressionAttributeValues": {":step": {"N": str(step)}},
    }


class OnSteps(OnTable):
    """An adapter on the rows of jobs."""

    def _put_job(self, item: Item, condition: dict[str, Any], *beside: Item) -> None:
        """Put the row of a job on a condition, and rows beside it; Conflict if another worker has continued the job.

        If the response is lost, a strongly consistent read decides.
        """
        job = {"Put": {"TableName": self._rows.name, "Item": item, **condition}}
        others = [("beside", {"Put": {"TableName": self._rows.name, "Item": each}}) for each in beside]
        row = {name: item[name] for name in ("pk", "sk")}
        self._rows.transact(
            [("job", job), *others],
            settled=lambda: self._job_item(row) == item,
            refusal=_continued_by_another,
        )

    def _job_item(self, row: Key) -> Item | None:
        item: Item | None = self._rows.call("get_item", Key=row, ConsistentRead=True).get("Item")
        return item


def _continued_by_another(_: set[str]) -> Exception:
    return Conflict("Another worker has continued this job.")


def time_texts(job: object) -> dict[str, str | None]:
    """The times of a job as texts for JSON."""
    return {name: _text(getattr(job, name)) for name in _TIMES}


def times_of(body: dict[str, Any]) -> dict[str, datetime | None]:
    """The times in the JSON text of a job."""
    return {name: parse_time(body[name]) if body[name] else None for name in _TIMES}


def _text(at: datetime | None) -> str | None:
    return text_time(at) if at is not None else None
