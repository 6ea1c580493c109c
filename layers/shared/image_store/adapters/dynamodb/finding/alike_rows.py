"""The rows of perceptual hashes, as whoever looks for similar images reads them."""

from collections.abc import Sequence

from image_store.adapters.dynamodb import items, keys, schema
from image_store.adapters.dynamodb.finding import cards
from image_store.adapters.dynamodb.table import OnTable
from image_store.domain.finding.similarity import Alike, bands
from image_store.ports.finding import AlikeRows


class DynamoAlikeRows(OnTable, AlikeRows):
    """AlikeRows on the one table; the client is made at the first call."""

    def near(self, owner: str, perceptual_hash: str, *, limit: int) -> Sequence[Alike]:
        found: dict[str, Alike] = {}
        for index, band in enumerate(bands(perceptual_hash)):
            # Hundreds of rows stay far below the megabyte that one answer holds.
            answer = self._rows.call(
                "query",
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": keys.alike(owner, index, band)}},
                ScanIndexForward=False,
                Limit=limit,
            )
            for alike in schema.readable(answer["Items"], _alike_of):
                found[alike.card.id] = alike
        return list(found.values())


@schema.reading
def _alike_of(item: items.Item) -> Alike:
    return Alike(cards.card_of(item), item["hash"]["S"])
