"""The token buckets of API keys, on the real adapter."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from image_store.adapters.dynamodb.callers.request_buckets import DynamoRequestBuckets
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.callers.key_limits import MAX_REQUESTS_PER_MINUTE, RequestRate
from tests.benchmarks.virtual_time import VirtualTime
from tests.contracts.tables import Table
from tests.fakes.dynamodb import all_items, new_table
from tests.fakes.dynamodb_client import MemoryDynamo

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
KEY = "0123456789abcdef"
SECOND = timedelta(seconds=1)
SIX = RequestRate(6)
"""Six requests a minute: one in ten seconds."""


def buckets_on(table: Table) -> DynamoRequestBuckets:
    """The buckets as a new process has them."""
    return DynamoRequestBuckets(DynamoTable(table.name, client=lambda: table.client))


def taken(buckets: DynamoRequestBuckets, times: int, *, at: datetime, rate: RequestRate = SIX) -> int:
    """How many of so many requests at one instant are let in."""
    return sum(buckets.take(KEY, rate, at=at) for _ in range(times))


def test_a_full_bucket_lets_in_as_many_requests_as_a_minute_has(table: Table) -> None:
    assert taken(buckets_on(table), 20, at=NOON) == 6


def test_an_empty_bucket_fills_by_one_request_in_each_interval(table: Table) -> None:
    buckets = buckets_on(table)
    taken(buckets, 6, at=NOON)

    assert not buckets.take(KEY, SIX, at=NOON + 10 * SECOND - timedelta(microseconds=1))
    assert taken(buckets, 5, at=NOON + 10 * SECOND) == 1
    assert taken(buckets, 20, at=NOON + 40 * SECOND) == 3
    assert taken(buckets, 20, at=NOON + 3_600 * SECOND) == 6


def test_processes_share_a_bucket(table: Table) -> None:
    processes = [buckets_on(table) for _ in range(3)]

    counts = [taken(process, 3, at=NOON + number * SECOND) for number, process in enumerate(processes)]

    assert counts == [3, 3, 0]


def test_each_key_has_its_own_bucket(table: Table) -> None:
    buckets = buckets_on(table)
    taken(buckets, 6, at=NOON)

    assert buckets.take("00000000000000ff", SIX, at=NOON)


@pytest.mark.parametrize("per_minute", [1, 7, 60, 61, MAX_REQUESTS_PER_MINUTE])
def test_a_steady_caller_is_let_in_at_its_rate_and_never_beyond_it(per_minute: int) -> None:
    rate = RequestRate(per_minute)

    assert rate.interval * per_minute >= timedelta(minutes=1)
    assert (rate.interval - timedelta(microseconds=1)) * per_minute < timedelta(minutes=1)
    assert rate.capacity < timedelta(seconds=61)


def test_a_changed_limit_counts_at_once(table: Table) -> None:
    buckets = buckets_on(table)
    taken(buckets, 6, at=NOON)

    assert taken(buckets, 40, at=NOON + 30 * SECOND, rate=RequestRate(60)) == 30
    assert taken(buckets, 20, at=NOON + 31 * SECOND, rate=RequestRate(1)) == 0


@pytest.mark.parametrize("ahead", [timedelta(minutes=5), timedelta(days=1_000)])
def test_a_clock_that_ran_ahead_locks_no_key_out(table: Table, ahead: timedelta) -> None:
    taken(buckets_on(table), 6, at=NOON + ahead)

    assert taken(buckets_on(table), 20, at=NOON) == 6


def test_a_row_counts_the_requests_that_were_let_in_and_stays_for_400_days(table: Table) -> None:
    buckets = buckets_on(table)
    taken(buckets, 8, at=NOON)

    [row] = all_items(table.client, table.name)
    assert int(row["requests"]["N"]) == 6
    assert int(row["ttl"]["N"]) == int((MIDNIGHT + timedelta(days=399)).timestamp())


def test_each_day_begins_with_a_full_bucket_and_counts_its_own_requests(table: Table) -> None:
    buckets = buckets_on(table)
    before = taken(buckets, 6, at=MIDNIGHT - SECOND)

    after = taken(buckets, 7, at=MIDNIGHT) + taken(buckets, 1, at=MIDNIGHT - SECOND)

    assert (before, after) == (6, 6)
    rows = {row["sk"]["S"]: int(row["requests"]["N"]) for row in all_items(table.client, table.name)}
    assert rows == {"2026-03-01": 6, "2026-03-02": 6}


class SlowClient:
    """A client whose writes take a moment, in which others write."""

    def __init__(self, client: MemoryDynamo, time: VirtualTime) -> None:
        self._client = client
        self._time = time

    def update_item(self, **request: Any) -> Any:
        self._time.sleep(0.004)
        return self._client.update_item(**request)


def test_a_crowd_of_processes_gets_no_more_than_the_bucket_holds() -> None:
    memory, time = MemoryDynamo(), VirtualTime()
    table = Table(SlowClient(memory, time), new_table(memory))
    let_in: list[bool] = []

    def send(process: int) -> None:
        buckets = buckets_on(table)
        for request in range(5):
            time.sleep(0.001 * (process % 7) + 0.01 * request)
            let_in.append(buckets.take(KEY, SIX, at=NOON + timedelta(seconds=time.monotonic())))

    time.run([partial(send, process) for process in range(40)])

    assert let_in.count(True) == 6
