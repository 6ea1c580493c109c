"""Reads the figures that the projector counts."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from image_store.adapters.dynamodb import items, keys
from image_store.adapters.dynamodb.finding.rebuilds import served_epoch
from image_store.adapters.dynamodb.table import OnTable
from image_store.domain.finding.projection import IMAGES, SIZE, TRASH_PREFIX
from image_store.domain.operations.statistics import Amount, Statistics
from image_store.ports.operations import Figures

MAX_MODELS = 1_000


class DynamoFigures(OnTable, Figures):
    """Figures on the one table."""

    def of_owner(self, owner: str, *, since: date, until: date) -> Statistics:
        return self._read([keys.owner_stats(served_epoch(self._rows), owner)], since, until)

    def of_all(self, *, since: date, until: date) -> Statistics:
        return self._read(keys.all_system_stats(served_epoch(self._rows)), since, until)

    def days_before(self, owner: str, *, before: date, limit: int) -> list[tuple[date, int]]:
        answer = self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": {"S": keys.owner_stats(served_epoch(self._rows), owner)},
                ":first": {"S": keys.day_stats("")},
                ":last": {"S": keys.day_stats((before - timedelta(days=1)).isoformat())},
            },
            ScanIndexForward=False,
            Limit=limit,
        )
        return [
            (
                date.fromisoformat(keys.day_of_stats(item["sk"]["S"])),
                _amount(item).images - _amount(item, TRASH_PREFIX).images,
            )
            for item in answer["Items"]
        ]

    def total(self) -> Amount:
        return sum(map(_amount, self._totals(keys.all_system_stats(served_epoch(self._rows)))), Amount())

    def _read(self, partitions: Sequence[str], since: date, until: date) -> Statistics:
        sums: dict[tuple[str, ...], Amount] = {}
        days: dict[date, Amount] = {}

        def add(key: tuple[str, ...], amount: Amount) -> None:
            sums[key] = sums.get(key, Amount()) + amount

        for item in self._totals(partitions):
            for name in item:
                if name.endswith(f":{IMAGES}") or name == IMAGES:
                    prefix = name.removesuffix(IMAGES)
                    add(tuple(prefix.rstrip(":").split(":", 1)), _amount(item, prefix))
        for partition in partitions:
            for item in self._slice(partition, *keys.MODELS_OF_STATS):
                add(("model", item["model"]["S"]), _amount(item))
            first, last = (keys.day_stats(day.isoformat()) for day in (since, until))
            for item in self._slice(partition, first, last):
                day = date.fromisoformat(keys.day_of_stats(item["sk"]["S"]))
                if day < until:
                    days[day] = days.get(day, Amount()) + _amount(item)
        parts: dict[str, dict[str, Amount]] = {}
        for key, amount in sums.items():
            if len(key) == 2 and amount.images:
                parts.setdefault(key[0], {})[key[1]] = amount
        return Statistics(
            total=sums.get(("",), Amount()), parts=parts, trash=sums.get(("trash",), Amount()), days=days
        )

    def _totals(self, partitions: Sequence[str]) -> Iterator[items.Item]:
        return self._rows.get_many([keys.key(partition, keys.TOTAL) for partition in partitions])

    def _slice(self, partition: str, first: str, last: str) -> Iterator[items.Item]:
        answer = self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": {"S": partition},
                ":first": {"S": first},
                ":last": {"S": last},
            },
            Limit=MAX_MODELS,
        )
        yield from answer["Items"]


def _amount(item: items.Item, prefix: str = "") -> Amount:
    numbers = (int(item.get(f"{prefix}{name}", {"N": "0"})["N"]) for name in (IMAGES, SIZE))
    return Amount(*numbers)
