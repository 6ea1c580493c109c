"""Records of groups, and lists of groups and tags, in moto and in the DynamoDB that the fault matrix runs on (I3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from image_store.adapters.dynamodb import backup_keys, group_keys, keys
from image_store.adapters.dynamodb.finding.groups import DynamoGroups
from image_store.adapters.dynamodb.finding.places import DynamoPlaces
from image_store.adapters.dynamodb.finding.projector import DynamoProjector
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.errors import Conflict, StorageUnavailable
from image_store.domain.finding.groups import GroupQuery, GroupRecord, TagQuery
from image_store.domain.ids import created_at, uuid7
from image_store.domain.images.details import MAX_GROUP_ID_CHARS, MAX_TAG_CHARS, Details
from image_store.domain.images.image import Image, State
from image_store.domain.images.quota import Quota
from image_store.domain.images.reservation import Reservation
from tests.contracts.repository.images import NOON, moved, pending
from tests.contracts.tables import dynamo
from tests.fakes.interception import InterceptedClient, after, lose_response, never_send
from tests.fakes.projections import assert_projected

if TYPE_CHECKING:
    from tests.contracts.tables import Table

OWNER = "o/#ö"
SUMMER = GroupRecord(
    owner=OWNER,
    name="album:Sümmer #1/2\\3",
    change="c1",
    created_at=datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC),
    title="Été",
    cover_image_id="019ca945-0a00-7000-8000-000000000001",
)
LONG = "\U0001f98a" * MAX_GROUP_ID_CHARS
"""The id of a group with the most bytes."""


def groups_of(table: Table, client: Any = None) -> DynamoGroups:
    return DynamoGroups(DynamoTable(table.name, client=lambda: client or table.client, sleep=lambda _: None))


class Shelf:
    """Images in a table, projected as they come."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.repository = dynamo(table)
        self.projector = self.projector_with(table.client)
        self.places = DynamoPlaces(DynamoTable(table.name, client=lambda: table.client))
        self._number = 0

    def projector_with(self, client: Any) -> DynamoProjector:
        return DynamoProjector(DynamoTable(self.table.name, client=lambda: client, sleep=lambda _: None))

    def add(self, *groups: str, tags: tuple[str, ...] = (), is_projected: bool = True) -> Image:
        self._number += 1
        image = replace(pending(), details=Details(groups=groups, tags=tags))
        image_id = uuid7(NOON + timedelta(days=self._number), self._number)
        image = replace(image, record=replace(image.record, id=image_id, owner=OWNER, intent=None))
        self.repository.reserve(Reservation(image, Quota(), None, None, NOON))
        return self.move(image, State.READY, is_projected=is_projected)

    def move(self, image: Image, state: State, *, is_projected: bool = True) -> Image:
        after_change = moved(image, state, due_at=None)
        self.repository.replace(image, after_change)
        if is_projected:
            self.project(image)
        return after_change

    def project(self, *images: Image, client: Any = None) -> None:
        projector = self.projector if client is None else self.projector_with(client)
        if len(images) == 1:
            projector.project(images[0].record.id, epoch=1, at=NOON)
        else:
            assert projector.project_together([each.record.id for each in images], epoch=1, at=NOON) == set()

    def groups(self, **query: Any) -> list[tuple[str, int]]:
        """The names and the numbers of images of the groups of all pages, in pages of two."""
        counts: list[tuple[str, int]] = []
        end: str | None = None
        while True:
            page = self.places.groups(GroupQuery(owner=OWNER, limit=2, **query), after=end)
            counts += [(each.name, each.images) for each in page.groups]
            end = page.resume_after
            if end is None:
                return counts

    def newest(self, name: str) -> str | None:
        """The id of the newest image of a group, as the list of groups has it."""
        (group,) = self.places.groups(GroupQuery(owner=OWNER, limit=2, prefix=name), after=None).groups
        return group.newest.id if group.newest else None

    def assert_follows(self) -> None:
        assert_projected(self.table.rows())


@pytest.fixture
def shelf(table: Table) -> Shelf:
    return Shelf(table)


# Records ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "record",
    [SUMMER, replace(SUMMER, title=None, cover_image_id=None), replace(SUMMER, name=f"album:{LONG}")],
    ids=["whole", "bare", "long"],
)
def test_a_record_reads_as_it_was_written(table: Table, record: GroupRecord) -> None:
    groups = groups_of(table)

    groups.create(record)

    assert groups.get(OWNER, record.name) == record
    assert groups.get("another", record.name) is None
    assert groups.get(OWNER, "album:another") is None


