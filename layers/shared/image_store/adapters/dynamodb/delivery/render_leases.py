"""Leases to make a file of an image; they expire."""

from datetime import datetime

from image_store.adapters.dynamodb import items, keys
from image_store.adapters.dynamodb.table import OnTable
from image_store.domain.deadlines import CLOCK_SKEW
from image_store.ports.delivery import RenderLeases


class DynamoRenderLeases(OnTable, RenderLeases):
    """RenderLeases in the one table."""

    def take_rendering(self, name: str, *, holder: str, at: datetime, until: datetime) -> bool:
        answer = self._rows.conditional(
            "put_item",
            Item={
                **keys.rendering(name),
                "holder": {"S": holder},
                "until": {"S": items.text_time(until)},
                "ttl": {"N": str(int(until.timestamp()) + 1)},
            },
            # botocore repeats a call if the response was lost; the repeat then finds our own lease.
            # A lease that ends later than ours was written by a clock that ran ahead.
            ConditionExpression="attribute_not_exists(pk) OR #until < :now OR #until > :latest"
            " OR holder = :holder",
            ExpressionAttributeNames={"#until": "until"},
            ExpressionAttributeValues={
                ":now": {"S": items.text_time(at)},
                ":latest": {"S": items.text_time(until + CLOCK_SKEW)},
                ":holder": {"S": holder},
            },
        )
        return answer is not None
