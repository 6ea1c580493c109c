"""Lists and their cursors."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from image_store.domain.errors import ConfigurationError, InvalidCursor, InvalidRequest
from image_store.domain.finding.lists import ListQuery
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Kind, Visibility
from image_store.services.finding.cursors import CURSOR_LIFETIME, Cursors
from tests.fakes.store import Store
from tests.samples import OWNER, START

QUERY = ListQuery(OWNER, 2)
AFTER = "0196f2c4-7a00-7abc-8def-0123456789ab"


@pytest.fixture
def store() -> Store:
    return Store()


def gallery(store: Store, size: int) -> list[str]:
    """Ids of images, one a minute, newest first."""
    image_ids = []
    for _ in range(size):
        image_ids.append(store.upload(Attributes(groups=("session:s1",))).record.id)
        store.clock.instant += timedelta(minutes=1)
    return image_ids[::-1]


def pages(store: Store, query: ListQuery) -> Iterator[list[str]]:
    cursor = None
    while True:
        page = store.lists.page(query, cursor=cursor)
        yield [card.id for card in page.cards]
        cursor = page.next_cursor
        if cursor is None:
            return


def cursor_of(store: Store, query: ListQuery = QUERY) -> str:
    cursor = store.lists.page(query, cursor=None).next_cursor
    assert cursor is not None
    return cursor


# Pages ------------------------------------------------------------------------------------------------


def test_cursors_lead_through_all_pages(store: Store) -> None:
    image_ids = gallery(store, 5)

    assert list(pages(store, QUERY)) == [image_ids[:2], image_ids[2:4], image_ids[4:]]


def test_a_list_that_fits_its_page_has_no_cursor(store: Store) -> None:
    gallery(store, 2)

    assert store.lists.page(replace(QUERY, limit=3), cursor=None).next_cursor is None


def test_the_limit_may_change_between_pages(store: Store) -> None:
    image_ids = gallery(store, 5)

    page = store.lists.page(replace(QUERY, limit=10), cursor=cursor_of(store))

    assert [card.id for card in page.cards] == image_ids[2:]


def test_a_list_contains_only_images_of_its_owner(store: Store) -> None:
    store.upload(Attributes(visibility=Visibility.PUBLIC), owner="another")
    image = store.upload()

    assert list(pages(store, QUERY)) == [[image.record.id]]


def test_a_list_of_the_trash_refuses_a_group(store: Store) -> None:
    with pytest.raises(InvalidRequest):
        store.lists.page(replace(QUERY, group="session:s1", trashed=True), cursor=None)


@pytest.mark.parametrize("length", [timedelta(0), timedelta(days=-1)])
def test_a_period_without_time_gives_an_empty_list(store: Store, length: timedelta) -> None:
    gallery(store, 3)

    page = store.lists.page(replace(QUERY, since=START, until=START + length), cursor=None)

    assert (page.cards, page.next_cursor) == ((), None)


# Cursors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        {"owner": "another"},
        {"descending": False},
        {"kind": Kind.UPLOAD},
        {"visibility": Visibility.PRIVATE},
        {"group": "session:s1"},
        {"since": START},
        {"until": START + timedelta(days=1)},
        {"trashed": True},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_cursor_is_valid_for_its_own_query_only(store: Store, other: dict[str, object]) -> None:
    gallery(store, 5)
    changed = replace(QUERY, **other)  # type: ignore[arg-type]

    with pytest.raises(InvalidCursor):
        store.lists.page(changed, cursor=cursor_of(store))


def test_dates_of_two_queries_cannot_be_exchanged(store: Store) -> None:
    gallery(store, 5)
    cursor = cursor_of(store, replace(QUERY, since=START))

    with pytest.raises(InvalidCursor):
        store.lists.page(replace(QUERY, until=START), cursor=cursor)


def test_a_cursor_is_valid_for_24_hours(store: Store) -> None:
    image_ids = gallery(store, 3)
    cursor = cursor_of(store)

    store.clock.instant += CURSOR_LIFETIME
    assert [card.id for card in store.lists.page(QUERY, cursor=cursor).cards] == image_ids[2:]

    store.clock.instant += timedelta(seconds=1)
    with pytest.raises(InvalidCursor):
        store.lists.page(QUERY, cursor=cursor)


def test_a_cursor_with_any_byte_changed_is_invalid(store: Store) -> None:
    gallery(store, 3)
    cursor = cursor_of(store)
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))

    for place in range(len(raw)):
        altered = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        with pytest.raises(InvalidCursor):
            store.lists.page(QUERY, cursor=base64.urlsafe_b64encode(altered).rstrip(b"=").decode())


@pytest.mark.parametrize("cursor", ["", "A", "AAAA", "not a cursor", "Ж", "=" * 8, "A" * 5_000])
def test_a_text_that_is_not_a_cursor_is_invalid(store: Store, cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        store.lists.page(QUERY, cursor=cursor)


def cursors(**keys: str) -> Cursors:
    return Cursors(keys=lambda: keys)


def read(reader: Cursors, cursor: str, at: datetime = START) -> str:
    return reader.read(cursor, QUERY, at=at)


def test_a_cursor_outlives_the_change_of_the_current_key(store: Store) -> None:
    cursor = cursors(current="k1", k1="one").make(AFTER, QUERY, at=START)

    assert read(cursors(current="k2", k1="one", k2="two"), cursor) == AFTER


@pytest.mark.parametrize(
    "keys",
    [{"current": "k2", "k2": "two"}, {"current": "k1", "k1": "another"}],
    ids=["removed", "replaced"],
)
def test_a_cursor_of_a_removed_key_is_invalid(keys: dict[str, str]) -> None:
    cursor = cursors(current="k1", k1="one").make(AFTER, QUERY, at=START)

    with pytest.raises(InvalidCursor):
        read(cursors(**keys), cursor)


@pytest.mark.parametrize("keys", [{}, {"current": "k2", "k1": "one"}], ids=["no current", "no such key"])
def test_a_secret_without_its_current_key_is_a_fault_of_the_deployment(keys: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        cursors(**keys).make(AFTER, QUERY, at=START)


def test_the_name_of_the_current_key_is_not_a_key() -> None:
    forged = cursors(current="current").make(AFTER, QUERY, at=START)

    with pytest.raises(InvalidCursor):
        read(cursors(current="current"), forged)


def test_a_signed_cursor_that_holds_no_id_is_invalid() -> None:
    keys = cursors(current="k1", k1="one")

    with pytest.raises(InvalidCursor):
        read(keys, keys.make("META", QUERY, at=START))


def test_a_cursor_contains_neither_owner_nor_query() -> None:
    query = replace(QUERY, owner="a-very-secret-owner", group="session:a-very-secret-group")
    cursor = cursors(current="k1", k1="one").make(AFTER, query, at=START)

    assert b"secret" not in base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
