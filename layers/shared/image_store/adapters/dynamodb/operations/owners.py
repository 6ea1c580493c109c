"""Reads the list of owners, which the projector and cleanup write."""

from image_store.adapters.dynamodb import owner_keys
from image_store.adapters.dynamodb.table import OnTable
from image_store.domain.operations.owners import OwnerPage
from image_store.ports.operations import Owners


class DynamoOwners(OnTable, Owners):
    """Owners on the one table; the order is that of the percent-encoded names."""

    def page(self, *, after: str | None, limit: int) -> OwnerPage:
        start = {} if after is None else {"ExclusiveStartKey": owner_keys.listed_owner(after)}
        answer = self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": owner_keys.OWNERS}},
            Limit=limit,
            **start,
        )
        owners = tuple(owner_keys.owner_of_list(item["sk"]["S"]) for item in answer["Items"])
        return OwnerPage(owners, owners[-1] if "LastEvaluatedKey" in answer else None)
