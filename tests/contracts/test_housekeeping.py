"""What every Housekeeping does: the fake of the tests and DynamoHousekeeping on the template's table alike."""

import itertools
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from image_store.adapters.dynamodb.table import DynamoTable
from image_store.adapters.dynamodb.upkeep.housekeeping import DynamoHousekeeping
from image_store.domain.errors import Conflict, StorageUnavailable
from image_store.domain.ids import uuid7
from image_store.domain.upkeep.cleanup import LONGEST_HOLD, CleanupReport, Lease, PassPosition
from image_store.ports.upkeep import Housekeeping
from tests.contracts.tables import Table, Tables
from tests.fakes.dynamodb import all_items
from tests.fakes.housekeeping import MemoryHousekeeping
from tests.fakes.interception import InterceptedClient, raising

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
END = NOON + timedelta(minutes=16)


def in_table(table: Table) -> DynamoHousekeeping:
    return DynamoHousekeeping(DynamoTable(table.name, client=lambda: table.client))


@pytest.fixture(params=["memory", "dynamodb in moto", "dynamodb in memory"])
def housekeeping(request: pytest.FixtureRequest, tables: Tables) -> Housekeeping:
    kind, _, place = request.param.partition(" in ")
    return in_table(tables(place)) if kind == "dynamodb" else MemoryHousekeeping()


def take(
    housekeeping: Housekeeping, *, holder: str = "a run", at: datetime = NOON, until: datetime = END
) -> Lease:
    lease = housekeeping.take_lease(holder=holder, at=at, until=until)
    assert lease is not None
    return lease


def report(*, at: datetime = NOON, number: int = 0) -> CleanupReport:
    """A report in which no two counts are the same."""
    new_report = CleanupReport(id=uuid7(at, number), started_at=at, dry_run=False)
    for count, name in enumerate(
        (field.name for field in fields(CleanupReport) if field.type is int), start=1
    ):
        setattr(new_report, name, count)
    return new_report


# The lease --------------------------------------------------------------------------------------------


def test_only_its_holder_has_a_lease(housekeeping: Housekeeping) -> None:
    lease = take(housekeeping, holder="a run")

    assert lease.holder == "a run"


@pytest.mark.parametrize("after", [timedelta(0), MOMENT, END - NOON], ids=["at once", "then", "at its end"])
def test_a_lease_is_refused_to_others_as_long_as_it_is_held(
    housekeeping: Housekeeping, after: timedelta
) -> None:
    take(housekeeping)

    assert (
        housekeeping.take_lease(holder="another", at=NOON + after, until=NOON + after + timedelta(minutes=15))
        is None
    )


def test_a_refused_lease_changes_nothing_about_the_one_that_is_held(housekeeping: Housekeeping) -> None:
    first_lease = take(housekeeping)
    housekeeping.take_lease(holder="another", at=NOON + MOMENT, until=END + timedelta(days=1))

    housekeeping.move("private", PassPosition(NOON, "a"), first_lease)

    assert take(housekeeping, holder="another", at=END + MOMENT).token == first_lease.token + 1


def test_a_lease_past_its_end_is_taken_over_with_a_higher_token(housekeeping: Housekeeping) -> None:
    first = take(housekeeping)

    second = take(housekeeping, holder="another", at=END + MOMENT, until=END + timedelta(minutes=15))

    assert second.token > first.token
    assert second.holder == "another"


def test_a_lease_can_be_taken_over_from_its_holder_on_request(housekeeping: Housekeeping) -> None:
    dead = take(housekeeping)

    mine = housekeeping.take_lease(holder="another", at=NOON + MOMENT, until=END, take_over=True)

    assert mine is not None
    assert mine.token > dead.token
    with pytest.raises(Conflict):
        housekeeping.move("private", PassPosition(NOON, "a"), dead)


def test_a_lease_that_is_free_can_be_taken_over_too(housekeeping: Housekeeping) -> None:
    assert housekeeping.take_lease(holder="a run", at=NOON, until=END, take_over=True) is not None


def test_a_lease_that_was_ended_is_free_and_the_next_token_is_higher(housekeeping: Housekeeping) -> None:
    first = take(housekeeping)
    housekeeping.end_lease(first)

    second = take(housekeeping, at=NOON + MOMENT)

    assert second.token > first.token


def test_only_its_holder_ends_a_lease(housekeeping: Housekeeping) -> None:
    lost = take(housekeeping)
    take(housekeeping, holder="another", at=END + MOMENT, until=END + timedelta(minutes=15))

    housekeeping.end_lease(lost)

    assert (
        housekeeping.take_lease(holder="a third", at=END + 2 * MOMENT, until=END + timedelta(minutes=30))
        is None
    )


