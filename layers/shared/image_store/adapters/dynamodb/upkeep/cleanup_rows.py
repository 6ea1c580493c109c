"""Reads the rows that wait for cleanup, and all records for its sweeps."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import product
from typing import Any

from image_store.adapters.dynamodb import items, keys
from image_store.adapters.dynamodb.images import records
from image_store.adapters.dynamodb.table import OnTable
from image_store.adapters.dynamodb.upkeep.policy_turns import PolicyTurns
from image_store.domain.deadlines import CLOCK_SKEW
from image_store.domain.images.image import RecordPage
from image_store.domain.upkeep.cleanup import POLICIES_EVERY
from image_store.ports.upkeep import CleanupRows

_DUE_PAGE_ROWS = 100


class DynamoCleanupRows(OnTable, CleanupRows):
    """CleanupRows in the one table."""

    def due(self, before: datetime) -> Iterator[str]:
        for pk in self._due(keys.due_shards(), before):
            if pk.startswith(keys.IMAGE_PREFIX):
                yield pk.removeprefix(keys.IMAGE_PREFIX)
            else:
                yield f"publication:{pk.removeprefix(keys.PUBLICATION_PREFIX)}"

    def owners_due(self, before: datetime) -> Iterator[str]:
        # All turns come within a day; a later one was set by a wrong clock.
        latest = before + POLICIES_EVERY + CLOCK_SKEW
        return map(keys.owner_of_turn, self._due(keys.policy_shards(), before, latest))

    def owner_done(self, owner: str, *, next_at: datetime) -> None:
        PolicyTurns(self._rows, after_save=False).end(owner, next_at)

    def scan(self, *, after: str | None, limit: int) -> tuple[RecordPage, str | None]:
        start = {} if after is None else {"ExclusiveStartKey": json.loads(after)}
        answer = self._rows.call(
            "scan",
            FilterExpression="sk = :meta",
            ExpressionAttributeValues={":meta": {"S": keys.META}},
            ConsistentRead=True,
            Limit=limit,
            **start,
        )
        last = answer.get("LastEvaluatedKey")
        return records.records_of(answer["Items"]), json.dumps(last) if last else None

    def _due(self, shards: Sequence[str], before: datetime, latest: datetime | None = None) -> Iterator[str]:
        """The partition keys of rows that are due, or due after `latest`; each page is read when it is needed."""
        ranges = [("due_at <= :bound", before)]
        if latest is not None:
            ranges.append(("due_at > :bound", latest))
        for shard, (condition, bound) in product(shards, ranges):
            start: dict[str, Any] = {}
            while True:
                answer = self._rows.call(
                    "query",
                    IndexName="due",
                    KeyConditionExpression=f"due_shard = :shard AND {condition}",
                    ExpressionAttributeValues={
                        ":shard": {"S": shard},
                        ":bound": {"S": items.text_time(bound)},
                    },
                    Limit=_DUE_PAGE_ROWS,
                    **start,
                )
                yield from (row["pk"]["S"] for row in answer["Items"])
                if "LastEvaluatedKey" not in answer:
                    break
                start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
