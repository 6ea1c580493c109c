"""Renditions and transforms that are made when somebody asks for them."""

from collections.abc import Callable
from datetime import timedelta

from image_store.domain.ids import link
from image_store.domain.images.image import Image, Visibility, public_key
from image_store.domain.images.media import MediaType
from image_store.domain.images.reservation import RESERVATION_LIFETIME
from image_store.services.delivery.renditions import RenditionFile
from tests.faults.faults import Mode
from tests.faults.operation import Operation
from tests.faults.operations.common import delete, deleted, still_there, unpublished
from tests.faults.roles import runs_as
from tests.faults.world import World
from tests.samples import OWNER


@runs_as("links")
def ask_published(
    world: World, image: Image, preset: str = "w640", accept: str = "image/avif"
) -> RenditionFile:
    """Ask for a rendition as whoever has the link does."""
    assert image.record.publication is not None
    name = link(image.record.id, image.record.publication)
    return world.app.delivery.renditions.for_public_link(name, preset, accept=accept)


def rendition_shown(world: World, before: Image, file: RenditionFile) -> None:
    record, rendition = file.record, file.rendition
    assert record.id == before.record.id
    assert record.rendition_key(rendition) in world.private.objects
    if record.publication is not None:
        assert public_key(record.publication, rendition) in world.public.objects
    if not world.faults.happened:
        assert (file.is_exact, rendition.preset, rendition.media_type) == (True, "w640", MediaType.AVIF)


def with_a_rendition(visibility: Visibility) -> Callable[[World], Image]:
    """An image of which a rendition was asked for, some time ago."""

    def prepare(world: World) -> Image:
        image = world.upload(visibility)
        assert world.ask(image.record.id).is_exact
        world.clock.instant += RESERVATION_LIFETIME + timedelta(seconds=1)
        return world.retrieval.get(OWNER, image.record.id)

    return prepare


def with_a_copy_of_nobody(world: World) -> Image:
    """An image of which a rendition was being made by a function that ended before it committed."""
    image = world.upload(Visibility.PUBLIC)
    world.faults.begin("dynamodb.transact_write_items#1", Mode.KILLED)
    assert not world.ask(image.record.id).is_exact
    world.faults.end()
    world.clock.instant += RESERVATION_LIFETIME + timedelta(seconds=1)
    return image


def transform_shown(world: World, before: Image, target: RenditionFile | str) -> None:
    if isinstance(target, RenditionFile):
        assert world.faults.happened
        assert target.rendition in before.record.renditions
    else:
        assert target.startswith(before.record.transforms_prefix)
        assert target in world.private.objects


def with_a_transform(world: World) -> Image:
    image = world.upload(Visibility.PUBLIC)
    assert isinstance(world.follow_link(world.sign_link(image.record.id)), str)
    return world.retrieval.get(OWNER, image.record.id)


RENDITIONS = (
    Operation(
        "request of a missing rendition of a private image",
        lambda world: world.upload(Visibility.PRIVATE),
        lambda world, before: world.ask(before.record.id),
        rendition_shown,
        calls=8,
        whatever=still_there,
    ),
    Operation(
        "request of a missing rendition of a public image",
        lambda world: world.upload(Visibility.PUBLIC),
        lambda world, before: ask_published(world, before),
        rendition_shown,
        calls=10,
        whatever=still_there,
    ),
    Operation(
        "unpublish with a rendition of its own",
        with_a_rendition(Visibility.PUBLIC),
        lambda world, before: world.show(before, Visibility.PRIVATE),
        lambda world, before, _: unpublished(world, before),
        calls=5,
        whatever=still_there,
    ),
    Operation(
        "unpublish after a request that died",
        with_a_copy_of_nobody,
        lambda world, before: world.show(before, Visibility.PRIVATE),
        lambda world, before, _: unpublished(world, before),
        calls=5,
        whatever=still_there,
    ),
    Operation(
        "permanent delete with a rendition of its own",
        with_a_rendition(Visibility.PUBLIC),
        lambda world, before: delete(world, before, permanent=True),
        deleted,
        calls=7,
    ),
    Operation(
        "look at the transform of a signed link",
        lambda world: world.upload(Visibility.PUBLIC),
        lambda world, before: world.follow_link(world.sign_link(before.record.id)),
        transform_shown,
        calls=12,
        whatever=still_there,
    ),
    Operation(
        "permanent delete with a transform",
        with_a_transform,
        lambda world, before: delete(world, before, permanent=True),
        deleted,
        calls=8,
    ),
)
