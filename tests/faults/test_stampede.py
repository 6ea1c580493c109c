"""Many ask at once for what is missing (B2, B3)."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Lock
from typing import Any

import pytest

from image_store.domain.delivery.renditions import Recipe
from image_store.domain.images.image import Visibility
from image_store.domain.images.media import MediaType
from image_store.domain.images.processing import ProcessedImage
from image_store.domain.images.provenance import Provenance
from image_store.services.delivery.rendering import LEASE
from image_store.services.delivery.renditions import RenditionFile
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.fakes.processor import StubProcessor
from tests.faults.soundness import assert_sound
from tests.faults.world import World

CROWD = 16
PAST_LEASE = LEASE + timedelta(seconds=1)


class CountingProcessor(StubProcessor):
    """Counts what it makes."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self._lock = Lock()

    def process(
        self,
        data: bytes,
        media_type: MediaType | None,
        recipes: Mapping[str, Recipe],
        *,
        provenance: Provenance | None = None,
    ) -> ProcessedImage:
        with self._lock:
            self.made += recipes
        return super().process(data, media_type, recipes, provenance=provenance)


@pytest.fixture
def world() -> World:
    return World(MemoryDynamo())


@pytest.fixture
def processor(world: World) -> CountingProcessor:
    counting = CountingProcessor()
    for service in (world.rendering, world.transforming):
        object.__setattr__(service, "processor", counting)
    return counting


def all_at_once[T](act: Callable[[], T]) -> list[T]:
    """What each of the crowd is answered."""
    start = Barrier(CROWD)

    def one(_: Any) -> T:
        start.wait()
        return act()

    with ThreadPoolExecutor(CROWD) as crowd:
        return list(crowd.map(one, range(CROWD)))


@pytest.mark.parametrize("visibility", [Visibility.PRIVATE, Visibility.PUBLIC])
def test_a_rendition_is_made_exactly_once_and_everybody_is_shown_something(
    world: World, processor: CountingProcessor, visibility: Visibility
) -> None:
    image = world.upload(visibility)

    answers = all_at_once(lambda: world.ask(image.record.id))

    assert processor.made == ["w640"]
    assert all(found.record.rendition_key(found.rendition) in world.private.objects for found in answers)
    assert [key for key in world.private.objects if "/w640-" in key] == [
        found.record.rendition_key(found.rendition)
        for found in [world.ask(image.record.id)]
        if found.is_exact
    ]
    world.settle()
    assert_sound(world)


def test_a_transform_is_made_exactly_once_and_everybody_is_shown_something(
    world: World, processor: CountingProcessor
) -> None:
    image = world.upload(Visibility.PRIVATE)
    link = world.share(image.record.id)

    answers = all_at_once(lambda: world.follow_link(link))

    assert processor.made == ["transform"]
    shown = {found for found in answers if not isinstance(found, RenditionFile)}
    assert shown == {world.follow_link(link)}
    world.settle()
    assert_sound(world)


def test_each_of_many_renditions_asked_for_at_once_is_kept(
    world: World, processor: CountingProcessor
) -> None:
    """The commits meet each other on one record."""
    image = world.upload(Visibility.PUBLIC)
    wanted = [(preset, accept) for preset in ("w640", "w1280") for accept in ("image/avif", "image/webp")]

    for _ in range(2):  # a commit that met too many others is asked for again
        with ThreadPoolExecutor(len(wanted)) as crowd:
            list(crowd.map(lambda each: world.ask(image.record.id, *each), wanted))
        world.clock.instant += PAST_LEASE

    record = world.retrieval.get_record(image.record.owner, image.record.id)
    assert len([made for made in record.renditions if made.making]) == len(wanted)
    world.settle()
    assert_sound(world)