def test_an_ended_lease_can_be_ended_again(housekeeping: Housekeeping) -> None:
    lease = take(housekeeping)

    housekeeping.end_lease(lease)
    housekeeping.end_lease(lease)

    assert take(housekeeping, at=NOON + MOMENT).token > lease.token


# The hold ---------------------------------------------------------------------------------------------


WEEK = NOON + LONGEST_HOLD


def test_a_hold_is_refused_to_others_and_prolonged_by_its_holder(housekeeping: Housekeeping) -> None:
    assert housekeeping.hold(holder="a", at=NOON, until=WEEK)

    assert not housekeeping.hold(holder="b", at=NOON + MOMENT, until=WEEK + MOMENT)
    assert housekeeping.hold(holder="a", at=NOON + MOMENT, until=WEEK + MOMENT)

    assert housekeeping.holder(NOON + MOMENT) == "a"
    assert housekeeping.holder(WEEK + MOMENT) == "a"


def test_a_hold_ends_by_its_holder_alone_or_by_itself(housekeeping: Housekeeping) -> None:
    housekeeping.hold(holder="a", at=NOON, until=WEEK)

    housekeeping.end_hold("b")
    assert housekeeping.holder(NOON) == "a"
    assert housekeeping.holder(WEEK + MOMENT) is None
    housekeeping.end_hold("a")
    housekeeping.end_hold("a")

    assert housekeeping.holder(NOON) is None
    assert housekeeping.hold(holder="b", at=NOON, until=WEEK)


def test_a_hold_can_be_taken_over_on_request(housekeeping: Housekeeping) -> None:
    housekeeping.hold(holder="a", at=NOON, until=WEEK)

    assert housekeeping.hold(holder="b", at=NOON, until=WEEK, take_over=True)

    assert housekeeping.holder(NOON) == "b"
    assert not housekeeping.hold(holder="a", at=NOON, until=WEEK)


def test_a_hold_past_its_end_or_of_a_wrong_clock_is_free(housekeeping: Housekeeping) -> None:
    housekeeping.hold(holder="a", at=NOON, until=WEEK)

    assert housekeeping.hold(holder="b", at=WEEK + MOMENT, until=WEEK + timedelta(days=99))
    assert housekeeping.holder(WEEK + MOMENT) is None
    assert housekeeping.hold(holder="c", at=WEEK + MOMENT, until=WEEK + timedelta(days=7))


def test_a_run_is_seen_for_as_long_as_it_has_its_lease(housekeeping: Housekeeping) -> None:
    assert not housekeeping.is_running(NOON)
    lease = take(housekeeping)

    assert housekeeping.is_running(NOON)
    assert housekeeping.is_running(END)
    assert not housekeeping.is_running(END + MOMENT)
    housekeeping.end_lease(lease)

    assert not housekeeping.is_running(NOON)


# Positions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", ["", "images/ключ/a b#c", None], ids=["at its beginning", "on", "over"])
def test_a_position_reads_as_it_was_written(housekeeping: Housekeeping, after: str | None) -> None:
    position = PassPosition(NOON + MOMENT, after)

    housekeeping.move("private", position, take(housekeeping))

    assert housekeeping.position("private") == position


def test_positions_are_kept_by_sweep_and_the_last_one_counts(housekeeping: Housekeeping) -> None:
    lease = take(housekeeping)
    housekeeping.move("private", PassPosition(NOON, "a"), lease)
    housekeeping.move("records", PassPosition(NOON, "b"), lease)

    housekeeping.move("private", PassPosition(NOON, None), lease)

    assert housekeeping.position("private") == PassPosition(NOON, None)
    assert housekeeping.position("records") == PassPosition(NOON, "b")
    assert housekeeping.position("public") is None


# Reports ----------------------------------------------------------------------------------------------


def test_a_report_reads_as_it_was_written_field_by_field(housekeeping: Housekeeping) -> None:
    full_report = replace(
        report(),
        started_at=NOON + MOMENT,
        finished_at=NOON + timedelta(minutes=3),
        policies=[3, 0, 5],
        stopped_because="cap",
    )
    counts = [getattr(full_report, field.name) for field in fields(CleanupReport) if field.type is int]
    assert len(set(counts)) == len(counts) > 10

    housekeeping.keep_report(full_report, take(housekeeping))

    assert list(housekeeping.reports(limit=9)) == [full_report]


def test_a_report_without_an_end_reads_as_it_was_written(housekeeping: Housekeeping) -> None:
    new_report = report()

    housekeeping.keep_report(new_report, take(housekeeping))

    assert list(housekeeping.reports(limit=9)) == [new_report]


def test_reports_come_newest_first_and_no_more_than_asked_for(housekeeping: Housekeeping) -> None:
    lease = take(housekeeping)
    reports = [report(at=NOON + timedelta(hours=hour), number=hour) for hour in (3, 1, 5, 2, 4)]
    for each in reports:
        housekeeping.keep_report(each, lease)

    newest_first = sorted(reports, key=lambda each: each.started_at, reverse=True)
    assert list(housekeeping.reports(limit=3)) == newest_first[:3]
    assert list(housekeeping.reports(limit=100)) == newest_first


