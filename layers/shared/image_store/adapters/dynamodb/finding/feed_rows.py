"""Reads the rows of the feed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from image_store.adapters.dynamodb import keys, schema
from image_store.adapters.dynamodb.finding.cards import card_of
from image_store.adapters.dynamodb.finding.lists import read_page
from image_store.adapters.dynamodb.images.records import details_of, fingerprint
from image_store.adapters.dynamodb.items import Item
from image_store.adapters.dynamodb.table import OnTable
from image_store.domain.finding.feed import FeedEntry, FeedQuery, FeedSlice
from image_store.domain.ids import id_bounds
from image_store.domain.images.details import Details
from image_store.domain.images.image import Visibility
from image_store.ports.finding import FeedRows


class DynamoFeedRows(OnTable, FeedRows):
    """FeedRows on the one table."""

    def entries(self, query: FeedQuery, *, after: str | None, at: datetime) -> FeedSlice:
        partition = _partition(query)
        values: dict[str, Any] = {":pk": {"S": partition}, ":now": {"N": str(int(at.timestamp()))}}
        condition = "pk = :pk"
        if query.since is not None or query.until is not None:
            condition += " AND sk BETWEEN :low AND :high"
            values[":low"], values[":high"] = ({"S": bound} for bound in id_bounds(query.since, query.until))
        request: dict[str, Any] = {
            "KeyConditionExpression": condition,
            "FilterExpression": "(attribute_not_exists(expires_at) OR expires_at > :now)",
            "ExpressionAttributeValues": values,
            "ScanIndexForward": False,
        }
        # Usually one owner owns all images of a group, but anyone may use its name.
        is_filtered = query.group is not None and query.owner is not None
        if is_filtered:
            request["FilterExpression"] += " AND #owner = :owner"
            request["ExpressionAttributeNames"] = {"#owner": "owner"}
            values[":owner"] = {"S": query.owner}
        if after is not None:
            request["ExclusiveStartKey"] = keys.key(partition, after)
        rows, resume = read_page(self._rows, request, limit=query.limit, is_filtered=is_filtered)
        return FeedSlice(tuple(schema.readable(rows, _entry)), resume["sk"]["S"] if resume else None)

    def details(self, entries: Sequence[FeedEntry]) -> Mapping[str, Details]:
        fingerprints = {entry.card.id: entry.fingerprint for entry in entries}
        details: dict[str, Details] = {}
        # A stale read is repeated once; details that differ even then belong to another version of the image.
        for consistent in (False, True):
            missing = [keys.detail(image_id) for image_id in fingerprints if image_id not in details]
            details |= _matching(self._rows.get_many(missing, consistent=consistent), fingerprints)
        return details


@schema.reading
def _entry(item: Item) -> FeedEntry:
    expires_at = item.get("expires_at")
    return FeedEntry(
        card=card_of({**item, "id": item["sk"], "visibility": {"S": Visibility.PUBLIC.value}}),
        owner=item["owner"]["S"],
        expires_at=datetime.fromtimestamp(int(expires_at["N"]), UTC) if expires_at else None,
        fingerprint=item["print"]["S"],
    )


def _matching(items: Iterable[Item], fingerprints: Mapping[str, str]) -> dict[str, Details]:
    matching = {}
    for item in items:
        image_id = item["pk"]["S"].removeprefix(keys.IMAGE_PREFIX)
        for details in schema.readable([item], details_of):
            if fingerprint(details) == fingerprints[image_id]:
                matching[image_id] = details
    return matching


def _partition(query: FeedQuery) -> str:
    if query.group is not None:
        return keys.feed_of_group(query.group)
    return keys.FEED if query.owner is None else keys.feed_of_owner(query.owner)
