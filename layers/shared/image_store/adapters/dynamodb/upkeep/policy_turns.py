"""Queues owners for the policies of cleanup, and lists them.

The row of an owner is written when the owner's first image is projected, and again after each turn. So uploads of one
owner do not write the same row. It says whether the owner is in the list of owners; those of earlier builds join the
list with their next turn, or the next image that a new process projects.
"""

from datetime import datetime

from image_store.adapters.dynamodb import items, keys, owner_keys
from image_store.adapters.dynamodb.table import DynamoTable

_MOST_REMEMBERED = 10_000
_LISTED = "listed"


class PolicyTurns:
    """Queues and lists owners; with `after_save` a new image lets the next run look at its owner."""

    def __init__(self, table: DynamoTable, *, after_save: bool) -> None:
        self._rows = table
        self._after_save = after_save
        self._queued: set[str] = set()
        """Owners who have a row; these rows are never removed."""

    def queue(self, owner: str, at: datetime, *, is_new: bool) -> None:
        """Give an owner turns from now on; `is_new` if an image of the owner is new. Safe to repeat."""
        is_brought_forward = is_new and self._after_save
        if is_brought_forward:
            # Usually the owner is due already, and nothing is written.
            self._write(owner, at, "attribute_not_exists(due_at) OR due_at > :due")
        if owner in self._queued:
            return
        turn = self._rows.call("get_item", Key=keys.turn(owner)).get("Item")
        if turn is None and not is_brought_forward:
            self._write(owner, at, "attribute_not_exists(due_at)")
        if turn is None or _LISTED not in turn:
            self._list(owner)
        self._remember(owner)

    def end(self, owner: str, next_at: datetime) -> None:
        """Set the next turn of an owner."""
        turn = self._rows.call(
            "update_item", Key=keys.turn(owner), ReturnValues="ALL_NEW", **_due(owner, next_at)
        )
        if _LISTED not in turn["Attributes"]:
            self._list(owner)

    def _write(self, owner: str, at: datetime, condition: str) -> None:
        update = _due(owner, at) | {"ConditionExpression": condition}
        self._rows.conditional("update_item", Key=keys.turn(owner), **update)

    def _list(self, owner: str) -> None:
        """Add an owner to the list, and then say so in the turn: whatever stops in between is repeated."""
        self._rows.call("put_item", Item=owner_keys.listed_owner(owner))
        self._rows.call(
            "update_item",
            Key=keys.turn(owner),
            UpdateExpression="SET listed = :listed",
            ExpressionAttributeValues={":listed": {"N": "1"}},
        )

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
