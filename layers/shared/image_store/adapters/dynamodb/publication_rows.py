"""Rows of publications, beside those that a change of a record writes."""

from collections.abc import Collection
from datetime import datetime

from image_store.adapters.dynamodb import items, keys, publication_items
from image_store.adapters.dynamodb.table import OnTable
from image_store.domain.publication import PublicationRow
from image_store.ports.publications import PublicationRows


class DynamoPublicationRows(OnTable, PublicationRows):
    """PublicationRows in the one table; the client is made at the first call."""

    def publication(self, publication: str) -> PublicationRow | None:
        answer = self._rows.call("get_item", Key=keys.publication(publication), ConsistentRead=True)
        return publication_items.publication_of(answer["Item"]) if "Item" in answer else None

    def publications(self, names: Collection[str]) -> dict[str, PublicationRow]:
        found = self._rows.get_many([keys.publication(name) for name in names])
        return {row.publication: row for row in map(publication_items.publication_of, found)}

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

    def adopt_strays(self, row: PublicationRow) -> None:
        self._rows.conditional(
            "put_item",
            Item=publication_items.publication_item(row),
            ConditionExpression="attribute_not_exists(pk)",
        )

    def forget_publication(self, row: PublicationRow, *, at: datetime) -> None:
        # Refused when it is forgotten already, when it is the current one of its image by now, or has other copies.
        self._rows.conditional(
            "delete_item",
            Key=keys.publication(row.publication),
            ConditionExpression="attribute_exists(due_at) AND #keys = :keys"
            " AND (attribute_not_exists(copied_until) OR copied_until < :now)",
            ExpressionAttributeNames={"#keys": "keys"},
            ExpressionAttributeValues={
                ":keys": {"SS": sorted(row.keys)},
                ":now": {"S": items.text_time(at)},
            },
        )
