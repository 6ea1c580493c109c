"""The feed against a sorted list of what is public: on the fake and on the template's table alike (C2)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from image_store.adapters.dynamodb.feed_rows import DynamoFeedRows
from image_store.domain.feed import FeedQuery
from image_store.domain.image import Record, State, Visibility
from image_store.domain.quota import Quota
from image_store.domain.reservation import Reservation
from image_store.ports.projections import FeedRows
from image_store.services.cursors import Cursors
from image_store.services.feed import MAX_EXAMINED_ROWS, Feed
from tests.contracts.test_lists import Projected
from tests.contracts.test_repository import NOON, moved, pending
from tests.fakes.dynamodb import new_table, table_form
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.fakes.feed_rows import MemoryFeedRows, is_public
from tests.fakes.repository import MemoryRepository
from tests.fakes.rows import Rows
from tests.faults.world import SIGNING_KEYS, SetClock


class Public:
    """A store with a feed."""

    def __init__(self, repository: Rows, rows: FeedRows) -> None:
        self.repository = repository
        self.rows = rows
        self.records: dict[str, Record] = {}
        self.feed = Feed(rows=rows, cursors=Cursors(keys=lambda: SIGNING_KEYS), clock=SetClock())

    def add(self, visibility: Visibility = Visibility.PUBLIC, *, days: int = 0) -> Record:
        record = pending(at=NOON + timedelta(days=days), visibility=visibility)
        self.repository.reserve(Reservation(record, Quota(), None, None, NOON))
        name = None if visibility is Visibility.PRIVATE else f"{record.image.attempt}AAAAAA"
        return self.move(record, State.READY, due_at=None, publication=name)

    def move(self, record: Record, state: State, **changes: Any) -> Record:
        after = moved(record, state, **changes)
        self.repository.replace(record, after)
        self.records[after.image.id] = after
        return after

    def withdraw(self, record: Record) -> None:
        self.move(record, State.READY, visibility=Visibility.PRIVATE, publication=None)

    def public(self) -> list[str]:
        return sorted((name for name, record in self.records.items() if is_public(record)), reverse=True)

    def pages(self, limit: int) -> Iterator[list[str]]:
        cursor = None
        while True:
            page = self.feed.page(FeedQuery(limit), cursor=cursor)
            assert len(page.cards) <= limit
            yield [card.id for card in page.cards]
            cursor = page.next_cursor
            if cursor is None:
                return


def in_memory() -> tuple[Public, MemoryFeedRows]:
    repository = MemoryRepository()
    rows = MemoryFeedRows(repository)
    return Public(repository, rows), rows


@pytest.fixture(params=["memory", "table"])
def store(request: pytest.FixtureRequest) -> Public:
    if request.param == "memory":
        return in_memory()[0]
    client = MemoryDynamo()
    repository = Projected(new_table(client, table_form()), client)
    return Public(repository, DynamoFeedRows(repository.table, client=lambda: client))


def all_of(store: Public, limit: int) -> list[str]:
    return [image_id for page in store.pages(limit) for image_id in page]


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_the_feed_holds_what_is_public_newest_first_over_all_months(store: Public, limit: int) -> None:
    for number in range(8):
        store.add(list(Visibility)[number % 3], days=number * 20)
        store.add(days=number * 20)

    assert all_of(store, limit) == store.public()


def test_a_month_without_public_images_is_not_looked_at(store: Public) -> None:
    record = store.add()
    store.add(days=40)
    assert store.rows.months() == ["2026-04", "2026-03"]

    store.withdraw(record)

    assert store.rows.months() == ["2026-04"]


def test_an_empty_feed_is_one_empty_page(store: Public) -> None:
    assert list(store.pages(10)) == [[]]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 6), st.randoms(use_true_random=False))
def test_images_that_stay_public_are_shown_once_while_others_come_and_go(limit: int, chance: Any) -> None:
    store, _ = in_memory()
    for _ in range(20):
        store.add(chance.choice(list(Visibility)), days=chance.randrange(90))
    staying = set(store.public())
    seen: list[str] = []
    for page in store.pages(limit):
        assert set(page) <= set(store.public())
        seen += page
        if store.public():
            gone = chance.choice(store.public())
            store.withdraw(store.records[gone])
            staying.discard(gone)
        if len(store.records) < 60:
            store.add(days=chance.randrange(90))

    assert staying <= set(seen)
    assert seen == sorted(set(seen), reverse=True)


def test_rows_that_are_behind_make_pages_short_and_hide_nothing() -> None:
    store, rows = in_memory()
    shown = [store.add(days=0), store.add(days=1)]
    for _ in range(MAX_EXAMINED_ROWS):
        hidden = store.add(Visibility.PRIVATE, days=2)
        rows.stale.add(hidden.image.id)

    pages = list(store.pages(10))

    assert [image_id for page in pages for image_id in page] == [record.image.id for record in shown[::-1]]