def test_without_a_report_there_is_none(housekeeping: Housekeeping) -> None:
    housekeeping.move("private", PassPosition(NOON, None), take(housekeeping))

    assert list(housekeeping.reports(limit=9)) == []


def test_a_report_stays_as_it_was_kept(housekeeping: Housekeeping) -> None:
    new_report = report()
    housekeeping.keep_report(new_report, take(housekeeping))

    new_report.orphans += 1

    assert next(iter(housekeeping.reports(limit=1))).orphans == new_report.orphans - 1


# A lease that was lost --------------------------------------------------------------------------------


WRITES: dict[str, Callable[[Housekeeping, Lease], None]] = {
    "move": lambda housekeeping, lease: housekeeping.move("private", PassPosition(NOON, "lost"), lease),
    "keep_report": lambda housekeeping, lease: housekeeping.keep_report(report(), lease),
}


@pytest.mark.parametrize("write", WRITES)
def test_what_a_run_writes_that_lost_its_lease_is_refused_and_not_written(
    housekeeping: Housekeeping, write: str
) -> None:
    lost = take(housekeeping)
    housekeeping.move("private", PassPosition(NOON, "before"), lost)
    holder = take(housekeeping, holder="another", at=END + MOMENT, until=END + timedelta(minutes=15))

    with pytest.raises(Conflict):
        WRITES[write](housekeeping, lost)

    assert housekeeping.position("private") == PassPosition(NOON, "before")
    assert list(housekeeping.reports(limit=9)) == []
    WRITES[write](housekeeping, holder)


# DynamoHousekeeping alone -----------------------------------------------------------------------------


CALLS: dict[str, Callable[[Housekeeping], object]] = {
    "take_lease": take,
    "end_lease": lambda housekeeping: housekeeping.end_lease(Lease("a run", 1)),
    "position": lambda housekeeping: housekeeping.position("private"),
    "is_running": lambda housekeeping: housekeeping.is_running(NOON),
    "hold": lambda housekeeping: housekeeping.hold(holder="a", at=NOON, until=WEEK),
    "end_hold": lambda housekeeping: housekeeping.end_hold("a"),
    "holder": lambda housekeeping: housekeeping.holder(NOON),
    "reports": lambda housekeeping: housekeeping.reports(limit=1),
    "move": lambda housekeeping: WRITES["move"](housekeeping, Lease("a run", 1)),
    "keep_report": lambda housekeeping: WRITES["keep_report"](housekeeping, Lease("a run", 1)),
}


def canceled(code: str) -> ClientError:
    answer: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": "no"},
        "CancellationReasons": [{"Code": code}, {"Code": "None"}],
    }
    return ClientError(answer, "TransactWriteItems")


@pytest.mark.parametrize(
    "error",
    [
        ConnectTimeoutError(endpoint_url="https://dynamodb.invalid"),
        ClientError({"Error": {"Code": "InternalServerError", "Message": "no"}}, "Query"),
        canceled("TransactionConflict"),
    ],
    ids=["unreachable", "refused", "transaction conflict"],
)
@pytest.mark.parametrize("call", CALLS)
def test_every_failure_is_storage_unavailable(call: str, error: Exception) -> None:
    a_second_later = itertools.count().__next__
    housekeeping = DynamoHousekeeping(
        DynamoTable(
            "images",
            client=lambda: InterceptedClient(every=raising(error)),
            sleep=lambda _: None,
            monotonic=a_second_later,
        )
    )

    with pytest.raises(StorageUnavailable) as raised:
        CALLS[call](housekeeping)

    assert raised.value.retry_after == timedelta(seconds=1)


def test_a_holder_that_lost_the_response_still_holds_its_lease(table: Table) -> None:
    """As botocore does by itself."""
    housekeeping = in_table(table)
    take(housekeeping, holder="a run")

    again = take(housekeeping, holder="a run")

    housekeeping.move("private", PassPosition(NOON, "a"), again)


def test_reports_alone_expire_by_themselves_after_90_days(table: Table) -> None:
    housekeeping = in_table(table)
    lease = take(housekeeping)
    housekeeping.move("private", PassPosition(NOON, "a"), lease)
    housekeeping.keep_report(report(), lease)

    [row] = [row for row in all_items(table.client, table.name) if "ttl" in row]

    assert row["sk"]["S"] == report().id
    assert row["ttl"] == {"N": str(int((NOON + timedelta(days=90)).timestamp()))}


def test_making_it_makes_no_client() -> None:
    def client() -> Any:
        pytest.fail("A client was made.")

    DynamoHousekeeping(DynamoTable("images", client=client))
