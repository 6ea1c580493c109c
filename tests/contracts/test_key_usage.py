"""The usage of API keys by day, on the real adapter."""

from datetime import UTC, date, datetime
from functools import partial
from threading import Thread

import pytest

from image_store.adapters.dynamodb.callers.key_usage import DynamoKeyUsage
from image_store.adapters.dynamodb.callers.request_buckets import DynamoRequestBuckets
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.callers.key_limits import RequestRate
from image_store.domain.callers.key_usage import KeyDay, KeyUse
from tests.contracts.tables import Table
from tests.fakes.dynamodb import all_items

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FIRST, SECOND, THIRD = (date(2026, 3, day) for day in (1, 2, 3))
KEY, OTHER = "0123456789abcdef", "fedcba9876543210"


@pytest.fixture
def usage(table: Table) -> DynamoKeyUsage:
    return DynamoKeyUsage(DynamoTable(table.name, client=lambda: table.client))


def stored(name: str, *, on: date = FIRST, key_id: str = KEY, size_bytes: int = 100) -> KeyUse:
    """The use of a stored image."""
    return KeyUse(name=name, key_id=key_id, on=on, images=1, size_bytes=size_bytes)


def test_uses_add_up_by_key_and_day(usage: DynamoKeyUsage) -> None:
    usage.count(stored("a"), at=NOON)
    usage.count(stored("b", size_bytes=11), at=NOON)
    usage.count(stored("c", on=SECOND), at=NOON)
    usage.count(stored("d", key_id=OTHER), at=NOON)
    usage.count(KeyUse(name="e", key_id=KEY, on=SECOND, cost_micros=40_000), at=NOON)

    days = usage.days(KEY, since=FIRST, until=THIRD)

    assert days == [
        KeyDay(on=FIRST, images=2, size_bytes=111),
        KeyDay(on=SECOND, images=1, size_bytes=100, cost_micros=40_000),
    ]


def test_a_repeated_use_counts_once_also_if_all_repeats_come_at_once(usage: DynamoKeyUsage) -> None:
    repeats = [Thread(target=partial(usage.count, stored("a"), at=NOON)) for _ in range(8)]
    for repeat in repeats:
        repeat.start()
    for repeat in repeats:
        repeat.join()

    assert usage.days(KEY, since=FIRST, until=SECOND) == [KeyDay(on=FIRST, images=1, size_bytes=100)]


def test_many_uses_are_counted_together_and_each_once(usage: DynamoKeyUsage) -> None:
    uses = [stored(f"image{number}", on=(FIRST, SECOND)[number % 2]) for number in range(120)]
    usage.count(uses[7], at=NOON)

    usage.count(*uses, *uses[:3], stored("other", key_id=OTHER), at=NOON)
    usage.count(*uses, at=NOON)

    days = usage.days(KEY, since=FIRST, until=THIRD)
    assert [(day.on, day.images, day.size_bytes) for day in days] == [(FIRST, 60, 6_000), (SECOND, 60, 6_000)]
    assert [day.images for day in usage.days(OTHER, since=FIRST, until=THIRD)] == [1]


def test_only_the_days_from_the_first_on_and_before_the_last_are_read(usage: DynamoKeyUsage) -> None:
    for on in (FIRST, SECOND, THIRD):
        usage.count(stored(f"{on}", on=on), at=NOON)

    assert [day.on for day in usage.days(KEY, since=SECOND, until=THIRD)] == [SECOND]


def test_requests_of_a_limited_key_are_in_its_usage(table: Table, usage: DynamoKeyUsage) -> None:
    buckets = DynamoRequestBuckets(DynamoTable(table.name, client=lambda: table.client))
    for _ in range(4):
        buckets.take(KEY, RequestRate(3), at=NOON)

    assert usage.days(KEY, since=FIRST, until=SECOND) == [KeyDay(on=FIRST, requests=3)]


def test_rows_of_a_day_stay_for_400_days_and_those_of_single_uses_for_a_week(
    table: Table, usage: DynamoKeyUsage
) -> None:
    usage.count(stored("a"), at=NOON)

    expiries = {row["pk"]["S"]: int(row["ttl"]["N"]) for row in all_items(table.client, table.name)}
    assert expiries == {
        "COUNTED#a": datetime(2026, 3, 8, 12, tzinfo=UTC).timestamp(),
        f"KEYUSAGE#{KEY}": datetime(2027, 4, 5, tzinfo=UTC).timestamp(),
    }
