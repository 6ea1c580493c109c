"""Publishing, deleting, restoring, and the projections that follow them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from image_store.domain.finding.lists import OwnerGroup
from image_store.domain.images.image import Image, State, Visibility
from image_store.services.images.batch_changes import ChangeResult
from image_store.services.images.batch_deletion import DeletionResult
from tests.faults.operation import Operation
from tests.faults.operations.common import delete, deleted, in_trash, still_there, trashed, unpublished
from tests.faults.roles import runs_as
from tests.faults.soundness import assert_gone, assert_projections_follow, assert_readable, assert_shown
from tests.faults.world import World
from tests.samples import OWNER


def restored(world: World, before: Image, _: Image) -> None:
    assert_readable(world, before)
    record = world.retrieval.get(OWNER, before.record.id).record
    assert (record.state, record.visibility) == (State.READY, Visibility.PRIVATE)


CONVERSATION = OwnerGroup(OWNER, "conversation:c1")


def three_of_a_conversation(world: World) -> tuple[Image, ...]:
    groups = (CONVERSATION.name,)
    shown = (Visibility.PRIVATE, Visibility.PUBLIC, Visibility.UNLISTED)
    return tuple(world.upload(visibility, groups=groups) for visibility in shown)


def trashed_as_told(world: World, before: tuple[Image, ...], result: DeletionResult) -> None:
    for image in before:
        if image.record.id in result.successful:
            assert world.retrieval.get(OWNER, image.record.id).record.state is State.TRASHED


def deleted_as_told(world: World, before: tuple[Image, ...], result: DeletionResult) -> None:
    for image in before:
        if image.record.id in result.successful:
            assert_gone(world, image)


@runs_as("update")
def change_batch(world: World, image_ids: Sequence[str], visibility: Visibility) -> ChangeResult:
    """Change who may see images, in one batch."""

    def edit(seen: Image) -> Image:
        return replace(seen, record=replace(seen.record, visibility=visibility))

    until = world.clock.now() + timedelta(seconds=25)
    return world.app.images.batch_changes.edit(OWNER, image_ids, edit, until=until)


@runs_as("delete")
def restore_batch(world: World, image_ids: Sequence[str]) -> ChangeResult:
    """Take images out of the trash, in one batch."""
    until = world.clock.now() + timedelta(seconds=25)
    return world.app.images.batch_changes.restore(OWNER, image_ids, until=until)


def three_in_trash(world: World) -> tuple[Image, ...]:
    images = three_of_a_conversation(world)
    for image in images:
        delete(world, image, permanent=False)
    return images


def published_as_told(world: World, before: tuple[Image, ...], result: ChangeResult) -> None:
    for image in before:
        if image.record.id in result.successful:
            assert_shown(world, world.retrieval.get(OWNER, image.record.id))


def restored_as_told(world: World, before: tuple[Image, ...], result: ChangeResult) -> None:
    for image in before:
        if image.record.id in result.successful:
            restored(world, image, image)


def all_still_there(world: World, before: tuple[Image, ...]) -> None:
    for image in before:
        assert_readable(world, image)


def ids(records: tuple[Image, ...]) -> tuple[str, ...]:
    return tuple(image.record.id for image in records)


def projected(world: World, _: Image | tuple[Image, ...]) -> None:
    """Whatever became of one batch of the stream, the next ones put everything right."""
    assert_projections_follow(world)


def projected_and_then(change: Callable[[World, Image], object]) -> Callable[[World], Image]:
    """An image whose last change the projections do not follow yet."""

    def prepare(world: World) -> Image:
        image = world.upload(Visibility.PUBLIC)
        world.project(image.record.id)
        change(world, image)
        return image

    return prepare


CHANGES = (
    Operation(
        "batch delete",
        three_of_a_conversation,
        lambda world, before: world.delete_batch(ids(before), permanent=True),
        deleted_as_told,
        calls=18,
    ),
    Operation(
        "group delete",
        three_of_a_conversation,
        lambda world, _: world.delete_batch(CONVERSATION, permanent=False),
        trashed_as_told,
        calls=13,
        whatever=all_still_there,
    ),
    Operation(
        "batch update",
        three_of_a_conversation,
        lambda world, before: change_batch(world, ids(before), Visibility.PUBLIC),
        published_as_told,
        calls=8,
        whatever=all_still_there,
    ),
    Operation(
        "batch restore",
        three_in_trash,
        lambda world, before: restore_batch(world, ids(before)),
        restored_as_told,
        calls=6,
        whatever=all_still_there,
    ),
    Operation(
        "publish",
        lambda world: world.upload(Visibility.PRIVATE),
        lambda world, before: world.show(before, Visibility.PUBLIC),
        lambda world, _, shown: assert_shown(world, shown),
        calls=5,
        whatever=still_there,
    ),
    Operation(
        "unpublish",
        lambda world: world.upload(Visibility.UNLISTED),
        lambda world, before: world.show(before, Visibility.PRIVATE),
        lambda world, before, _: unpublished(world, before),
        calls=5,
        whatever=still_there,
    ),
    Operation(
        "trash",
        lambda world: world.upload(Visibility.PUBLIC),
        lambda world, before: delete(world, before, permanent=False),
        trashed,
        calls=5,
        whatever=still_there,
    ),
    Operation(
        "restore",
        in_trash,
        lambda world, before: world.restore_id(before.record.id),
        restored,
        calls=2,
        whatever=still_there,
    ),
    Operation(
        "permanent delete",
        lambda world: world.upload(Visibility.PUBLIC),
        lambda world, before: delete(world, before, permanent=True),
        deleted,
        calls=7,
    ),
    Operation(
        "permanent delete from the trash",
        in_trash,
        lambda world, before: delete(world, before, permanent=True),
        deleted,
        calls=4,
    ),
    Operation(
        "projection",
        lambda world: world.upload(Visibility.PUBLIC),
        lambda world, before: world.project(before.record.id),
        lambda world, before, _: assert_readable(world, before),
        calls=7,  # two of them list an owner once
        whatever=projected,
    ),
    Operation(
        "projection of several",
        three_of_a_conversation,
        lambda world, before: world.project_together(ids(before)),
        lambda world, before, _: all_still_there(world, before),
        calls=7,  # two of them list an owner once
        whatever=projected,
    ),
    Operation(
        "projection of a change",
        projected_and_then(lambda world, image: world.show(image, Visibility.PRIVATE)),
        lambda world, before: world.project(before.record.id),
        lambda world, before, _: assert_readable(world, before),
        calls=2,
        whatever=projected,
    ),
    Operation(
        "projection of the end",
        projected_and_then(lambda world, image: delete(world, image, permanent=True)),
        lambda world, before: world.project(before.record.id),
        lambda world, before, _: assert_gone(world, before),
        calls=4,  # one removes the empty figures of its group
        whatever=projected,
    ),
)