def test_a_record_is_created_once(table: Table) -> None:
    groups = groups_of(table)
    groups.create(SUMMER)

    with pytest.raises(Conflict):
        groups.create(replace(SUMMER, change="c2", title="Another"))

    assert groups.get(OWNER, SUMMER.name) == SUMMER


def test_a_record_is_replaced_only_if_it_is_as_it_was_read(table: Table) -> None:
    groups = groups_of(table)
    groups.create(SUMMER)
    second = replace(SUMMER, change="c2", title="Second")

    groups.replace(SUMMER, second)

    with pytest.raises(Conflict):
        groups.replace(SUMMER, replace(SUMMER, change="c3"))
    assert groups.get(OWNER, SUMMER.name) == second


def test_a_write_whose_response_was_lost_is_found_by_its_repetition(table: Table) -> None:
    """botocore repeats such a write, and the condition refuses the repetition."""
    groups = groups_of(table)
    second = replace(SUMMER, change="c2", title="Second")
    for _ in range(2):
        groups.create(SUMMER)
    for _ in range(2):
        groups.replace(SUMMER, second)

    assert groups.get(OWNER, SUMMER.name) == second


def test_a_removal_can_be_repeated(table: Table) -> None:
    groups = groups_of(table)
    groups.create(SUMMER)

    for _ in range(2):
        groups.remove(OWNER, SUMMER.name)

    assert groups.get(OWNER, SUMMER.name) is None
    assert table.rows() == []


def test_records_of_an_owner_are_counted_over_all_pages(table: Table) -> None:
    watched = InterceptedClient(table.client, query=lambda send: send(Limit=2))
    groups = groups_of(table, watched)
    for number in range(5):
        groups.create(replace(SUMMER, name=f"album:{number}"))
    groups.create(replace(SUMMER, owner=f"{OWNER}2"))

    assert groups.count(OWNER) == 5


@pytest.mark.parametrize("failure", [lose_response, never_send])
def test_a_failing_table_is_unavailable(table: Table, failure: Any) -> None:
    groups = groups_of(table, InterceptedClient(table.client, put_item=failure))

    with pytest.raises(StorageUnavailable):
        groups.create(SUMMER)


def test_the_images_of_a_group_are_seen_at_once(shelf: Shelf) -> None:
    groups = groups_of(shelf.table)
    image = shelf.add("album:a", is_projected=False)

    assert groups.has_images(OWNER, "album:a")
    assert groups.has_image(OWNER, "album:a", image.record.id)
    assert not groups.has_images(OWNER, "album:b")
    assert not groups.has_image(OWNER, "album:b", image.record.id)


# Lists ------------------------------------------------------------------------------------------------


def test_groups_with_records_and_with_images_are_one_list(shelf: Shelf) -> None:
    records = groups_of(shelf.table)
    for name in ("album:b", "album:Ä", "trip:1"):
        records.create(replace(SUMMER, name=name, title=f"The {name}"))
    shelf.add("album:a", "album:b", "album:c", f"album:{LONG}")
    shelf.add("album:c")

    expected = [
        ("album:a", 1), ("album:Ä", 0), ("album:b", 1), ("album:c", 2), (f"album:{LONG}", 1), ("trip:1", 0),
    ]  # fmt: skip
    assert shelf.groups() == expected
    assert shelf.groups(group_type="trip") == [("trip:1", 0)]
    assert shelf.groups(group_type="album", prefix="A") == [*expected[:2], ("album:b", 1)]
    assert shelf.groups(prefix="album:\U0001f98a") == [(f"album:{LONG}", 1)]
    assert shelf.groups(group_type="album", prefix="the album:b") == [("album:b", 1)]


def test_a_list_ends_after_its_last_place(shelf: Shelf) -> None:
    shelf.add("album:a", tags=("a",))
    last = group_keys.group_stats("album:a")

    assert shelf.places.groups(GroupQuery(owner=OWNER, limit=2), after=last).groups == ()
    assert shelf.places.groups(GroupQuery(owner=OWNER, limit=2, group_type="a"), after=last).groups == ()
    of_tags = shelf.places.tags(TagQuery(owner=OWNER, limit=2, prefix="a"), after=group_keys.tag_stats("b"))
    assert of_tags.tags == ()


