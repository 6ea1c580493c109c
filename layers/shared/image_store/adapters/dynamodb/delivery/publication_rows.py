"""Reads and writes rows of publications outside the changes of records."""

from collections.abc import Collection
from datetime import datetime

from image_store.adapters.dynamodb import items, keys, schema
from image_store.adapters.dynamodb.delivery import publication_items
from image_store.adapters.dynamodb.table import OnTable
from image_store.domain.deadlines import latest_deadline
from image_store.domain.delivery.publication import NO_IMAGE, PublicationRow
from image_store.domain.images.reservation import LONGEST_RESERVATION
from image_store.ports.delivery import PublicationRows


class DynamoPublicationRows(OnTable, PublicationRows):
    """PublicationRows in the one table."""

    def publication(self, publication: str) -> PublicationRow | None:
        answer = self._rows.call("get_item", Key=keys.publication(publication), ConsistentRead=True)
        return publication_items.publication_of(answer["Item"]) if "Item" in answer else None

    def publications(self, names: Collection[str]) -> dict[str, PublicationRow]:
        found_items = list(self._rows.get_many([keys.publication(name) for name in names]))
        # An unreadable row counts as present: its publication exists.
        present = {keys.name_of_publication(item["pk"]["S"]) for item in found_items}
        rows = {name: PublicationRow(name, NO_IMAGE, frozenset(), None) for name in present}
        readable = schema.readable(found_items, publication_items.publication_of)
        return rows | {row.publication: row for row in readable}

    def announce_copy(self, publication: str, key: str, *, until: datetime) -> bool:
        answer = self._rows.conditional(
            "update_item",
            Key=keys.publication(publication),
            UpdateExpression="ADD #keys :keys SET copied_until = :until",
            ConditionExpression="attribute_exists(pk) AND attribute_not_exists(due_at)",
            ExpressionAttributeNames={"#keys": "keys"},
            ExpressionAttributeValues={":keys": {"SS": [key]}, ":until": {"S": items.text_time(until)}},
        )
        return answer is not None

    def add_stray_copies(self, row: PublicationRow) -> None:
        self._rows.conditional(
            "put_item",
            Item=publication_items.publication_item(row),
            ConditionExpression="attribute_not_exists(pk)",
        )

    def forget_publication(self, row: PublicationRow, *, at: datetime) -> None:
        # The condition fails if the row is gone, has no deadline (it is current) or names other copies.
        self._rows.conditional(
            "delete_item",
            Key=keys.publication(row.publication),
            ConditionExpression="attribute_exists(due_at) AND #keys = :keys"
            # No copy takes longer than that; a clock that ran ahead set a later time.
            " AND (attribute_not_exists(copied_until) OR copied_until < :now OR copied_until > :latest)",
            ExpressionAttributeNames={"#keys": "keys"},
            ExpressionAttributeValues={
                ":keys": {"SS": sorted(row.keys)},
                ":now": {"S": items.text_time(at)},
                ":latest": {"S": items.text_time(latest_deadline(at, longest=LONGEST_RESERVATION))},
            },
        )
