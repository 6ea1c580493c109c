"""Corrects rows of the feed that do not match their records: rows of earlier builds, and rows after a restore.

Each image is corrected in one transaction, on the condition that its record has not changed since it was read. So this
can run at any time, even twice at once, while the same images change.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from image_store.adapters.dynamodb import keys
from image_store.adapters.dynamodb.finding.rebuilds import served_epoch
from image_store.adapters.dynamodb.images import records
from image_store.adapters.dynamodb.items import Item
from image_store.adapters.dynamodb.table import NamedWrite, OnTable
from image_store.domain.errors import Conflict, UnreadableRow
from image_store.domain.images.image import Image
from image_store.ports.upkeep import FeedUpkeep

_SLICE_ROWS = 50


class DynamoFeedUpkeep(OnTable, FeedUpkeep):
    """FeedUpkeep on the one table."""

    def upgrade(self, *, until: datetime, now: Callable[[], datetime]) -> int:
        months = keys.key(*keys.former_feed_months(served_epoch(self._rows)))
        item = self._rows.call("get_item", Key=months, ConsistentRead=True).get("Item")
        if item is None:
            return 0
        total, is_complete = 0, True
        for month in sorted(name for name, value in item.items() if "N" in value and name != "ttl"):
            while image_ids := self._former(keys.former_feed(month)):
                if now() >= until:
                    return total
                moved = self._move(month, image_ids)
                total += moved
                if not moved:  # the images change at this moment or cannot be read: the next run tries again
                    is_complete = False
                    break
        if is_complete:
            self._rows.call("delete_item", Key=months)
        return total

    def restore(self, image_ids: Iterable[str]) -> None:
        """Write the rows of the feed that images lack."""
        for image in self._records(list(image_ids)).values():
            rows = records.feed_rows(image)
            if rows:
                self._transact(image.record.id, image, [self._put(row) for row in rows])

    def remove_strays(self, row_keys: Iterable[tuple[str, str]]) -> None:
        """Remove the rows of the feed, among these, that follow from no record."""
        of_images: dict[str, list[tuple[str, str]]] = {}
        for key in row_keys:
            of_images.setdefault(key[1], []).append(key)
        images = self._records(list(of_images))
        for image_id, existing in of_images.items():
            image = images.get(image_id)
            expected = _row_keys(image) if image else set()
            strays = [self._delete(*key) for key in existing if key not in expected]
            if strays:
                self._transact(image_id, image, strays)

    def _former(self, partition: str) -> list[str]:
        answer = self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": partition}},
            ProjectionExpression="sk",
            ConsistentRead=True,
            Limit=_SLICE_ROWS,
        )
        return [item["sk"]["S"] for item in answer["Items"]]

    def _move(self, month: str, image_ids: list[str]) -> int:
        """Write the present feed rows of images and remove their former rows; returns how many images were moved."""
        images = self._records(image_ids)
        moved = 0
        for image_id in image_ids:
            image = images.get(image_id)
            rows = records.feed_rows(image) if image else []
            former = self._delete(keys.former_feed(month), image_id)
            moved += self._transact(image_id, image, [former, *map(self._put, rows)])
        return moved

    def _records(self, image_ids: list[str]) -> dict[str, Image]:
        row_keys = [key for image_id in image_ids for key in (keys.record(image_id), keys.detail(image_id))]
        items_of: dict[str, list[Item]] = {}
        for item in self._rows.get_many(row_keys):
            items_of.setdefault(item["pk"]["S"].removeprefix(keys.IMAGE_PREFIX), []).append(item)
        images: dict[str, Image] = {}
        for image_id, image_items in items_of.items():
            try:
                image = records.image_of(image_items)
            except UnreadableRow:
                continue  # its rows stay: a transaction that expects no record fails
            if image is not None:
                images[image_id] = image
        return images

    def _transact(self, image_id: str, image: Image | None, writes: list[dict[str, Any]]) -> bool:
        """Write if the record has not changed since it was read; returns whether it was so."""
        check: dict[str, Any] = {"TableName": self._rows.name, "Key": keys.record(image_id)}
        if image is None:
            check["ConditionExpression"] = "attribute_not_exists(pk)"
        else:
            check["ConditionExpression"] = "#change = :change"
            check["ExpressionAttributeNames"] = {"#change": "change"}
            check["ExpressionAttributeValues"] = {":change": {"S": image.record.change}}
        record_check: NamedWrite = ("record", {"ConditionCheck": check})
        try:
            # Writing the same rows again is harmless, so a lost response needs no read.
            self._rows.transact([record_check, *(("row", write) for write in writes)], settled=lambda: False)
        except Conflict:
            return False
        return True

    def _put(self, row: Item) -> dict[str, Any]:
        return {"Put": {"TableName": self._rows.name, "Item": row}}

    def _delete(self, pk: str, sk: str) -> dict[str, Any]:
        return {"Delete": {"TableName": self._rows.name, "Key": keys.key(pk, sk)}}


def _row_keys(image: Image) -> set[tuple[str, str]]:
    return {(row["pk"]["S"], row["sk"]["S"]) for row in records.feed_rows(image)}
