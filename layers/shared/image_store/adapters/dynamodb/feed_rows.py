"""The rows of the feed, as it reads them."""

from collections.abc import Collection, Mapping, Sequence

from image_store.adapters.dynamodb import cards, keys
from image_store.adapters.dynamodb.projector import rebuild_of
from image_store.adapters.dynamodb.table import OnTable, Table
from image_store.domain.cards import Card
from image_store.domain.image import State, Visibility
from image_store.domain.projection import Rebuild
from image_store.ports.projections import FeedRows


class DynamoFeedRows(OnTable, FeedRows):
    """FeedRows on the one table; the client is made at the first call."""

    def months(self) -> Sequence[str]:
        item = self._rows.call("get_item", Key=keys.key(*keys.feed_months(serving(self._rows)))).get(
            "Item", {}
        )
        counted = ((name, value["N"]) for name, value in item.items() if "N" in value and name != "ttl")
        return sorted((month for month, count in counted if int(count) > 0), reverse=True)

    def ids(self, month: str, *, after: str | None, limit: int) -> Sequence[str]:
        partition = keys.feed(month)
        values = {":pk": {"S": partition}}
        condition = "pk = :pk"
        if after is not None:
            condition += " AND sk < :after"
            values[":after"] = {"S": after}
        answer = self._rows.call(
            "query",
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ProjectionExpression="sk",
            ScanIndexForward=False,
            Limit=limit,
        )
        return [item["sk"]["S"] for item in answer["Items"]]

    def public_cards(self, image_ids: Collection[str]) -> Mapping[str, Card]:
        found = self._rows.get_many([keys.record(image_id) for image_id in image_ids])
        shown = cards.cards_of(item for item in found if item["state"]["S"] == State.READY)
        return {
            card.id: card
            for card in shown
            if card.visibility is Visibility.PUBLIC and card.publication is not None
        }


def serving(table: Table) -> int:
    """The generation of figures that is answered."""
    item = table.call("get_item", Key=keys.REBUILD).get("Item")
    return (Rebuild() if item is None else rebuild_of(item)).serving