def test_tags_are_listed_with_their_newest_images(shelf: Shelf) -> None:
    longest = "\U0001f98a" * MAX_TAG_CHARS
    first = shelf.add(tags=("Sea", "sea", longest))
    second = shelf.add(tags=("sea",))
    shelf.move(shelf.add(tags=("sea",)), State.TRASHED)

    page = shelf.places.tags(TagQuery(owner=OWNER, limit=10), after=None)

    assert [(each.tag, each.images) for each in page.tags] == [("Sea", 1), ("sea", 2), (longest, 1)]
    assert [each.newest_at for each in page.tags] == [
        created_at(image.record.id) for image in (first, second, first)
    ]


# Counting ---------------------------------------------------------------------------------------------


def test_images_that_come_and_go_leave_no_empty_figures(shelf: Shelf) -> None:
    images = [shelf.add("album:a", tags=("sea",)) for _ in range(3)]
    for image in images:
        shelf.move(image, State.TRASHED)

    assert not [row for row in shelf.table.rows() if group_keys.is_place_stats(row["sk"]["S"])]
    shelf.assert_follows()


def test_the_newest_image_is_right_when_a_batch_has_one_that_goes(shelf: Shelf) -> None:
    gone = shelf.move(shelf.add("album:a"), State.TRASHED, is_projected=False)
    new = shelf.add("album:a", is_projected=False)

    shelf.project(gone, new)

    assert shelf.newest("album:a") == new.record.id
    shelf.assert_follows()


@pytest.mark.parametrize("newer_is_first", [True, False])
def test_consumers_that_add_to_a_group_at_once_keep_its_newest_image(
    shelf: Shelf, newer_is_first: bool
) -> None:
    images = [shelf.add("album:a", tags=("sea",), is_projected=False) for _ in range(2)]
    slow, fast = images if newer_is_first else reversed(images)
    client = InterceptedClient(shelf.table.client, transact_write_items=after(lambda: shelf.project(fast)))

    shelf.project(slow, client=client)

    assert shelf.newest("album:a") == images[1].record.id
    assert shelf.groups() == [("album:a", 2)]
    shelf.assert_follows()


def test_a_consumer_that_relied_on_figures_that_are_gone_reads_them_again(shelf: Shelf) -> None:
    """It has read a later `newest`, and meanwhile the last image left the group."""
    older = shelf.add("album:a", is_projected=False)
    newer = shelf.add("album:a")

    def empty() -> None:
        shelf.move(newer, State.TRASHED)

    client = InterceptedClient(shelf.table.client, transact_write_items=after(empty))
    shelf.project(older, client=client)

    assert shelf.newest("album:a") == older.record.id
    shelf.assert_follows()


def test_images_of_an_earlier_version_are_counted_with_their_next_change(shelf: Shelf) -> None:
    image = shelf.add("album:a", tags=("sea",))
    as_an_earlier_build(shelf, image)
    assert shelf.groups() == []

    trashed = shelf.move(image, State.TRASHED)
    shelf.move(trashed, State.READY)

    assert shelf.groups() == [("album:a", 1)]
    shelf.assert_follows()


def as_an_earlier_build(shelf: Shelf, image: Image) -> None:
    """Leave what a build wrote that counted no groups and tags."""
    client, name = shelf.table.client, shelf.table.name
    row = client.get_item(TableName=name, Key=keys.projection(image.record.id))["Item"]
    facts = row["facts"]["S"].replace(',"groups":["album:a"]', "")
    assert facts != row["facts"]["S"]
    client.put_item(TableName=name, Item=row | {"facts": {"S": facts}})
    for each in shelf.table.rows():
        if group_keys.is_place_stats(each["sk"]["S"]):
            client.delete_item(TableName=name, Key={part: each[part] for part in ("pk", "sk")})


def test_keys_of_the_longest_names_fit_into_a_row_and_into_the_note_of_a_backup() -> None:
    """DynamoDB takes 2,048 bytes of a partition key and 1,024 of a sort key."""
    longest_owner = "é" * 127  # at most 765 characters when it is encoded
    record = group_keys.record(longest_owner, f"{'t' * 32}:{LONG}")
    pk, sk = record["pk"]["S"], record["sk"]["S"]

    note = backup_keys.noted(backup_keys.entity_of(pk, sk))

    assert len(sk.encode()) <= 1_024
    assert len(group_keys.tag_stats("\U0001f98a" * MAX_TAG_CHARS).encode()) <= 1_024
    assert len(note["pk"]["S"].encode()) <= 2_048
