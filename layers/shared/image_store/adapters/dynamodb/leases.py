"""A lease on a kind of run.

The lease row is never removed, and its token only grows. Each write of a run is one transaction with a check that the
run still has the token. So a run that lost its lease, for example during a pause, can write nothing more.
"""

from datetime import datetime, timedelta
from typing import Any

from image_store.adapters.dynamodb.items import text_time
from image_store.adapters.dynamodb.keys import Key
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.deadlines import latest_deadline
from image_store.domain.errors import Conflict
from image_store.domain.upkeep.cleanup import Lease


class LeaseRow:
    """The lease in one row; no run takes longer than `longest`."""

    def __init__(self, table: DynamoTable, key: Key, *, longest: timedelta, refusal: str) -> None:
        self._rows = table
        self._key = key
        self._longest = longest
        self._refusal = refusal

    def take(self, *, holder: str, at: datetime, until: datetime, take_over: bool = False) -> Lease | None:
        """Take the lease; None while another run holds it. With `take_over`, take it from that run."""
        # botocore retries a call whose response was lost; the retry then finds our own lease.
        # A lease that ends later than any run can was taken with a wrong clock.
        free = "attribute_not_exists(#until) OR #until < :now OR #until > :latest OR holder = :holder"
        answer = self._rows.conditional(
            "update_item",
            Key=self._key,
            UpdateExpression="SET holder = :holder, #until = :until ADD #token :one",
            ConditionExpression=f"{free} OR attribute_exists(#until)" if take_over else free,
            ExpressionAttributeNames={"#until": "until", "#token": "token"},
            ExpressionAttributeValues={
                ":holder": {"S": holder},
                ":until": {"S": text_time(until)},
                ":now": {"S": text_time(at)},
                ":latest": {"S": text_time(latest_deadline(at, longest=self._longest))},
                ":one": {"N": "1"},
            },
            ReturnValues="UPDATED_NEW",
        )
        return None if answer is None else Lease(holder, int(answer["Attributes"]["token"]["N"]))

    def end(self, lease: Lease) -> None:
        """Give a lease back; nothing happens if it was lost."""
        self._rows.conditional(
            "update_item",
            Key=self._key,
            UpdateExpression="REMOVE #until",
            ConditionExpression="#token = :token",
            ExpressionAttributeNames={"#until": "until", "#token": "token"},
            ExpressionAttributeValues={":token": {"N": str(lease.token)}},
        )

    def put(self, item: dict[str, Any], lease: Lease) -> None:
        """Put a row if the lease is still held; Conflict otherwise."""
        check = {
            "TableName": self._rows.name,
            "Key": self._key,
            "ConditionExpression": "#token = :token",
            "ExpressionAttributeNames": {"#token": "token"},
            "ExpressionAttributeValues": {":token": {"N": str(lease.token)}},
        }
        put = {"TableName": self._rows.name, "Item": item}
        # Writing the same row again is harmless, so a lost response needs no read.
        self._rows.transact(
            [("lease", {"ConditionCheck": check}), ("row", {"Put": put})],
            settled=lambda: False,
            refusal=lambda _failed: Conflict(self._refusal),
        )
