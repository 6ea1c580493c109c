"""Reads which images the paths of other stores lead to; their rows are written with the records."""

from collections.abc import Sequence

from image_store.adapters.dynamodb import keys
from image_store.adapters.dynamodb.table import OnTable
from image_store.ports.delivery import OldPaths


class DynamoOldPaths(OnTable, OldPaths):
    """OldPaths in the one table."""

    def image_ids(self, name: str, *, limit: int) -> Sequence[str]:
        answer = self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": keys.moved(name)}},
            ScanIndexForward=False,
            Limit=limit,
        )
        return [item["sk"]["S"] for item in answer["Items"]]
