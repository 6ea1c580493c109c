"""Records in a DynamoDB table, read and told of their images (A16)."""

import base64
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from image_store.adapters.dynamodb.upkeep.migration_source import TableSource
from image_store.domain.errors import InvalidRequest, SourceUnreadable, StorageUnavailable
from image_store.domain.finding.lists import ListQuery
from image_store.domain.upkeep.migration import (
    FieldNames,
    Migration,
    MigrationStatus,
    Options,
    RecordError,
    SourceRecord,
    Table,
)
from image_store.domain.work import MigrateBatch
from image_store.ports.upkeep import MigrationSource
from tests.fakes.dynamodb import mocked_client
from tests.fakes.interception import Hook, InterceptedClient, after, raising
from tests.fakes.store import Store
from tests.samples import OWNER, PICTURE

DATA_URI = "data:image/png;base64," + base64.b64encode(PICTURE).decode()
SIMPLE = (("id", "S", "HASH"),)
COMPOSITE = (("chat", "S", "HASH"), ("number", "N", "RANGE"))
BINARY = (("id", "B", "HASH"),)
_numbers = count(1)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with mocked_client() as client:
        yield client


def table_of(client: Any, *, key: Any = SIMPLE, items: list[dict[str, Any]] | None = None) -> str:
    """A table with these items."""
    name = f"messages-{next(_numbers)}"
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": part, "KeyType": kind} for part, _, kind in key],
        AttributeDefinitions=[{"AttributeName": part, "AttributeType": kind} for part, kind, _ in key],
        BillingMode="PAY_PER_REQUEST",
    )
    for item in items or []:
        client.put_item(TableName=name, Item=item)
    return name


def message(number: int, **more: Any) -> dict[str, Any]:
    return {"id": {"S": f"m{number}"}, "owner": {"S": OWNER}, "photo": {"S": DATA_URI}} | more


def source_of(client: Any, name: str, id_attribute: str | None = None) -> TableSource:
    return TableSource(Table(name, "photo", id_attribute), FieldNames(), client=lambda: client)


def found_in(source: MigrationSource, after: str | None = None) -> list[SourceRecord | RecordError]:
    return [step.record for step in source.steps(after) if step.record is not None]


def counted(source: MigrationSource, after: str | None = None) -> int:
    return sum(part.records for part in source.count(after))


def short_pages(client: Any, **hooks: Hook) -> InterceptedClient:
    """A client whose scans read two items a page."""
    return InterceptedClient(client, scan=lambda send: send(Limit=2), **hooks)


# Reading ----------------------------------------------------------------------------------------------


def test_a_step_reads_a_small_page_and_a_count_reads_at_half_the_price(client: Any) -> None:
    """A step moves a few records, and the next one would read, and pay for, the rest of a page of 1 MB again."""
    name = table_of(client, items=[message(number) for number in range(3)])
    counting = InterceptedClient(client)
    source = source_of(counting, name)

    assert (len(found_in(source)), counted(source)) == (3, 3)

    step, count = counting.requests("scan")
    assert (step["Limit"], step["ConsistentRead"]) == (50, True)
    assert "Limit" not in count
    assert not count.get("ConsistentRead")


def test_only_records_with_the_attribute_are_seen_and_counted(client: Any) -> None:
    bare = {"id": {"S": "bare"}, "owner": {"S": OWNER}}
    source = source_of(client, table_of(client, items=[message(1), bare, message(2)]))

    records = found_in(source)

    assert {record.id for record in records if isinstance(record, SourceRecord)} == {"m1", "m2"}
    assert counted(source) == 2


def test_each_step_is_a_place_to_go_on_from(client: Any) -> None:
    bare = [{"id": {"S": f"bare{number}"}} for number in range(9)]
    name = table_of(client, items=[*bare, *map(message, range(5))])
    source = source_of(short_pages(client), name)
    steps = list(source.steps(None))

    whole = [step.record for step in steps if step.record]

    assert len(whole) == 5
    for at, step in enumerate(steps):
        rest = [later.record for later in steps[at + 1 :] if later.record]
        assert found_in(source_of(short_pages(client), name), step.position) == rest


def test_each_part_of_a_count_is_a_place_to_go_on_from(client: Any) -> None:
    name = table_of(client, items=list(map(message, range(5))))
    parts = list(source_of(short_pages(client), name).count(None))

    rests = [counted(source_of(short_pages(client), name), part.position) for part in parts]

    assert sum(part.records for part in parts) == 5
    assert rests == [sum(part.records for part in parts[at + 1 :]) for at in range(len(parts))]


