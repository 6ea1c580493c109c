"""Token buckets for the requests of API keys: one row for each key and day, and a conditional write for each request.

A row has the number `full_at`: when the bucket will be full, in microseconds since 1970. A row whose `full_at` has
passed, or that is missing, is a full bucket. So a bucket is full at midnight (UTC), and the same write counts the
`requests` of the day. A request adds the interval of one request; it is refused if `full_at`
would then be further away than an empty bucket takes to fill. This is the generic cell rate algorithm (ITU-T I.371).

The first write is for a full bucket. Only if its condition fails the second is for one that is not full: `full_at`
never shrinks, so a bucket that refuses both writes is empty. The first is left out while this process knows that the
bucket is not full. If the response to a write is lost, botocore repeats it, and the request may count twice.

A `full_at` too far in the future was written by a function whose clock ran ahead; such a bucket counts as full.
"""

from datetime import UTC, date, datetime, timedelta

from image_store.adapters.dynamodb import caller_keys as keys
from image_store.adapters.dynamodb import schema
from image_store.adapters.dynamodb.keys import key
from image_store.adapters.dynamodb.table import DynamoTable, OnTable
from image_store.domain.callers.key_limits import RequestRate
from image_store.domain.callers.key_usage import expiry_of
from image_store.domain.deadlines import CLOCK_SKEW
from image_store.ports.callers import RequestBuckets

_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_REMEMBERED = 1_000


class DynamoRequestBuckets(OnTable, RequestBuckets):
    """Token buckets in the one table."""

    def __init__(self, table: DynamoTable) -> None:
        super().__init__(table)
        self._seen: dict[tuple[str, date], int] = {}
        """The latest `full_at` of each key and day that this process has written."""

    def take(self, key_id: str, rate: RequestRate, *, at: datetime) -> bool:
        now, interval = (at - _EPOCH) // _MICROSECOND, rate.interval // _MICROSECOND
        empty = now + rate.capacity // _MICROSECOND
        too_far = empty + CLOCK_SKEW // _MICROSECOND
        place = (key_id, at.astimezone(UTC).date())
        is_known_as_used = now <= self._seen.get(place, 0) <= too_far
        if not is_known_as_used and self._write(
            place,
            f"SET full_at = :full_at, #ttl = :ttl, {schema.ATTRIBUTE} = :version ADD requests :one",
            "attribute_not_exists(pk) OR full_at < :now OR full_at > :too_far",
            full_at=now + interval,
            now=now,
            too_far=too_far,
            version=schema.VERSION,
        ):
            return True
        return self._write(
            place,
            "SET #ttl = :ttl ADD full_at :interval, requests :one",
            "full_at <= :latest",
            interval=interval,
            latest=empty - interval,
        )

    def _write(self, place: tuple[str, date], update: str, condition: str, **values: int) -> bool:
        key_id, on = place
        numbers = values | {"one": 1, "ttl": expiry_of(on)}
        answer = self._rows.conditional(
            "update_item",
            Key=key(keys.key_requests(key_id), on.isoformat()),
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues={f":{name}": {"N": str(value)} for name, value in numbers.items()},
            ReturnValues="UPDATED_NEW",
        )
        if answer is None:
            return False
        if len(self._seen) >= _MOST_REMEMBERED:
            self._seen.clear()
        self._seen[place] = int(answer["Attributes"]["full_at"]["N"])
        return True
