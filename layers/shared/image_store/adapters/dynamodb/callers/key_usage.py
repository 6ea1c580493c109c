"""Counts what API keys use: one row for each key and day, written from records of the table's stream.

The stream delivers a change at least once. So one transaction adds to the row of the day and puts a row that names the
use, on the condition that there is none: a repeat changes nothing. That row stays for a week, which is longer than the
stream and the dead-letter queue repeat a change. Requests are in the rows of `request_buckets`.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from image_store.adapters.dynamodb import caller_keys as keys
from image_store.adapters.dynamodb import generation_keys
from image_store.adapters.dynamodb.images.records import record_of
from image_store.adapters.dynamodb.items import Item, parse_time
from image_store.adapters.dynamodb.keys import image_of_record, key
from image_store.adapters.dynamodb.table import OnTable
from image_store.domain.callers.key_usage import KeyDay, KeyUse, expiry_of
from image_store.domain.errors import Conflict
from image_store.domain.ids import created_at
from image_store.domain.images.image import State
from image_store.ports.callers import KeyUsage

COUNTED_FOR = timedelta(days=7)
_AMOUNTS = ("images", "size_bytes", "cost_micros")


class DynamoKeyUsage(OnTable, KeyUsage):
    """The usage of keys in the one table."""

    def count(self, use: KeyUse, *, at: datetime) -> None:
        amounts = {name: getattr(use, name) for name in _AMOUNTS if getattr(use, name)}
        numbers = {f":{name}": amount for name, amount in amounts.items()} | {":ttl": expiry_of(use.on)}
        counted = {
            "TableName": self._rows.name,
            "Item": {**keys.counted_use(use.name), "ttl": _number(int((at + COUNTED_FOR).timestamp()))},
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        day = {
            "TableName": self._rows.name,
            "Key": key(keys.key_usage(use.key_id), use.on.isoformat()),
            "UpdateExpression": f"ADD {', '.join(f'{name} :{name}' for name in amounts)} SET #ttl = :ttl",
            "ExpressionAttributeNames": {"#ttl": "ttl"},
            "ExpressionAttributeValues": {name: _number(number) for name, number in numbers.items()},
        }
        try:
            self._rows.transact(
                [("counted", {"Put": counted}), ("day", {"Update": day})], settled=lambda: False
            )
        except Conflict:
            return  # it is counted already

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
        size_bytes = record_of(after).size_bytes
        return KeyUse(
            name=image_id, key_id=key_id, on=created_at(image_id).date(), images=1, size_bytes=size_bytes
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
