"""Pages of cards: order, filters and where the next page begins."""

from datetime import timedelta
from typing import Any

import pytest

from image_store.domain.errors import Conflict
from image_store.domain.finding.cards import Card
from image_store.domain.ids import uuid7
from image_store.domain.images.image import Kind, State, Visibility
from image_store.domain.images.media import MediaType
from tests.contracts.repository.images import (
    NOON,
    OWNER,
    PUBLICATION,
    THUMB,
    advance,
    buried,
    gallery,
    ids_of,
    minutes,
    pages,
    query,
    ready,
    reserve,
)
from tests.fakes.rows import Rows


def test_a_tombstone_that_changed_is_not_forgotten(store: Rows) -> None:
    seen = buried(store)
    current = advance(store, seen, State.TOMBSTONE)

    with pytest.raises(Conflict):
        store.forget(seen)

    assert store.get(seen.record.id) == current


def test_a_card_contains_what_a_gallery_shows(store: Rows) -> None:
    image = ready(
        store,
        at=NOON + timedelta(milliseconds=7),
        visibility=Visibility.UNLISTED,
        publication=PUBLICATION,
        kind=Kind.GENERATED,
        filename="ü" * 255,
        alt_text="日" * 2_000,
        groups=("session:s1",),
    )
    record = image.record
    expected = Card(
        id=record.id,
        kind=Kind.GENERATED,
        visibility=Visibility.UNLISTED,
        filename="ü" * 40,
        media_type=MediaType.PNG,
        size_bytes=1_000,
        width=640,
        height=480,
        alt_text="日" * 60,
        alt_text_given=False,
        placeholder=record.placeholder,
        thumb_type=MediaType.WEBP,
        private_prefix=f"images/upload/2026/03/{record.id}/{record.attempt}/",
        publication=PUBLICATION,
        created_at=NOON + timedelta(milliseconds=7),
        renditions=record.renditions,
    )

    assert store.cards(query(), after=None).cards == (expected,)
    assert store.cards(query(group="session:s1"), after=None).cards == (expected,)
    assert expected.thumb_key == record.rendition_key(THUMB)


def test_an_owner_without_images_has_an_empty_last_page(store: Rows) -> None:
    ready(store, owner="another")

    page = store.cards(query(), after=None)

    assert (page.cards, page.resume_after) == ((), None)


def test_only_images_that_are_ready_are_listed(store: Rows) -> None:
    reserve(store)
    advance(store, ready(store), State.TRASHED)
    buried(store)
    image = ready(store)

    assert ids_of(store, query()) == [image.record.id]


@pytest.mark.parametrize("group", [None, "session:s1"])
def test_both_orders_go_by_the_time_of_making(store: Rows, group: str | None) -> None:
    image_ids = gallery(store, 5, groups=("session:s1",))

    assert ids_of(store, query(group=group, descending=False)) == image_ids
    assert ids_of(store, query(group=group)) == image_ids[::-1]


@pytest.mark.parametrize("group", [None, "session:s1"])
def test_filters_narrow_a_list_and_combine(store: Rows, group: str | None) -> None:
    image_ids = {
        (kind, visibility): ready(store, kind=kind, visibility=visibility, groups=("session:s1",)).record.id
        for kind in (Kind.UPLOAD, Kind.GENERATED)
        for visibility in Visibility
    }

    for kind in (None, Kind.UPLOAD, Kind.GENERATED, Kind.REFERENCE):
        for visibility in (None, *Visibility):
            page_ids = ids_of(store, query(group=group, kind=kind, visibility=visibility))
            assert set(page_ids) == {
                image_id
                for (of_kind, of_visibility), image_id in image_ids.items()
                if kind in (None, of_kind) and visibility in (None, of_visibility)
            }


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("group", [None, "session:s1"])
def test_since_is_inclusive_and_until_is_not(store: Rows, group: str | None, descending: bool) -> None:
    image_ids = gallery(store, 6, groups=("session:s1",))

    def ids_between(**dates: Any) -> list[str]:
        return sorted(ids_of(store, query(group=group, descending=descending, **dates)))

    assert ids_between(since=minutes(2)) == image_ids[2:]
    assert ids_between(until=minutes(4)) == image_ids[:4]
    assert ids_between(since=minutes(2), until=minutes(4)) == image_ids[2:4]
    assert ids_between(since=minutes(2) + timedelta(milliseconds=1), until=minutes(3)) == []
    assert ids_between(since=minutes(5), until=minutes(5) + timedelta(milliseconds=1)) == image_ids[5:]


