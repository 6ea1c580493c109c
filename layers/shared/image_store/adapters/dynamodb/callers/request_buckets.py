"""Token buckets for the requests of API keys: one row for each key, and a conditional write for each request.

A row has one number, `full_at`: when the bucket will be full, in microseconds since 1970. A row whose `full_at` has
passed, or that is missing, is a full bucket. A request adds the interval of one request; it is refused if `full_at`
would then be further away than an empty bucket takes to fill. This is the generic cell rate algorithm (ITU-T I.371).

The first write is for a full bucket. Only if its condition fails the second is for one that is not full: `full_at`
never shrinks, so a bucket that refuses both writes is empty. The first is left out while this process knows that the
bucket is not full. If the response to a write is lost, botocore repeats it, and the request may count twice.

A `full_at` too far in the future was written by a function whose clock ran ahead; such a bucket counts as full.
"""

from datetime import UTC, datetime, timedelta

from image_store.adapters.dynamodb import caller_keys as keys
from image_store.adapters.dynamodb import schema
from image_store.adapters.dynamodb.table import DynamoTable, OnTable
from image_store.domain.callers.key_limits import RequestRate
from image_store.domain.deadlines import CLOCK_SKEW
from image_store.ports.callers import RequestBuckets

_KEPT_AFTER_USE = timedelta(days=2)
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_REMEMBERED = 1_000


class DynamoRequestBuckets(OnTable, RequestBuckets):
    """Token buckets in the one table."""

    def __init__(self, table: DynamoTable) -> None:
        super().__init__(table)
        self._seen: dict[str, int] = {}
        """The latest `full_at` of each key that this process has written."""

    def take(self, key_id: str, rate: RequestRate, *, at: datetime) -> bool:
        now, interval = (at - _EPOCH) // _MICROSECOND, rate.interval // _MICROSECOND
        empty = now + rate.capacity // _MICROSECOND
        too_far = empty + CLOCK_SKEW // _MICROSECOND
        ttl = int((at + _KEPT_AFTER_USE).timestamp())
        is_known_as_used = now <= self._seen.get(key_id, 0) <= too_far
        if not is_known_as_used and self._write(
            key_id,
            f"SET full_at = :full_at, #ttl = :ttl, {schema.ATTRIBUTE} = :version",
            "attribute_not_exists(pk) OR full_at < :now OR full_at > :too_far",
            full_at=now + interval,
            now=now,
            too_far=too_far,
            ttl=ttl,
            version=schema.VERSION,
        ):
            return True
        return self._write(
            key_id,
            "SET #ttl = :ttl ADD full_at :interval",
            "full_at <= :latest",
            interval=interval,
            latest=empty - interval,
            ttl=ttl,
        )

    def _write(self, key_id: str, update: str, condition: str, **values: int) -> bool:
        answer = self._rows.conditional(
            "update_item",
            Key=keys.request_bucket(key_id),
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues={f":{name}": {"N": str(value)} for name, value in values.items()},
            ReturnValues="UPDATED_NEW",
        )
        if answer is None:
            return False
        if len(self._seen) >= _MOST_REMEMBERED:
            self._seen.clear()
        self._seen[key_id] = int(answer["Attributes"]["full_at"]["N"])
        return True
