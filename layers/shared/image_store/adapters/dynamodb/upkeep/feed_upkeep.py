"""Rows of the feed that do not follow from their records: those of earlier builds, and those that a restore left.

Each image is put right in one transaction, on the condition that its record is still as it was read. So this may run
at any time, even twice at once, against changes of the same images.
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
        done, left = 0, False
        for month in sorted(name for name, value in item.items() if "N" in value and name != "ttl"):
            while found := self._former(keys.former_feed(month)):
                if now() >= until:
                    return done
                moved = self._move(month, found)
                done += moved
                if (
                    not moved
                ):  # they are being changed at this moment, or cannot be read; the next run looks again
                    left = True
                    break
        if not left:
            self._rows.call("delete_item", Key=months)
        return done

    def restore(self, image_ids: Iterable[str]) -> None:
        """Write the rows of the feed that images lack."""
        for image in self._records(list(image_ids)).values():
            rows = records.feed_rows(image)
            if rows:
                self._transact(image.record.id, image, [self._put(row) for row in rows])

    def remove_strays(self, found: Iterable[tuple[str, str]]) -> None:
        """Remove those of these rows of the feed that follow from no record."""
        of_images: dict[str, list[tuple[str, str]]] = {}
        for key in found:
            of_images.setdefault(key[1], []).append(key)
        read = self._records(list(of_images))
        for image_id, there in of_images.items():
            image = read.get(image_id)
            named = _row_keys(image) if image else set()
            strays = [self._delete(*key) for key in there if key not in named]
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
        """Write what the feed reads now of some images, and remove their former rows; how many were moved."""
        read = self._records(image_ids)
        moved = 0
        for image_id in image_ids:
            image = read.get(image_id)
            rows = records.feed_rows(image) if image else []
            former = self._delete(keys.former_feed(month), image_id)
            moved += self._transact(image_id, image, [former, *map(self._put, rows)])
        return moved

    def _records(self, image_ids: list[str]) -> dict[str, Image]:
        wanted = [key for image_id in image_ids for key in (keys.record(image_id), keys.detail(image_id))]
        parts: dict[str, list[Item]] = {}
        for item in self._rows.get_many(wanted):
            parts.setdefault(item["pk"]["S"].removeprefix(keys.IMAGE_PREFIX), []).append(item)
        found: dict[str, Image] = {}
        for image_id, of_one in parts.items():
            try:
                image = records.image_of(of_one)
            except UnreadableRow:
                continue  # its rows stay as they are: the check of its record finds one where none was expected
            if image is not None:
                found[image_id] = image
        return found

    def _transact(self, image_id: str, image: Image | None, writes: list[dict[str, Any]]) -> bool:
        """Write for as long as the record is as it was read; whether that was so."""
        check: dict[str, Any] = {"TableName": self._rows.name, "Key": keys.record(image_id)}
        if image is None:
            check["ConditionExpression"] = "attribute_not_exists(pk)"
        else:
            check["ConditionExpression"] = "#change = :change"
            check["ExpressionAttributeNames"] = {"#change": "change"}
            check["ExpressionAttributeValues"] = {":change": {"S": image.record.change}}
        named: list[NamedWrite] = [("record", {"ConditionCheck": check})]
        try:
            # The same rows written again are the same rows, so an answer that was lost needs no other look.
            self._rows.transact([*named, *(("row", write) for write in writes)], settled=lambda: False)
        except Conflict:
            return False
        return True

    def _put(self, row: Item) -> dict[str, Any]:
        return {"Put": {"TableName": self._rows.name, "Item": row}}

    def _delete(self, pk: str, sk: str) -> dict[str, Any]:
        return {"Delete": {"TableName": self._rows.name, "Key": keys.key(pk, sk)}}


def _row_keys(image: Image) -> set[tuple[str, str]]:
    return {(row["pk"]["S"], row["sk"]["S"]) for row in records.feed_rows(image)}