def test_the_list_of_a_group_holds_its_images_alone(store: Rows) -> None:
    ready(store, groups=("session:s1",), owner="another")
    ready(store, groups=("session:s10", "session:S1"))
    image = ready(store, groups=("session:s1", "persona:p"))

    assert ids_of(store, query(group="session:s1")) == [image.record.id]
    assert ids_of(store, query(group="persona:p")) == [image.record.id]
    assert ids_of(store, query(group="session")) == []


def test_owners_and_groups_cannot_spell_each_others_keys(store: Rows) -> None:
    image = ready(store, owner="a#b", groups=("session:c",))
    ready(store, owner="a", groups=("b#session:c",))

    assert ids_of(store, query(owner="a#b", group="session:c")) == [image.record.id]


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize(
    "filters",
    [{}, {"group": "session:s1"}, {"kind": Kind.UPLOAD}, {"trashed": True}, {"since": NOON}],
    ids=lambda filters: next(iter(filters), "all"),
)
def test_pages_of_every_limit_hold_every_image_once(
    store: Rows, filters: dict[str, Any], descending: bool
) -> None:
    image_ids = []
    for number in range(7):
        image = ready(store, at=minutes(number), groups=("session:s1",))
        ready(store, at=minutes(number), kind=Kind.GENERATED, owner=OWNER if "kind" in filters else "another")
        if "trashed" in filters:
            image = advance(store, image, State.TRASHED)
        image_ids.append(image.record.id)
    expected = image_ids[::-1] if descending else image_ids

    for limit in range(1, 10):
        assert ids_of(store, query(limit, descending=descending, **filters)) == expected


@pytest.mark.parametrize("kind", [None, Kind.UPLOAD])
def test_pages_are_full_until_the_last(store: Rows, kind: Kind | None) -> None:
    gallery(store, 7)

    sizes = [len(page) for page in pages(store, query(3, kind=kind))]

    assert sizes == [3, 3, 1]


@pytest.mark.parametrize("group", [None, "session:s1"])
def test_images_that_come_and_go_between_pages_disturb_no_others(store: Rows, group: str | None) -> None:
    records = [ready(store, at=minutes(number), groups=("session:s1",)) for number in range(8)]
    first = store.cards(query(3, group=group), after=None)
    assert [card.id for card in first.cards] == [records[number].record.id for number in (7, 6, 5)]
    assert first.resume_after == records[5].record.id

    # The image that the next page begins after, one that was shown, and one that is to come.
    for gone in (5, 6, 3):
        advance(store, records[gone], State.DELETING)
    ready(store, at=minutes(9), groups=("session:s1",))
    between = ready(store, at=minutes(2) + timedelta(seconds=1), groups=("session:s1",))

    second = store.cards(query(3, group=group), after=first.resume_after)
    third = store.cards(query(3, group=group), after=second.resume_after)
    assert [card.id for card in second.cards] == [
        records[4].record.id,
        between.record.id,
        records[2].record.id,
    ]
    assert [card.id for card in third.cards] == [records[1].record.id, records[0].record.id]


@pytest.mark.parametrize("descending", [True, False])
def test_a_page_may_begin_after_any_id(store: Rows, descending: bool) -> None:
    image_ids = gallery(store, 4)
    missing = uuid7(minutes(1) + timedelta(seconds=30), 0)

    page = store.cards(query(descending=descending), after=missing)

    expected = image_ids[1::-1] if descending else image_ids[2:]
    assert [card.id for card in page.cards] == expected


def test_pages_keep_within_their_dates(store: Rows) -> None:
    image_ids = gallery(store, 6)

    page_ids = ids_of(store, query(1, since=minutes(1), until=minutes(5)))

    assert page_ids == image_ids[1:5][::-1]


@pytest.mark.parametrize("group", [None, "session:s1"])
def test_cards_of_a_category_are_those_and_no_others(store: Rows, group: str | None) -> None:
    groups = ("session:s1",)
    cats = [ready(store, at=minutes(number), category="cats", groups=groups) for number in range(3)]
    ready(store, at=minutes(4), category="dogs", groups=groups)
    ready(store, at=minutes(5), groups=groups)
    ready(store, at=minutes(6), category="cats", groups=groups, kind=Kind.GENERATED)

    image_ids = ids_of(
        store,
        query(2, category="cats", kind=Kind.UPLOAD, group=group, descending=False, from_records=True),
    )

    assert image_ids == [image.record.id for image in cats]
    assert ids_of(store, query(category="birds", group=group, from_records=True)) == []
