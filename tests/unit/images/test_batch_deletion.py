"""Deleting many images, by their ids or by their group (A6, A12)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from image_store.domain.errors import DeadlineExceeded, ImageNotFound, InvalidCursor, StorageUnavailable
from image_store.domain.finding.lists import ListQuery, OwnerGroup
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, State
from image_store.services.images.batch_deletion import MAX_IDS, BatchDeletion, DeletionRequest, DeletionResult
from image_store.services.images.batches import Batches
from image_store.services.images.deletion import Deletion
from tests.fakes.store import Store
from tests.samples import OWNER

UNKNOWN = "01a1fcd6-bd73-79fe-b31d-713c8c11977f"
GROUP = OwnerGroup(OWNER, "conversation:c1")
IN_GROUP = Attributes(groups=("conversation:c1",))


@pytest.fixture
def store() -> Store:
    return Store()


def fill(store: Store, size: int, attributes: Attributes = IN_GROUP, *, owner: str = OWNER) -> list[Image]:
    return [store.upload(attributes, owner=owner) for _ in range(size)]


def ids(records: list[Image]) -> tuple[str, ...]:
    return tuple(image.record.id for image in records)


def delete(
    store: Store,
    what: tuple[str, ...] | OwnerGroup,
    *,
    permanent: bool = False,
    cursor: str | None = None,
    deletion: BatchDeletion | None = None,
) -> DeletionResult:
    request = DeletionRequest(OWNER, what, permanent, cursor)
    return (deletion or store.app.images.batch_deletion).run(
        request, until=store.clock.now() + timedelta(seconds=20)
    )


def in_the_trash(store: Store) -> set[str]:
    records = store.repository.records.values()
    return {image.record.id for image in records if image.record.state is State.TRASHED}


# Ids --------------------------------------------------------------------------------------------------


def test_images_that_are_named_go_to_the_trash(store: Store) -> None:
    first, second, other = ids(fill(store, 3))

    done = delete(store, (second, first))

    assert done == DeletionResult((second, first), ())
    assert in_the_trash(store) == {first, second}
    assert store.repository.records[other].record.state is State.READY


def test_permanent_deletion_leaves_no_objects(store: Store) -> None:
    named = ids(fill(store, 3))

    assert delete(store, named, permanent=True).successful == named
    assert store.private.objects == {}


def test_foreign_and_unknown_images_do_not_affect_others(store: Store) -> None:
    (mine,) = ids(fill(store, 1))
    (foreign,) = ids(fill(store, 1, owner="somebody else"))

    done = delete(store, (foreign, mine, UNKNOWN, "no id"))

    assert done.successful == (mine,)
    assert [image_id for image_id, _ in done.failed] == [foreign, UNKNOWN, "no id"]
    assert {type(error) for _, error in done.failed} == {ImageNotFound}
    assert store.repository.records[foreign].record.state is State.READY


def test_an_image_that_is_named_twice_is_deleted_once(store: Store) -> None:
    (mine,) = ids(fill(store, 1))

    assert delete(store, (mine, mine), permanent=True) == DeletionResult((mine,), ())


def test_a_trashed_image_counts_as_deleted(store: Store) -> None:
    (mine,) = ids(fill(store, 1))
    delete(store, (mine,))

    assert delete(store, (mine,)) == DeletionResult((mine,), ())


# Groups -----------------------------------------------------------------------------------------------


def test_a_group_goes_and_all_else_stays(store: Store) -> None:
    group = fill(store, 3)
    other_images = [
        *fill(store, 1, Attributes(groups=("conversation:c2",))),
        *fill(store, 1, Attributes()),
        *fill(store, 1, owner="somebody else"),
    ]

    done = delete(store, GROUP)

    assert done == DeletionResult(ids(group), (), None)
    assert all(store.current(image).record.state is State.READY for image in other_images)


def test_a_large_group_continues_from_a_cursor(store: Store) -> None:
    group = ids(fill(store, 2 * MAX_IDS + 1))

    first = delete(store, GROUP)
    second = delete(store, GROUP, cursor=first.next_cursor)
    third = delete(store, GROUP, cursor=second.next_cursor)

    assert (first.successful, second.successful, third.successful) == (
        group[:100],
        group[100:200],
        group[200:],
    )
    assert (first.next_cursor is None, second.next_cursor is None, third.next_cursor) == (False, False, None)


def test_a_group_of_exactly_a_page_has_no_cursor(store: Store) -> None:
    fill(store, MAX_IDS)

    assert delete(store, GROUP).next_cursor is None


def test_a_trashed_image_is_in_no_group(store: Store) -> None:
    trashed, ready = fill(store, 2)
    store.delete(trashed)

    done = delete(store, GROUP, permanent=True)

    assert done.successful == (ready.record.id,)
    assert store.current(trashed).record.state is State.TRASHED


def test_a_group_without_images_is_empty(store: Store) -> None:
    assert delete(store, GROUP) == DeletionResult((), (), None)


class Slow(Deletion):
    """Deletes, and lets all the time pass with one image."""

    slow = ""
    moved = timedelta(0)

    def delete(self, owner: str, image_id: str, *, permanent: bool) -> None:
        Deletion.delete(self, owner, image_id, permanent=permanent)
        if image_id == Slow.slow:
            self.clock.instant += timedelta(minutes=1)  # type: ignore[attr-defined]


def slowed_down(store: Store, at: str) -> BatchDeletion:
    """One deletion after the other, out of time once the image `at` is deleted."""
    Slow.slow = at
    parts = {name: getattr(store.deletion, name) for name in Deletion.__dataclass_fields__}
    batches = Batches(clock=store.clock, concurrency=1)
    return replace(
        store.app.images.batch_deletion,
        members=replace(store.app.images.group_members, batches=batches),
        deletion=Slow(**parts),
        batches=batches,
    )


def test_what_of_a_group_is_not_reached_in_time_is_behind_the_cursor(store: Store) -> None:
    group = ids(fill(store, 5))

    first = delete(store, GROUP, deletion=slowed_down(store, group[1]))
    second = delete(store, GROUP, cursor=first.next_cursor)

    assert (first.successful, first.failed) == (group[:2], ())
    assert second == DeletionResult(group[2:], (), None)


def test_a_group_deletion_that_reached_nothing_in_time_starts_again(store: Store) -> None:
    group = ids(fill(store, 2))
    request = DeletionRequest(OWNER, GROUP, permanent=False)

    late = store.app.images.batch_deletion.run(request, until=store.clock.now())

    assert (late.successful, late.failed) == ((), ())
    assert delete(store, GROUP, cursor=late.next_cursor).successful == group


def test_ids_that_are_not_reached_in_time_fail_for_that_reason(store: Store) -> None:
    named = ids(fill(store, 3))

    done = delete(store, named, deletion=slowed_down(store, named[0]))

    assert done.successful == named[:1]
    assert [(image_id, type(error)) for image_id, error in done.failed] == [
        (image_id, DeadlineExceeded) for image_id in named[1:]
    ]


def test_what_fails_is_reported_and_found_again_by_a_second_round(store: Store) -> None:
    (mine,) = ids(fill(store, 1))

    def away() -> None:
        raise StorageUnavailable("The table is away.")

    store.repository.meanwhile = away
    first = delete(store, GROUP)
    second = delete(store, GROUP)

    assert [(image_id, type(error)) for image_id, error in first.failed] == [(mine, StorageUnavailable)]
    assert first.next_cursor is None
    assert second.successful == (mine,)


# Cursors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other", [OwnerGroup(OWNER, "conversation:c2"), OwnerGroup("somebody else", "conversation:c1")]
)
def test_a_cursor_is_valid_only_for_its_owner_and_group(store: Store, other: OwnerGroup) -> None:
    cursor = store.app.finding.cursors.make(UNKNOWN, other, at=store.clock.now())

    with pytest.raises(InvalidCursor):
        delete(store, GROUP, cursor=cursor)


def test_the_cursor_of_a_list_deletes_nothing(store: Store) -> None:
    query = ListQuery(OWNER, 100, descending=False, group=GROUP.name)
    cursor = store.app.finding.cursors.make(UNKNOWN, query, at=store.clock.now())

    with pytest.raises(InvalidCursor):
        delete(store, GROUP, cursor=cursor)
