"""How much DynamoDB reads and stores for an image, a page and a scan."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from image_store.adapters.dynamodb.images import records
from image_store.domain.delivery.renditions import PRESETS, Rendition
from image_store.domain.finding.lists import MAX_EXAMINED_ROWS
from image_store.domain.images.image import Kind, State, Visibility
from tests.contracts.repository.images import (
    NOON,
    PUBLICATION,
    SHA256,
    advance,
    amended,
    everything,
    gallery,
    minutes,
    moved,
    pending,
    published,
    query,
    ready,
    reservation,
    waiting,
)
from tests.contracts.tables import Table, dynamo
from tests.fakes.interception import InterceptedClient
from tests.fakes.repository import MemoryRepository
from tests.fakes.rows import DynamoRows


def fill(table: Table, size: int, *, group: str | None = None) -> list[str]:
    """Write the listed rows of READY images as they would be, without their transactions."""
    images = [
        moved(pending(at=minutes(number), groups=(group,) if group else ()), State.READY)
        for number in range(size)
    ]
    rows = [
        row
        for image in images
        for (_, sort_key), row in records.rows_of(image).items()
        if "card" in row and (sort_key == "META") == (group is None)
    ]
    for row in rows:
        table.client.put_item(TableName=table.name, Item=row)
    return [image.record.id for image in images]


def counting(table: Table) -> tuple[DynamoRows, list[int]]:
    """A store, and how many rows each of its Queries reads."""
    read: list[int] = []

    def counted(carry_out: Callable[[], Any]) -> Any:
        answer = carry_out()
        read.append(answer["ScannedCount"])
        return answer

    return dynamo(table, InterceptedClient(table.client, query=counted)), read


@pytest.mark.parametrize("group", [None, "session:s1"])
def test_an_empty_page_reads_2000_rows_and_returns_where_to_continue(table: Table, group: str | None) -> None:
    image_ids = fill(table, MAX_EXAMINED_ROWS + 3, group=group)
    store, read = counting(table)
    list_query = query(1, kind=Kind.GENERATED, group=group, descending=False)

    first = store.cards(list_query, after=None)
    assert (first.cards, first.resume_after) == ((), image_ids[MAX_EXAMINED_ROWS - 1])
    assert sum(read) == MAX_EXAMINED_ROWS
    assert len(read) <= 8

    last = store.cards(list_query, after=first.resume_after)
    assert (last.cards, last.resume_after) == ((), None)
    assert sum(read) == MAX_EXAMINED_ROWS + 3


def test_a_filter_that_all_images_meet_reads_a_quarter_more_than_the_page_holds(table: Table) -> None:
    image_ids = fill(table, 100)
    store, read = counting(table)

    page = store.cards(query(40, kind=Kind.UPLOAD, descending=False), after=None)

    assert [card.id for card in page.cards] == image_ids[:40]
    assert read == [50]


def test_the_fake_reads_2000_rows_for_a_page_of_nothing_as_well() -> None:
    store = MemoryRepository()
    image_ids = gallery(store, MAX_EXAMINED_ROWS + 3)
    list_query = query(1, kind=Kind.GENERATED, descending=False)

    first = store.cards(list_query, after=None)
    last = store.cards(list_query, after=first.resume_after)

    assert (first.cards, first.resume_after) == ((), image_ids[MAX_EXAMINED_ROWS - 1])
    assert (last.cards, last.resume_after) == ((), None)


def test_a_scan_is_strong_and_reads_no_more_rows_than_its_limit(table: Table) -> None:
    fill(table, 5)
    client = InterceptedClient(table.client)

    _, after = dynamo(table, client).scan(after=None, limit=3)
    dynamo(table, client).scan(after=after, limit=3)

    requests = [request for _, request in client.calls]
    assert [(request["Limit"], request["ConsistentRead"]) for request in requests] == [(3, True)] * 2
    assert "ExclusiveStartKey" in requests[1]


def test_a_page_of_a_hundred_is_one_query_of_a_hundred_rows(table: Table) -> None:
    fill(table, 120)
    client = InterceptedClient(table.client)

    page = dynamo(table, client).cards(query(100), after=None)

    assert len(page.cards) == 100
    assert [(operation, request["Limit"]) for operation, request in client.calls] == [("query", 100)]


def size_bytes_of(row: dict[str, Any]) -> int:
    """The size DynamoDB counts: names and values in UTF-8."""
    return sum(
        len(name.encode()) + len(str(text).encode()) for name, value in row.items() for text in value.values()
    )


def test_a_record_with_the_longest_names_stays_under_two_and_a_quarter_kb(table: Table) -> None:
    store = dynamo(table)
    image = pending(
        owner="auth0|" + "a" * 40,
        folder="images/" + "s" * 64 + "/" + "p" * 64 + "/",
        filename="n" * 255,
        category="c" * 64,
        alt_text="a" * 2_000,
        cache_control="public, max-age=31536000, stale-while-revalidate=86400, immutable",
        visibility=Visibility.UNLISTED,
        expires_at=NOON + timedelta(days=30),
        due_at=NOON + timedelta(days=30),
        guarded=True,
        idempotency="0f" * 32,
        publication=PUBLICATION,
        intent=PUBLICATION,
    )
    image = replace(image, details=replace(image.details, generation={"model": "m" * 64}))
    store.reserve(reservation(image))
    stored = advance(store, image, State.READY)

    [meta] = [row for row in table.rows() if row["sk"]["S"] == "META"]

    assert size_bytes_of(meta) < 2_304
    assert store.get(image.record.id) == stored


def test_a_listed_row_of_a_common_image_is_small_enough_for_eight_read_units_a_hundred(table: Table) -> None:
    store = dynamo(table)
    ready(store, filename="n" * 255, alt_text="a" * 2_000, groups=("session:s1",))

    [row] = [row for row in table.rows() if row["pk"]["S"].startswith("GROUP#")]

    # An eventually consistent Query reads 8 KB a unit.
    assert 100 * size_bytes_of(row) <= 8 * 8_192


def test_a_record_with_every_rendition_there_can_be_is_below_two_kilobytes(table: Table) -> None:
    """DESIGN, Table: of the usual presets in all of their formats, for a published image."""
    store = dynamo(table)
    image = published(store)
    more_renditions = tuple(
        Rendition(preset.name, media_type, 2048, 1365, 1_234_567, making="0123456789abcdef")
        for preset in PRESETS.values()
        if not preset.at_upload
        for media_type in preset.formats
    )
    renditions = (*image.record.renditions, *more_renditions)

    store.amend(image.record, amended(image.record, renditions=renditions, transformed=True))

    [meta] = [row for row in table.rows() if row["sk"]["S"] == "META"]
    assert size_bytes_of(meta) < 2_000
    assert store.get_record(image.record.id) == store.get(image.record.id).record  # type: ignore[union-attr] # it is there
    assert store.get_record(image.record.id).renditions == renditions  # type: ignore[union-attr] # as above


def test_what_a_deleted_image_leaves_in_the_table_is_the_count(table: Table) -> None:
    store = dynamo(table)
    image = pending(sha256=SHA256, guarded=True, groups=("session:s1", "persona:p"))
    store.reserve(everything(image))
    for state in (State.READY, State.DELETING, State.TOMBSTONE):
        image = advance(store, image, state, guarded=state is State.READY)
    store.forget(image)
    store.forget_publication(waiting(image), at=NOON)

    assert sorted(row["sk"]["S"] for row in table.rows()) == ["IDEMPOTENCY", "QUOTA"]


def test_idempotency_rows_alone_expire_by_themselves(table: Table) -> None:
    store = dynamo(table)
    image = pending(guarded=True, groups=("session:s1",))
    store.reserve(everything(image))
    advance(store, image, State.READY)

    [row] = [row for row in table.rows() if "ttl" in row]

    assert row["sk"]["S"] == "IDEMPOTENCY"
    assert row["ttl"] == {"N": str(int((NOON + timedelta(hours=24)).timestamp()))}
