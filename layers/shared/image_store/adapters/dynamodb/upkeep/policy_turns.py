"""Queues owners for the policies of cleanup.

The row of an owner is written when the owner's first image is projected, and again after each turn. So uploads of one
owner do not write the same row.
"""

from datetime import datetime

from image_store.adapters.dynamodb import items, keys
from image_store.adapters.dynamodb.table import DynamoTable

_MOST_REMEMBERED = 10_000


class PolicyTurns:
    """Queues owners; with `after_save` a new image lets the next run look at its owner."""

    def __init__(self, table: DynamoTable, *, after_save: bool) -> None:
        self._rows = table
        self._after_save = after_save
        self._queued: set[str] = set()
        """Owners who have a row; these rows are never removed."""

    def queue(self, owner: str, at: datetime, *, is_new: bool) -> None:
        """Give an owner turns from now on; `is_new` if an image of the owner is new. Safe to repeat."""
        if is_new and self._after_save:
            # Usually the owner is due already, and nothing is written.
            self._write(owner, at, "attribute_not_exists(due_at) OR due_at > :due")
            self._remember(owner)
        elif owner not in self._queued:
            if "Item" not in self._rows.call("get_item", Key=keys.turn(owner)):
                self._write(owner, at, "attribute_not_exists(due_at)")
            self._remember(owner)

    def end(self, owner: str, next_at: datetime) -> None:
        """Set the next turn of an owner."""
        self._rows.call("update_item", Key=keys.turn(owner), **_due(owner, next_at))

    def _write(self, owner: str, at: datetime, condition: str) -> None:
        update = _due(owner, at) | {"ConditionExpression": condition}
        self._rows.conditional("update_item", Key=keys.turn(owner), **update)

    def _remember(self, owner: str) -> None:
        if len(self._queued) >= _MOST_REMEMBERED:
            self._queued.clear()
        self._queued.add(owner)


def _due(owner: str, at: datetime) -> dict[str, object]:
    return {
        "UpdateExpression": "SET due_shard = :shard, due_at = :due",
        "ExpressionAttributeValues": {
            ":shard": {"S": keys.policy_shard(owner)},
            ":due": {"S": items.text_time(at)},
        },
    }
