"""Rows with an expiry. DynamoDB removes them late, so a reader must check the expiry itself."""

from datetime import UTC, datetime

from image_store.adapters.dynamodb.items import Item
from image_store.adapters.dynamodb.keys import Key
from image_store.adapters.dynamodb.table import DynamoTable


def expiry_of(item: Item) -> datetime:
    """The time from which a row counts as absent, in whole seconds."""
    return datetime.fromtimestamp(int(item["ttl"]["N"]), UTC)


def bring_forward(rows: DynamoTable, key: Key, *, current: datetime, to: datetime) -> None:
    """Let a row that expires at `current` expire at `to`, if nothing has changed it meanwhile. Safe to repeat."""
    rows.conditional(
        "update_item",
        Key=key,
        UpdateExpression="SET #ttl = :to",
        ConditionExpression="#ttl = :current",
        ExpressionAttributeNames={"#ttl": "ttl"},
        ExpressionAttributeValues={
            ":current": {"N": str(int(current.timestamp()))},
            ":to": {"N": str(int(to.timestamp()))},
        },
    )
