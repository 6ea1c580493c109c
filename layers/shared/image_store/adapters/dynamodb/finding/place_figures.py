"""Counts the images of groups and tags, and keeps the highest id that was ever counted in each, `newest`.

`newest` must never be lower than the id of a counted image: readers take it for the newest image while that image is
in the group. So each addition requires that `newest` is at least its id, or sets it. A consumer reads the rows first to
know which of the two it needs; if another one overtakes it, its transaction is refused and it reads them again.

A row whose count has become zero is removed, so that a name that no image has any more leaves nothing behind. That
loses `newest`, and nothing needs it: an addition that relied on it is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from image_store.adapters.dynamodb import group_keys, keys
from image_store.adapters.dynamodb.finding.projections import Counters, RowKey
from image_store.adapters.dynamodb.items import Item
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.finding.projection import IMAGES

NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class PlaceChange:
    """What a transaction changes in the figures of a group or tag."""

    images: int
    """How many images more, or fewer; it may be zero while images come and go."""
    added: str | None
    """The highest id among the images that come; None if none comes."""


PlaceChanges = Mapping[RowKey, PlaceChange]


class PlaceFigures:
    """The rows of figures of groups and tags."""

    def __init__(self, table: DynamoTable) -> None:
        self._rows = table

    def read(self, changes: PlaceChanges) -> dict[RowKey, Item]:
        """The rows as they are now, strongly consistent."""
        rows = self._rows.get_many([keys.key(*row) for row in changes])
        return {(item["pk"]["S"], item["sk"]["S"]): item for item in rows}

    def writes(self, changes: PlaceChanges, current: Mapping[RowKey, Item]) -> list[dict[str, Any]]:
        """The writes of these changes, on condition that no other consumer has overtaken this one."""
        return [{"Update": self._update(row, change, current.get(row))} for row, change in changes.items()]

    def _update(self, row: RowKey, change: PlaceChange, current: Item | None) -> dict[str, Any]:
        names, values = {"#images": IMAGES}, {":images": {"N": str(change.images)}}
        update: dict[str, Any] = {
            "TableName": self._rows.name,
            "Key": keys.key(*row),
            "UpdateExpression": "ADD #images :images",
        }
        if change.added is not None:
            names["#newest"], values[":newest"] = NEWEST, {"S": change.added}
            is_newer = current is None or current[NEWEST]["S"] < change.added
            if is_newer:
                update["UpdateExpression"] += " SET #newest = :newest"
            update["ConditionExpression"] = (
                "attribute_not_exists(#newest) OR #newest < :newest" if is_newer else "#newest >= :newest"
            )
        return update | {"ExpressionAttributeNames": names, "ExpressionAttributeValues": values}

    def remove_empty(self, changes: PlaceChanges, before: Mapping[RowKey, Item]) -> None:
        """Remove the rows that these changes made empty, unless they have images again."""
        for row, change in changes.items():
            if row in before and int(before[row][IMAGES]["N"]) + change.images <= 0:
                self._rows.conditional(
                    "delete_item",
                    Key=keys.key(*row),
                    ConditionExpression="#images = :none",
                    ExpressionAttributeNames={"#images": IMAGES},
                    ExpressionAttributeValues={":none": {"N": "0"}},
                )


def place_changes(figures: Counters, added: Mapping[RowKey, str]) -> dict[RowKey, PlaceChange]:
    """The changes of groups and tags among changes of figures."""
    return {
        row: PlaceChange(amounts[IMAGES], added.get(row))
        for row, amounts in sorted(figures.items())
        if group_keys.is_place_stats(row[1])
    }