def test_attributes_are_read_as_json_has_them(client: Any) -> None:
    about = {
        "M": {
            "title": {"S": "Катя"},
            "rating": {"N": "4"},
            "metadata": {"M": {"a": {"N": "1.5"}, "b": {"BOOL": True}, "c": {"NULL": True}}},
            "tags": {"L": [{"S": "x"}]},
        }
    }
    source = source_of(client, table_of(client, items=[message(1, attributes=about)]))

    (record,) = found_in(source)

    assert isinstance(record, SourceRecord)
    assert record.attributes == {
        "title": "Катя",
        "rating": 4,
        "metadata": {"a": 1.5, "b": True, "c": None},
        "tags": ["x"],
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"photo": {"N": "1"}},
        {"photo": {"S": ""}},
        {"photo": {"M": {}}},
        {"owner": {"N": "1"}},
        {"attributes": {"SS": ["a"]}},
    ],
)
def test_an_item_that_is_not_a_record_is_reported(client: Any, changes: dict[str, Any]) -> None:
    source = source_of(client, table_of(client, items=[message(1, **changes)]))

    (problem,) = found_in(source)

    assert isinstance(problem, RecordError)
    assert (problem.record, problem.code) == ("m1", "invalid_request")


def test_a_picture_may_be_raw_bytes(client: Any) -> None:
    source = source_of(client, table_of(client, items=[message(1, photo={"B": PICTURE})]))

    (record,) = found_in(source)

    assert isinstance(record, SourceRecord)
    assert record.image == PICTURE


# Names of records -------------------------------------------------------------------------------------


def in_chat(number: int) -> dict[str, Any]:
    return message(number) | {"chat": {"S": 'a"b'}, "number": {"N": str(number)}}


NAMED = {
    "simple": (SIMPLE, message(7), None, "m7"),
    "named": (SIMPLE, message(7), "id", "m7"),
    "composite": (COMPOSITE, in_chat(7), None, '["a\\"b", "7"]'),
    "binary": (BINARY, message(7) | {"id": {"B": b"\x00\xff"}}, None, "AP8="),
}


@pytest.mark.parametrize("case", NAMED)
def test_a_record_is_found_by_the_name_it_has(client: Any, case: str) -> None:
    key, item, id_attribute, record_id = NAMED[case]
    source = source_of(client, table_of(client, key=key, items=[item]), id_attribute)

    (record,) = found_in(source)

    assert isinstance(record, SourceRecord)
    assert record.id == record_id
    assert source.find(record_id) == record


@pytest.mark.parametrize(
    ("key", "record_id"),
    [
        (SIMPLE, "unknown"),
        (SIMPLE, "bare"),
        (BINARY, "no base64!"),
        (COMPOSITE, "a"),
        (COMPOSITE, '["a"]'),
        (COMPOSITE, '["a", 7]'),
        (COMPOSITE, '["a", "seven"]'),
        (COMPOSITE, '["a", "Infinity"]'),
        (COMPOSITE, "7"),
        (COMPOSITE, "[" * 100_000),
    ],
)
def test_what_names_no_record_finds_none(client: Any, key: Any, record_id: str) -> None:
    items = [{"id": {"S": "bare"}}] if key is SIMPLE else []
    source = source_of(client, table_of(client, key=key, items=items))

    assert source.find(record_id) is None


def test_a_record_that_is_named_by_another_attribute_cannot_be_found(client: Any) -> None:
    source = source_of(client, table_of(client, items=[message(1, slug={"S": "one"})]), "slug")

    (record,) = found_in(source)

    assert isinstance(record, SourceRecord)
    assert record.id == "one"
    with pytest.raises(InvalidRequest):
        source.find("one")


def test_a_record_without_the_naming_attribute_is_reported(client: Any) -> None:
    source = source_of(client, table_of(client, items=[message(1)]), "slug")

    (problem,) = found_in(source)

    assert isinstance(problem, RecordError)


def test_a_found_item_that_is_not_a_record_is_refused(client: Any) -> None:
    source = source_of(client, table_of(client, items=[message(1, photo={"N": "1"})]))

    with pytest.raises(InvalidRequest):
        source.find("m1")


