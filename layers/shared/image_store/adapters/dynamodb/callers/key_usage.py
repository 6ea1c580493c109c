"""Counts what API keys use: one row for each key and day, written from records of the table's stream.

The stream delivers a change at least once. So one transaction adds to the row of the day and puts a row that names the
use, on the condition that there is none: a repeat changes nothing. That row stays for a week, which is longer than the
stream and the dead-letter queue repeat a change. Uses that arrive together are added in one transaction, because each
holds the row of the day for some milliseconds; if one of them is counted already, each has a transaction of its own.
Requests are in the rows of `request_buckets`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import batched
from typing import Any

from image_store.adapters.dynamodb import caller_keys as keys
from image_store.adapters.dynamodb import generation_keys
from image_store.adapters.dynamodb.images.records import record_of
from image_store.adapters.dynamodb.items import Item, parse_time
from image_store.adapters.dynamodb.keys import image_of_record, key
from image_store.adapters.dynamodb.table import OnTable
from image_store.domain.callers.key_usage import KeyDay, KeyUse, expiry_of
from image_store.domain.errors import Conflict
from image_store.domain.images.image import State
from image_store.ports.callers import KeyUsage

COUNTED_FOR = timedelta(days=7)
_AMOUNTS = ("images", "size_bytes", "cost_micros")
_MOST_TOGETHER = 50
"""Half of what a transaction can write: each use has a row, and at most one row of a day."""


class DynamoKeyUsage(OnTable, KeyUsage):
    """The usage of keys in the one table."""

    def count(self, *uses: KeyUse, at: datetime) -> None:
        different = list({use.name: use for use in uses}.values())
        for some in batched(different, _MOST_TOGETHER, strict=False):
            try:
                self._add(some, at)
            except Conflict:  # at least one of them is counted already
                for use in some if len(some) > 1 else ():
                    self.count(use, at=at)

    def _add(self, uses: Sequence[KeyUse], at: datetime) -> None:
        """Count different uses in one transaction; Conflict if one of them is counted already."""
        sums: dict[tuple[str, date], Counter[str]] = {}
        for use in uses:
            amounts = Counter({name: getattr(use, name) for name in _AMOUNTS if getattr(use, name)})
            sums.setdefault((use.key_id, use.on), Counter()).update(amounts)
        expires_at = _number(int((at + COUNTED_FOR).timestamp()))
        counted = [
            {
                "TableName": self._rows.name,
                "Item": {**keys.counted_use(use.name), "ttl": expires_at},
                "ConditionExpression": "attribute_not_exists(pk)",
            }
            for use in uses
        ]
        days = [self._addition(key_id, on, amounts) for (key_id, on), amounts in sums.items()]
        self._rows.transact(
            [*(("counted", {"Put": put}) for put in counted), *(("day", {"Update": day}) for day in days)],
            settled=lambda: False,
        )

    def _addition(self, key_id: str, on: date, amounts: Counter[str]) -> dict[str, Any]:
        """Add amounts to the row of a key and a day."""
        numbers = {f":{name}": amount for name, amount in amounts.items()} | {":ttl": expiry_of(on)}
        return {
            "TableName": self._rows.name,
            "Key": key(keys.key_usage(key_id), on.isoformat()),
            "UpdateExpression": f"ADD {', '.join(f'{name} :{name}' for name in amounts)} SET #ttl = :ttl",
            "ExpressionAttributeNames": {"#ttl": "ttl"},
            "ExpressionAttributeValues": {name: _number(number) for name, number in numbers.items()},
        }

    def days(self, key_id: str, *, since: date, until: date) -> Sequence[KeyDay]:
        requests = {
            date.fromisoformat(item["sk"]["S"]): _amount(item, "requests")
            for item in self._slice(keys.key_requests(key_id), since, until)
        }
        used = {
            date.fromisoformat(item["sk"]["S"]): {name: _amount(item, name) for name in _AMOUNTS}
            for item in self._slice(keys.key_usage(key_id), since, until)
        }
        return [
            KeyDay(on=day, requests=requests.get(day), **used.get(day, {}))
            for day in sorted(requests.keys() | used.keys())
        ]

    def _slice(self, partition: str, since: date, until: date) -> Iterator[Item]:
        """The rows of these days; 400 of them fit into one answer of DynamoDB."""
        answer = self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": {"S": partition},
                ":first": {"S": since.isoformat()},
                ":last": {"S": (until - timedelta(days=1)).isoformat()},
            },
        )
        yield from answer["Items"]


def use_of(stream_record: dict[str, Any]) -> KeyUse | None:
    """The use in a stream record; None for a change that counts for no API key.

    An image counts once it is stored, on the day of its id, which is the day on which its reservation counted for the
    limits of its key.
    """
    stream = stream_record["dynamodb"]
    before, after = stream.get("OldImage", {}), stream.get("NewImage", {})
    if "api_key" not in after:
        return None
    key_id = after["api_key"]["S"]
    if (image_id := image_of_record(stream["Keys"])) is not None:
        is_commit = before.get("state") == {"S": State.PENDING} and after["state"] == {"S": State.READY}
        if not is_commit:
            return None
        record = record_of(after)
        return KeyUse(
            name=image_id,
            key_id=key_id,
            on=record.stored_at.date(),
            images=1,
            size_bytes=record.size_bytes,
        )
    cost_micros = int(after["charged"]["N"]) if generation_keys.is_ledger(stream["Keys"]) else 0
    if before or not cost_micros:
        return None
    return KeyUse(
        name=stream["Keys"]["sk"]["S"],
        key_id=key_id,
        on=parse_time(after["at"]["S"]).date(),
        cost_micros=cost_micros,
    )


def _amount(item: Item, name: str) -> int:
    return int(item[name]["N"]) if name in item else 0


def _number(number: int) -> dict[str, str]:
    return {"N": str(number)}
