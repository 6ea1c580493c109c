"""The feed against a sorted list of what is public: on the fake and on the template's table alike (C2, G7)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from image_store.adapters.dynamodb import keys
from image_store.adapters.dynamodb.finding.feed_rows import DynamoFeedRows
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.finding.cards import Page
from image_store.domain.finding.feed import FeedQuery
from image_store.domain.images.details import Details
from image_store.domain.images.image import Image, State, Visibility
from image_store.domain.images.quota import Quota
from image_store.domain.images.reservation import Reservation
from image_store.ports.finding import FeedRows
from image_store.services.finding.cursors import Cursors
from image_store.services.finding.feed import Feed
from image_store.services.finding.hot_pages import HotPages
from tests.benchmarks.sample import item_size_bytes
from tests.contracts.repository.images import NOON, OWNER, moved, pending
from tests.fakes.clock import SetClock
from tests.fakes.dynamodb import all_items, mocked_client, new_table
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.fakes.feed_rows import MemoryFeedRows, is_shown
from tests.fakes.interception import InterceptedClient
from tests.fakes.projections import assert_feed_follows
from tests.fakes.repository import MemoryRepository
from tests.fakes.rows import DynamoRows, Rows
from tests.samples import SIGNING_KEYS

POST = "post:p1"
OTHER = "somebody else"


class Public:
    """A store with a feed."""

    def __init__(self, repository: Rows, rows: FeedRows, table: str = "") -> None:
        self.repository = repository
        self.table = table
        self.rows = rows
        self.clock = SetClock()
        self.records: dict[str, Image] = {}
        self.feed = Feed(
            rows=rows,
            cursors=Cursors(keys=lambda: SIGNING_KEYS),
            clock=self.clock,
            hot_pages=HotPages(kept_for=timedelta(0)),
        )

    def add(
        self,
        visibility: Visibility = Visibility.PUBLIC,
        *,
        days: int = 0,
        details: Details | None = None,
        **changes: Any,
    ) -> Image:
        image = pending(at=NOON + timedelta(days=days), visibility=visibility, **changes)
        if details is not None:
            image = replace(image, details=details)
        self.repository.reserve(Reservation(image, Quota(), None, None, NOON))
        name = None if visibility is Visibility.PRIVATE else f"{image.record.attempt}AAAAAA"
        return self.move(image, State.READY, due_at=None, publication=name)

    def move(self, image: Image, state: State, details: Details | None = None, **changes: Any) -> Image:
        after = moved(image, state, **changes)
        if details is not None:
            after = replace(after, details=details)
        self.repository.replace(image, after)
        self.records[after.record.id] = after
        return after

    def withdraw(self, image: Image) -> None:
        self.move(image, State.READY, visibility=Visibility.PRIVATE, publication=None)

    def public(self, **part: Any) -> list[str]:
        query = FeedQuery(1, **part)
        shown = (name for name, image in self.records.items() if is_shown(image, query, self.clock.now()))
        return sorted(shown, reverse=True)

    def page(self, limit: int = 100, **part: Any) -> Page:
        return self.feed.page(FeedQuery(limit, **part), cursor=None)

    def pages(self, limit: int, **part: Any) -> Iterator[list[str]]:
        cursor = None
        while True:
            page = self.feed.page(FeedQuery(limit, **part), cursor=cursor)
            assert len(page.cards) <= limit
            yield [card.id for card in page.cards]
            cursor = page.next_cursor
            if cursor is None:
                return


def in_memory() -> Public:
    repository = MemoryRepository()
    return Public(repository, MemoryFeedRows(repository))


def in_table(client: Any) -> Public:
    table = new_table(client)
    repository = DynamoRows(DynamoTable(table, client=lambda: client))
    return Public(repository, DynamoFeedRows(DynamoTable(table, client=lambda: client)), table)


@pytest.fixture(params=["memory", "table"])
def store(request: pytest.FixtureRequest) -> Public:
    return in_memory() if request.param == "memory" else in_table(MemoryDynamo())


def all_of(store: Public, limit: int, **part: Any) -> list[str]:
    return [image_id for page in store.pages(limit, **part) for image_id in page]


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_the_feed_has_all_public_images_the_newest_first(store: Public, limit: int) -> None:
    for number in range(8):
        store.add(list(Visibility)[number % 3], days=number * 20)
        store.add(days=number * 20)

    assert all_of(store, limit) == store.public()


def test_an_empty_feed_is_one_empty_page(store: Public) -> None:
    assert list(store.pages(10)) == [[]]


def fill(store: Public) -> None:
    of_post = Details(groups=(POST, "session:s1"))
    for number in range(12):
        store.add(
            list(Visibility)[number % 3],
            days=number * 10,
            details=of_post if number % 2 else None,
            owner=OTHER if number % 4 == 3 else OWNER,
        )
        store.add(days=number * 10, details=of_post, owner=OTHER if number % 5 == 0 else OWNER)


@pytest.mark.parametrize(
    "part",
    [
        {"group": POST},
        {"owner": OWNER},
        {"owner": OTHER, "group": POST},
        {"since": NOON + timedelta(days=20), "until": NOON + timedelta(days=70)},
        {"group": POST, "since": NOON + timedelta(days=40)},
        {"group": "post:another"},
        {"owner": "nobody"},
    ],
    ids=str,
)
@pytest.mark.parametrize("limit", [2, 100])
def test_a_part_of_the_feed_has_the_public_images_of_an_owner_or_group(
    store: Public, part: dict[str, Any], limit: int
) -> None:
    fill(store)

    assert all_of(store, limit, **part) == store.public(**part)


def test_many_images_that_have_expired_take_few_reads() -> None:
    client = MemoryDynamo()
    store = in_table(client)
    for _ in range(300):
        store.add(expires_at=store.clock.now() + timedelta(minutes=5))
    store.clock.instant += timedelta(minutes=5)
    counting = InterceptedClient(client)
    rows = DynamoFeedRows(DynamoTable(store.table, client=lambda: counting))

    page = rows.entries(FeedQuery(1), after=None, at=store.clock.now())

    assert page.entries == ()
    assert len(counting.calls) < 10


def test_an_expired_image_is_hidden_while_its_row_still_exists(store: Public) -> None:
    image = store.add(expires_at=store.clock.now() + timedelta(minutes=5))
    staying = store.add(details=Details(groups=(POST,)))
    assert all_of(store, 10) == [staying.record.id, image.record.id]

    store.clock.instant += timedelta(minutes=5)

    assert all_of(store, 10) == [staying.record.id]
    assert all_of(store, 10, owner=OWNER) == [staying.record.id]


@pytest.mark.parametrize("state", [State.TRASHED, State.DELETING])
def test_an_image_leaves_the_feed_in_the_transaction_that_unpublishes_it(store: Public, state: State) -> None:
    trashed = store.add(details=Details(groups=(POST,)))
    hidden = store.add(details=Details(groups=(POST,)))
    unlisted = store.add(details=Details(groups=(POST,)))

    store.move(trashed, state, publication=None, visibility=Visibility.PRIVATE, due_at=NOON)
    store.withdraw(hidden)
    store.move(unlisted, State.READY, visibility=Visibility.UNLISTED)

    for part in ({}, {"owner": OWNER}, {"group": POST}):
        assert all_of(store, 10, **part) == []


def test_an_image_moves_with_its_groups(store: Public) -> None:
    image = store.add(details=Details(groups=(POST,)))

    store.move(image, State.READY, Details(groups=("post:p2",)))

    assert all_of(store, 10, group=POST) == []
    assert all_of(store, 10, group="post:p2") == [image.record.id]


def test_all_groups_are_exchanged_in_one_transaction() -> None:
    """Twenty groups are the most; of a public image each has two rows."""
    client = MemoryDynamo()
    store = in_table(client)
    image = store.add(details=Details(groups=tuple(f"post:{n}" for n in range(20)), tags=("a",)))

    store.move(image, State.READY, Details(groups=tuple(f"session:{n}" for n in range(20)), tags=("b",)))

    assert_feed_follows(all_items(client, store.table))
    assert all_of(store, 10, group="session:19") == [image.record.id]


def test_details_belong_to_the_version_of_the_row(store: Public) -> None:
    image = store.add(details=Details(title="shown", tags=("a",)))
    store.add(details=Details(title="also shown"))
    read = store.rows.entries(FeedQuery(100), after=None, at=store.clock.now())
    store.withdraw(image)
    store.move(store.records[image.record.id], State.READY, Details(title="a secret"))

    details = store.rows.details(read.entries)

    assert [details.title for details in details.values()] == ["also shown"]


def test_a_page_with_details_omits_images_that_changed_after_their_row(store: Public) -> None:
    store.add(details=Details(title="one"))

    page = store.feed.page(FeedQuery(10), cursor=None, with_details=True)

    assert [details.title for each in page.fields.values() if (details := each.details)] == ["one"]
    assert [each.details for each in store.page().fields.values()] == [None]


def test_moto_reads_the_same_parts_of_the_feed() -> None:
    with mocked_client() as client:
        store = in_table(client)
        fill(store)

        for part in (
            {},
            {"group": POST},
            {"owner": OTHER, "group": POST},
            {"since": NOON + timedelta(days=50)},
        ):
            assert all_of(store, 5, **part) == store.public(**part)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.integers(1, 6), st.randoms(use_true_random=False))
def test_images_that_stay_public_appear_once_while_others_change(limit: int, chance: Any) -> None:
    store = in_memory()
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


def test_a_row_is_so_small_that_a_page_of_a_hundred_takes_eight_read_units() -> None:
    """Eventually consistent, a unit reads 8 KB."""
    client = MemoryDynamo()
    store = in_table(client)
    store.add(
        owner=f"auth0|{'a' * 30}",
        filename="f" * 255,
        expires_at=NOON + timedelta(days=400),
        details=Details(
            title="t" * 300,
            alt_text="a" * 2_000,
            groups=(f"post:{'g' * 36}",),
            generation={"model": "gpt-image-2.6-sunburst", "provider": "openai", "prompt": "p" * 4_000},
        ),
    )

    rows = [row for row in all_items(client, store.table) if row["pk"]["S"].startswith(keys.FEED_PREFIX)]

    assert len(rows) == 3
    assert 100 * max(map(item_size_bytes, rows)) <= 8 * 8_192
