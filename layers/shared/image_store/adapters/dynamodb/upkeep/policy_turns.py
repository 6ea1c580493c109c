"""Rows by which cleanup finds the owners whose images its policies have to look at.

An owner's row is written with the first image that is projected, and again after each turn of the owner. So an upload
writes nothing that other uploads of its owner write.
"""

from datetime import datetime

from image_store.adapters.dynamodb import items, keys
from image_store.adapters.dynamodb.table import DynamoTable

_MOST_REMEMBERED = 10_000


class PolicyTurns:
    """Queues owners for the policies; with `after_save` their turn comes with the next run after each image."""

    def __init__(self, table: DynamoTable, *, after_save: bool) -> None:
        self._rows = table
        self._after_save = after_save
        self._queued: set[str] = set()
        """Owners who have a row; rows of turns are never removed."""

    def queue(self, owner: str, at: datetime, *, stored: bool) -> None:
        """Let an owner have turns from now on; with `stored` an image is new. Safe to repeat."""
        if stored and self._after_save:
            # As a rule the owner's turn has come already, and nothing is written.
            self._write(owner, at, "attribute_not_exists(due_at) OR due_at > :due")
            self._remember(owner)
        elif owner not in self._queued:
            if "Item" not in self._rows.call("get_item", Key=keys.turn(owner)):
                self._write(owner, at, "attribute_not_exists(due_at)")
            self._remember(owner)

    def end(self, owner: str, next_at: datetime) -> None:
        """Let an owner's turn come again at `next_at`."""
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
