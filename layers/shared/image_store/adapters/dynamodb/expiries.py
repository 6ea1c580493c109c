"""Names whose rows end by themselves: DynamoDB removes them late, so whoever reads one looks at its time."""

from datetime import UTC, datetime

from image_store.adapters.dynamodb.items import Item
from image_store.adapters.dynamodb.keys import Key
from image_store.adapters.dynamodb.table import DynamoTable


def expiry_of(item: Item) -> datetime:
    """When a row counts as absent, in whole seconds."""
    return datetime.fromtimestamp(int(item["ttl"]["N"]), UTC)


def bring_forward(rows: DynamoTable, key: Key, *, seen: datetime, to: datetime) -> None:
    """Let a row end earlier than it was seen to; nothing happens when it was changed meanwhile. Safe to repeat."""
    rows.conditional(
        "update_item",
        Key=key,
        UpdateExpression="SET #ttl = :to",
        ConditionExpression="#ttl = :seen",
        ExpressionAttributeNames={"#ttl": "ttl"},
        ExpressionAttributeValues={
            ":seen": {"N": str(int(seen.timestamp()))},
            ":to": {"N": str(int(to.timestamp()))},
        },
    )
