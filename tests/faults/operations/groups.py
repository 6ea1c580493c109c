"""Groups that are created, changed and ended, and figures of groups that fill and empty."""

from collections.abc import Callable
from datetime import timedelta

from image_store.domain.errors import GroupNotFound
from image_store.domain.finding.groups import GroupSummary
from image_store.domain.finding.lists import OwnerGroup
from image_store.domain.images.image import Image, State, Visibility
from image_store.services.groups.administration import GroupChange, NewGroup
from image_store.services.groups.members import MemberResult
from tests.faults.operation import Operation
from tests.faults.operations.changes import all_still_there, projected
from tests.faults.operations.common import delete
from tests.faults.roles import runs_as
from tests.faults.world import World
from tests.samples import OWNER

SUMMER = OwnerGroup(OWNER, "album:summer")
NAMED = GroupChange(names=frozenset({"title"}), title="Summer by the sea")


@runs_as("update")
def create(world: World) -> GroupSummary:
    """Create an album."""
    new = NewGroup(group_type="album", group_id="summer", title="Summer")
    return world.app.finding.group_administration.create(OWNER, new)


@runs_as("update")
def change(world: World, change: GroupChange = NAMED) -> GroupSummary:
    """Change the title of the album."""
    return world.app.finding.group_administration.change(OWNER, SUMMER.name, change)


@runs_as("delete")
def end(world: World, *, trashes_images: bool) -> MemberResult:
    """End the album, in one request."""
    until = world.clock.now() + timedelta(seconds=25)
    return world.app.images.group_deletion.run(
        SUMMER, trashes_images=trashes_images, cursor=None, until=until
    )


@runs_as("search")
def shown(world: World) -> GroupSummary | None:
    """The album as its owner sees it; None if there is none."""
    try:
        return world.app.finding.place_lists.group(OWNER, SUMMER.name)
    except GroupNotFound:
        return None


def two_in_the_album(world: World) -> tuple[Image, ...]:
    return tuple(
        world.upload(visibility, groups=(SUMMER.name, "session:s1"))
        for visibility in (Visibility.PRIVATE, Visibility.PUBLIC)
    )


def with_a_title(world: World) -> tuple[Image, ...]:
    images = two_in_the_album(world)
    create(world)
    return images


def has_its_title(title: str) -> Callable[..., None]:
    def acknowledged(world: World, _before: object, answer: GroupSummary) -> None:
        group = shown(world)
        assert group is not None
        assert group.title == answer.title == title

    return acknowledged


def is_whole_or_gone(world: World, before: tuple[Image, ...]) -> None:
    """Its title stays as long as an image is in it, and ending it again ends it."""
    all_still_there(world, before)
    group = shown(world)
    if group is not None and group.newest is not None:
        assert group.title == "Summer"
    end(world, trashes_images=False)
    assert shown(world) is None


def is_ended(state: State) -> Callable[..., None]:
    def acknowledged(world: World, before: tuple[Image, ...], result: MemberResult) -> None:
        for image in before:
            if image.record.id in result.successful:
                left = world.retrieval.get(OWNER, image.record.id)
                assert left.record.state is state
                assert state is State.TRASHED or left.details.groups == ("session:s1",)
        assert shown(world) is None

    return acknowledged


def counted(world: World) -> Image:
    image = world.upload(Visibility.PRIVATE, groups=(SUMMER.name,))
    world.project(image.record.id)
    return image


def counted_and_trashed(world: World) -> Image:
    image = counted(world)
    delete(world, image, permanent=False)
    return image


def one_that_comes_and_one_that_goes(world: World) -> tuple[Image, ...]:
    gone = counted_and_trashed(world)
    world.clock.instant += timedelta(seconds=1)
    return gone, world.upload(Visibility.PRIVATE, groups=(SUMMER.name,))


GROUPS = (
    Operation(
        "create a group",
        lambda world: world.upload(Visibility.PRIVATE),
        lambda world, _: create(world),
        has_its_title("Summer"),
        calls=7,
    ),
    Operation(
        "change a group",
        with_a_title,
        lambda world, _: change(world),
        has_its_title("Summer by the sea"),
        calls=6,
        whatever=all_still_there,
    ),
    Operation(
        "name a group of images",
        two_in_the_album,
        lambda world, _: change(world),
        has_its_title("Summer by the sea"),
        calls=8,
        whatever=all_still_there,
    ),
    Operation(
        "end a group and keep its images",
        with_a_title,
        lambda world, _: end(world, trashes_images=False),
        is_ended(State.READY),
        calls=7,
        whatever=is_whole_or_gone,
    ),
    Operation(
        "end a group and its images",
        with_a_title,
        lambda world, _: end(world, trashes_images=True),
        is_ended(State.TRASHED),
        calls=10,
        whatever=is_whole_or_gone,
    ),
    Operation(
        "projection of the last image that leaves a group",
        counted_and_trashed,
        lambda world, before: world.project(before.record.id),
        lambda world, _before, _answer: None,
        calls=4,
        whatever=projected,
    ),
    Operation(
        "projection of images that come and go",
        one_that_comes_and_one_that_goes,
        lambda world, before: world.project_together([image.record.id for image in before]),
        lambda world, _before, _answer: None,
        calls=3,
        whatever=projected,
    ),
)