# Failures ---------------------------------------------------------------------------------------------


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Scan")


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (refused("ResourceNotFoundException"), SourceUnreadable),
        (refused("AccessDeniedException"), SourceUnreadable),
        (refused("ValidationException"), SourceUnreadable),
        (refused("ProvisionedThroughputExceededException"), StorageUnavailable),
        (refused("InternalServerError"), StorageUnavailable),
        (EndpointConnectionError(endpoint_url="https://dynamodb.invalid"), StorageUnavailable),
    ],
    ids=str,
)
def test_permanent_failures_are_distinguished_from_temporary_ones(
    error: Exception, raised: type[Exception]
) -> None:
    source = source_of(InterceptedClient(every=raising(error)), "messages")
    calls: tuple[Callable[[], object], ...] = (
        lambda: list(source.steps(None)),
        lambda: list(source.count(None)),
        lambda: source.find("a"),
        lambda: source.write_back('{"id": {"S": "a"}}', "x", "y"),
    )

    for call in calls:
        with pytest.raises(raised):
            call()


# Moving -----------------------------------------------------------------------------------------------


def migrate(client: Any, name: str, **options: Any) -> tuple[Store, Migration]:
    """Move a table and answer the store and how it ended."""
    store = Store(table=lambda table, fields: TableSource(table, fields, client=lambda: client))
    return store, again(store, name, **options)


def again(store: Store, name: str, **options: Any) -> Migration:
    store.clock.instant += timedelta(seconds=1)
    requests = store.migration_requests
    begun = Migration(
        id=store.ids.image_id(),
        source=Table(name, "photo"),
        options=Options(**options),
        created_at=store.clock.now(),
        updated_at=store.clock.now(),
    )
    requests.migrations.create(begun)
    requests.work.send(MigrateBatch(begun.id, begun.step))
    while store.work.waiting:
        store.clock.instant += timedelta(seconds=1)
        work = store.work.waiting.pop(0)
        assert isinstance(work, MigrateBatch)
        store.migration_run.carry_on(work, until=store.clock.now() + timedelta(hours=1))
    return store.migrations.saved[-1]


def images_of(store: Store, record_id: str) -> list[str]:
    query = ListQuery(owner=OWNER, limit=10, group=f"record:{record_id}")
    return [card.id for card in store.lists.page(query, cursor=None).cards]


def item(client: Any, name: str, record_id: str) -> dict[str, Any]:
    stored_item: dict[str, Any] = client.get_item(TableName=name, Key={"id": {"S": record_id}})["Item"]
    return stored_item


def test_a_table_is_moved_and_left_as_it_is(client: Any) -> None:
    before = [message(number) for number in range(5)]
    name = table_of(client, items=before)

    store, done = migrate(short_pages(client), name, batch_size=2)

    assert (done.status, done.total, done.tally.moved) == (MigrationStatus.SUCCEEDED, 5, 5)
    assert [len(images_of(store, f"m{number}")) for number in range(5)] == [1] * 5
    assert [item(client, name, f"m{number}") for number in range(5)] == before


def test_the_id_of_the_image_is_written_to_its_record_and_the_picture_stays(client: Any) -> None:
    name = table_of(client, items=[message(1)])

    store, done = migrate(client, name, write_back=True)

    assert done.tally.moved == 1
    (image_id,) = images_of(store, "m1")
    assert item(client, name, "m1") == message(1, photo_image_id={"S": image_id})


def test_the_id_of_the_image_is_written_to_a_record_moved_before(client: Any) -> None:
    name = table_of(client, items=[message(1, photo={"B": PICTURE})])
    store, _ = migrate(client, name)

    done = again(store, name, write_back=True)

    assert done.tally.already_moved == 1
    assert item(client, name, "m1")["photo_image_id"] == {"S": images_of(store, "m1")[0]}


@pytest.mark.parametrize("change", ["replaced", "deleted"])
def test_no_id_is_written_to_a_record_that_changes_meanwhile(client: Any, change: str) -> None:
    name = table_of(client, items=[message(1)])
    other = message(1, photo={"S": "another"})

    def act() -> object:
        if change == "deleted":
            return client.delete_item(TableName=name, Key={"id": {"S": "m1"}})
        return client.put_item(TableName=name, Item=other)

    _, done = migrate(short_pages(client, update_item=after(act)), name, write_back=True)

    assert done.tally.failed == 1
    assert client.scan(TableName=name)["Items"] == ([] if change == "deleted" else [other])


def test_a_table_that_is_not_there_fails_the_migration(client: Any) -> None:
    _, done = migrate(client, "no-such-table")

    assert done.status is MigrationStatus.FAILED
    assert [error.code for error in done.tally.errors] == ["source_unreadable"]
