"""Where events are logged: the fake of the tests and DynamoEventLog alike."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from image_store.adapters.dynamodb.events.log import DynamoEventLog
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.errors import StorageUnavailable
from image_store.domain.events.event import Event, EventType, new_event
from image_store.domain.events.log import LONGEST_WRITE, first_place_at
from image_store.ports.events import EventLog
from tests.fakes.clock import SetClock
from tests.fakes.dynamodb import all_items, new_table
from tests.fakes.event_log import MemoryEventLog
from tests.fakes.interception import InterceptedClient, never_send
from tests.samples import START

START_OF_LOG = "0"


def event(number: int, *, owner: str | None = "alice") -> Event:
    return new_event(
        EventType.IMAGE_CREATED,
        change=("image", str(number)),
        at=START,
        owner=owner,
        data={"image_id": f"image-{number}", "version": number},
    )


@dataclass
class Setup:
    """A log, and the clock that it reads."""

    log: EventLog
    clock: SetClock


@pytest.fixture(params=["memory", "dynamodb"])
def setup(request: pytest.FixtureRequest, moto: Any) -> Setup:
    clock = SetClock()
    clock.step = timedelta(milliseconds=1)
    if request.param == "memory":
        return Setup(MemoryEventLog(clock), clock)
    return Setup(DynamoEventLog(DynamoTable(new_table(moto), client=lambda: moto), now=clock.now), clock)


def read_all(log: EventLog, owner: str | None, *, limit: int = 100) -> list[Event]:
    events: list[Event] = []
    after: str | None = START_OF_LOG
    while after is not None:
        page = log.read(owner, after=after, limit=limit)
        assert len(page.rows) <= limit
        events += [row.event for row in page.rows]
        after = page.resume_after
    return events


def test_events_read_as_they_were_written_and_in_that_order(setup: Setup) -> None:
    events = [event(number) for number in range(15)]

    setup.log.append(events)

    assert read_all(setup.log, "alice") == events


@pytest.mark.parametrize("limit", [1, 5, 100])
def test_pages_of_any_size_hold_every_event_once(setup: Setup, limit: int) -> None:
    events = [event(number) for number in range(12)]

    setup.log.append(events)

    assert read_all(setup.log, "alice", limit=limit) == events
    assert read_all(setup.log, None, limit=limit) == events


def test_an_owner_reads_no_events_of_another(setup: Setup) -> None:
    mine, other, of_nobody = event(1), event(2, owner="alice#2/é"), event(3, owner=None)

    setup.log.append([mine, other, of_nobody])

    assert read_all(setup.log, "alice") == [mine]
    assert read_all(setup.log, "alice#2/é") == [other]
    assert read_all(setup.log, None) == [mine, other, of_nobody]


def test_an_event_that_is_written_again_has_the_same_id(setup: Setup) -> None:
    for _ in range(2):
        setup.log.append([event(1)])

    assert [each.id for each in read_all(setup.log, "alice")] == [event(1).id] * 2


def test_a_reader_can_begin_at_a_time(setup: Setup) -> None:
    setup.log.append([event(1)])
    setup.clock.instant += timedelta(minutes=1)
    later = first_place_at(setup.clock.instant)
    setup.log.append([event(2)])

    page = setup.log.read("alice", after=later, limit=10)

    assert [row.event for row in page.rows] == [event(2)]
    assert page.resume_after is None


# DynamoEventLog alone ---------------------------------------------------------------------------------


def unprocessed(event: Event) -> list[dict[str, Any]]:
    """What DynamoDB returns of a row that it did not take."""
    return [{"PutRequest": {"Item": {"pk": {"S": "EVENTS"}, "sk": {"S": f"2026#{event.id}"}}}}]


def dynamo_log(client: Any, name: str, clock: SetClock) -> DynamoEventLog:
    return DynamoEventLog(DynamoTable(name, client=lambda: client, sleep=lambda _: None), now=clock.now)


def test_a_write_that_took_too_long_is_repeated_at_a_later_place(moto: Any) -> None:
    name, clock = new_table(moto), SetClock()
    waits = [LONGEST_WRITE + timedelta(milliseconds=1)]

    def slow(send: Any) -> Any:
        clock.instant += waits.pop() if waits else timedelta(0)
        return send()

    log = dynamo_log(InterceptedClient(moto, batch_write_item=slow), name, clock)

    log.append([event(1)])

    rows = log.read("alice", after=START_OF_LOG, limit=10).rows
    assert [row.event.id for row in rows] == [event(1).id] * 2
    assert rows[-1].written_at == START + LONGEST_WRITE + timedelta(milliseconds=1)


def test_what_dynamodb_leaves_is_written_at_a_later_place(moto: Any) -> None:
    name, clock = new_table(moto), SetClock()
    clock.step = timedelta(milliseconds=10)
    tries: list[int] = []

    def throttled(send: Any) -> Any:
        tries.append(1)
        if len(tries) > 1:
            return send()
        return {"UnprocessedItems": {name: unprocessed(event(1))}}

    client = InterceptedClient(moto, batch_write_item=throttled)
    log = dynamo_log(client, name, clock)

    log.append([event(1)])

    assert [row.event for row in log.read("alice", after=START_OF_LOG, limit=10).rows] == [event(1)]
    assert [row.event for row in log.read(None, after=START_OF_LOG, limit=10).rows] == [event(1)]


def test_a_log_that_stays_busy_is_unavailable(moto: Any) -> None:
    name = new_table(moto)
    busy = {"UnprocessedItems": {name: unprocessed(event(1))}}
    log = dynamo_log(InterceptedClient(moto, batch_write_item=lambda _: busy), name, SetClock())

    with pytest.raises(StorageUnavailable):
        log.append([event(1)])


def test_a_write_that_never_arrives_is_unavailable(moto: Any) -> None:
    log = dynamo_log(InterceptedClient(moto, batch_write_item=never_send), new_table(moto), SetClock())

    with pytest.raises(StorageUnavailable):
        log.append([event(1)])


def test_each_row_takes_one_write_unit_and_goes_after_thirty_days(moto: Any) -> None:
    name = new_table(moto)

    dynamo_log(moto, name, SetClock()).append([event(1)])

    rows = all_items(moto, name)
    assert len(rows) == 2
    assert {row["ttl"]["N"] for row in rows} == {str(int((START + timedelta(days=30)).timestamp()))}
    assert max(sum(len(k) + len(next(iter(v.values()))) for k, v in row.items()) for row in rows) <= 1_024


def test_a_row_of_a_later_version_is_left_out_and_holds_nobody_up(moto: Any) -> None:
    name, clock = new_table(moto), SetClock()
    clock.step = timedelta(milliseconds=1)
    log = dynamo_log(moto, name, clock)
    log.append([event(1), event(2)])
    first = min(
        (row for row in all_items(moto, name) if "OWNER" in row["pk"]["S"]), key=lambda row: row["sk"]["S"]
    )
    moto.put_item(TableName=name, Item={**first, "v": {"N": "99"}})

    page = log.read("alice", after=START_OF_LOG, limit=1)

    assert page.rows == ()
    assert [
        row.event for row in log.read("alice", after=page.resume_after or START_OF_LOG, limit=1).rows
    ] == [event(2)]
