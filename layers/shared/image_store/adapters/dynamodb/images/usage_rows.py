"""Counts the usage of owners under a quota.

Without a quota the uploads of an owner share no row. With a quota each reservation adds to the owner's row on the
condition that there is room, and its record notes it (`counted`). Only counted images are subtracted again. So the row
is always exact, even while functions with and without a quota run at the same time.

The number of images that were stored without a quota follows from the projections: all images of the owner, minus those
that the row counts. It only shrinks while a quota is set. It is read, eventually consistent, before each reservation
that may be refused. Uploads that are running when the first quota is set count once they are stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_store.adapters.dynamodb import keys
from image_store.domain.errors import QuotaExceeded
from image_store.domain.images.quota import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store.adapters.dynamodb.table import DynamoTable
    from image_store.domain.images.image import ImageRecord
    from image_store.domain.images.quota import Quota

_NOTHING = Usage(0, 0)
_REMEMBERED_SECONDS = 60.0
_MOST_REMEMBERED = 1_000


class UsageRows:
    """Reads usage rows, and makes the writes of them that transactions contain."""

    def __init__(self, table: DynamoTable) -> None:
        self._rows = table
        self._all_counted: dict[str, float] = {}
        """Owners whose images are all counted, and the time until which that is not checked again."""

    def take(self, record: ImageRecord, quota: Quota) -> dict[str, Any]:
        """Count a reserved image; QuotaExceeded if there cannot be room for it."""
        update = self._add(record.owner, images=1, promised=1, size_bytes=record.size_bytes)
        if not (quota.enforced and quota.is_set):
            return {"Update": update}
        earlier = self._uncounted(record.owner)
        conditions = []
        if quota.images:
            room = quota.images - earlier.images
            if room <= 0:
                raise used_up()
            conditions.append("(attribute_not_exists(promised) OR promised < :most)")
            update["ExpressionAttributeValues"][":most"] = {"N": str(room)}
        if quota.size_bytes:
            if record.size_bytes > quota.size_bytes:
                raise QuotaExceeded("This image alone is larger than your quota of bytes.")
            room = quota.size_bytes - earlier.size_bytes - record.size_bytes
            if room < 0:
                raise used_up()
            conditions.append("(attribute_not_exists(size_bytes) OR size_bytes <= :room)")
            update["ExpressionAttributeValues"][":room"] = {"N": str(room)}
        return {"Update": update | {"ConditionExpression": " AND ".join(conditions)}}

    def give_back(self, record: ImageRecord) -> dict[str, Any]:
        """Stop counting an image."""
        return {"Update": self._add(record.owner, images=-1, promised=-1, size_bytes=-record.size_bytes)}

    def promise(self, owner: str, images: int, most: int) -> dict[str, Any]:
        """Count images that jobs will make, or subtract them if `images` is negative.

        With `most`, on the condition that the total stays within it; QuotaExceeded if that is impossible. 0 means no
        condition.
        """
        update = self._add(owner, promised=images)
        if most:
            room = most - images - self._uncounted(owner).images
            if room < 0:
                raise no_room()
            update["ConditionExpression"] = "attribute_not_exists(promised) OR promised <= :room"
            update["ExpressionAttributeValues"][":room"] = {"N": str(room)}
        return {"Update": update}

    def usage(self, owner: str) -> Usage:
        """The usage of an owner: the row, strongly consistent, plus uncounted images, eventually consistent."""
        item = self._rows.call("get_item", Key=keys.usage(owner), ConsistentRead=True).get("Item", {})
        earlier = self._uncounted(owner)
        return Usage(
            earlier.images + _number(item, "images"), earlier.size_bytes + _number(item, "size_bytes")
        )

    def _uncounted(self, owner: str) -> Usage:
        """The images that the row does not count; zero is cached for a minute."""
        now = self._rows.monotonic()
        if self._all_counted.get(owner, 0.0) > now:
            return _NOTHING
        uncounted = self._read_uncounted(owner)
        if uncounted == _NOTHING:
            if len(self._all_counted) >= _MOST_REMEMBERED:
                self._all_counted.clear()
            self._all_counted[owner] = now + _REMEMBERED_SECONDS
        return uncounted

    def _read_uncounted(self, owner: str) -> Usage:
        from image_store.adapters.dynamodb.finding.rebuilds import served_epoch
        from image_store.domain.finding.projection import IMAGES, SIZE, USAGE_PREFIX

        figures = keys.key(keys.owner_stats(served_epoch(self._rows), owner), keys.TOTAL)
        item = self._rows.call("get_item", Key=figures).get("Item")
        if item is None:
            return _NOTHING
        images, size_bytes = (
            max(0, _number(item, name) - _number(item, f"{USAGE_PREFIX}{name}")) for name in (IMAGES, SIZE)
        )
        return Usage(images, size_bytes)

    def _add(self, owner: str, **numbers: int) -> dict[str, Any]:
        return {
            "TableName": self._rows.name,
            "Key": keys.usage(owner),
            "UpdateExpression": "ADD " + ", ".join(f"{name} :{name}" for name in numbers),
            "ExpressionAttributeValues": {f":{name}": {"N": str(number)} for name, number in numbers.items()},
        }


def used_up() -> QuotaExceeded:
    """The error for an image beyond the quota."""
    return QuotaExceeded("Your quota of images or bytes is used up; delete some images for good first.")


def no_room() -> QuotaExceeded:
    """The error for a job beyond the quota."""
    return QuotaExceeded(
        "Your quota of images has no room for this request; delete some images for good first."
    )


def _number(item: Mapping[str, Any], name: str) -> int:
    return int(item[name]["N"]) if name in item else 0
