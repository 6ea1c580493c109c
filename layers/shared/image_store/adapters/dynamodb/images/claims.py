"""Reads the rows of checksums, idempotency keys and usage."""

from datetime import datetime

from image_store.adapters.dynamodb import keys
from image_store.adapters.dynamodb.expiries import bring_forward, expiry_of
from image_store.adapters.dynamodb.images.usage_rows import UsageRows
from image_store.adapters.dynamodb.table import OnTable
from image_store.domain.images.quota import Usage
from image_store.domain.images.reservation import Copies, IdempotencyRow
from image_store.ports.images import Claims

_MAX_COPIES_READ = 10


class DynamoClaims(OnTable, Claims):
    """Claims in the one table."""

    def copies(self, owner: str, sha256: str) -> Copies:
        answer = self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": keys.checksum(owner, sha256)}},
            ConsistentRead=True,
            # GUARD sorts after every id (ids begin with a hexadecimal digit), so it is among the newest rows.
            ScanIndexForward=False,
            Limit=_MAX_COPIES_READ,
        )
        rows = answer["Items"]
        guard = next((row["image_id"]["S"] for row in rows if row["sk"]["S"] == keys.GUARD), None)
        return Copies(tuple(row["sk"]["S"] for row in rows if row["sk"]["S"] != keys.GUARD), guard)

    def idempotency(self, name: str) -> IdempotencyRow | None:
        item = self._rows.call("get_item", Key=keys.idempotency(name), ConsistentRead=True).get("Item")
        if item is None:
            return None
        return IdempotencyRow(item["fingerprint"]["S"], item["image_id"]["S"], expiry_of(item))

    def bring_forward(self, name: str, row: IdempotencyRow, *, to: datetime) -> None:
        bring_forward(self._rows, keys.idempotency(name), current=row.expires_at, to=to)

    def usage(self, owner: str) -> Usage:
        return UsageRows(self._rows).usage(owner)
