"""Notes which images and rows have changed.

A change has one row, which each further change replaces. Its place in the index `due` ends with a random mark, so the
index alone tells a reader which row it saw. The row is removed only if it still has that mark.
"""

import secrets
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from image_store.adapters.dynamodb import backup_keys
from image_store.adapters.dynamodb.items import text_time
from image_store.adapters.dynamodb.table import OnTable
from image_store.ports.backup import ChangeOutbox, NotedChange

_PAGE_ROWS = 100
_PARALLEL_DELETES = 8
_MARK_BYTES = 8


class DynamoOutbox(OnTable, ChangeOutbox):
    """ChangeOutbox in the one table."""

    def note(self, entity: str, *, at: datetime) -> None:
        item = {
            **backup_keys.noted(entity),
            "due_shard": {"S": backup_keys.outbox_shard(entity)},
            "due_at": {"S": f"{text_time(at)}~{secrets.token_hex(_MARK_BYTES)}"},
        }
        self._rows.call("put_item", Item=item)

    def changes(self, *, before: datetime) -> Iterator[NotedChange]:
        for shard in backup_keys.outbox_shards():
            start: dict[str, Any] = {}
            while True:
                answer = self._rows.call(
                    "query",
                    IndexName="due",
                    KeyConditionExpression="due_shard = :shard AND due_at < :before",
                    ExpressionAttributeValues={":shard": {"S": shard}, ":before": {"S": text_time(before)}},
                    Limit=_PAGE_ROWS,
                    **start,
                )
                for row in answer["Items"]:
                    yield NotedChange(backup_keys.entity_of_note(row["pk"]["S"]), row["due_at"]["S"])
                if "LastEvaluatedKey" not in answer:
                    break
                start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def settle(self, changes: Collection[NotedChange]) -> None:
        with ThreadPoolExecutor(_PARALLEL_DELETES) as pool:
            list(pool.map(self._remove, changes))

    def _remove(self, change: NotedChange) -> None:
        self._rows.conditional(
            "delete_item",
            Key=backup_keys.noted(change.entity),
            ConditionExpression="due_at = :mark",
            ExpressionAttributeValues={":mark": {"S": change.mark}},
        )
