"""What several operations prepare, and what is true after them."""

from collections.abc import Callable

from image_store.domain.images.image import Image, State, Visibility
from image_store.services.images.direct_uploads import Ticket
from tests.faults.soundness import assert_gone, assert_not_shown, assert_readable
from tests.faults.world import World
from tests.samples import OWNER


def unpublished(world: World, before: Image) -> None:
    assert before.record.publication is not None
    assert_not_shown(world, before, before.record.publication)


def still_there(world: World, before: Image) -> None:
    assert_readable(world, before)


def trashed(world: World, before: Image, _: None) -> None:
    assert_readable(world, before)
    assert world.retrieval.get(OWNER, before.record.id).record.state is State.TRASHED
    unpublished(world, before)


def deleted(world: World, before: Image, _: None) -> None:
    assert_gone(world, before)
    unpublished(world, before)


def in_trash(world: World) -> Image:
    image = world.upload(Visibility.PUBLIC)
    world.delete_id(image.record.id, permanent=False)
    return image


def delete(world: World, image: Image, *, permanent: bool) -> None:
    world.delete_id(image.record.id, permanent=permanent)


def arrived(visibility: Visibility) -> Callable[[World], Ticket]:
    """A direct upload whose bytes lie in staging."""

    def prepare(world: World) -> Ticket:
        ticket = world.announce(visibility)
        world.send(ticket)
        return ticket

    return prepare


def ingested(world: World) -> list[Image]:
    """The images of what was dropped."""
    return [image for image in world.records() if image.record.id != world.bystander.record.id]
