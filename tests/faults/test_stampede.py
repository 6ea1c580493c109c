"""Many ask at once for what is missing (B2, B3)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from image_store.domain.images.image import Visibility
from image_store.services.delivery.rendering import LEASE
from image_store.services.delivery.renditions import RenditionFile
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.fakes.processor import StubProcessor
from tests.faults.soundness import assert_sound
from tests.faults.world import World

CROWD = 16
PAST_LEASE = LEASE + timedelta(seconds=1)


@pytest.fixture
def world() -> World:
    return World(MemoryDynamo())


@pytest.fixture
def processor(world: World) -> StubProcessor:
    processor = StubProcessor()
    for service in (world.rendering, world.transforming):
        object.__setattr__(service, "processor", processor)
    return processor


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
    world: World, processor: StubProcessor, visibility: Visibility
) -> None:
    image = world.upload(visibility)

    answers = all_at_once(lambda: world.ask(image.record.id))

    assert processor.presets == ["w640"]
    assert all(file.record.rendition_key(file.rendition) in world.private.objects for file in answers)
    assert [key for key in world.private.objects if "/w640-" in key] == [
        file.record.rendition_key(file.rendition) for file in [world.ask(image.record.id)] if file.is_exact
    ]
    world.settle()
    assert_sound(world)


def test_a_transform_is_made_exactly_once_and_everybody_is_shown_something(
    world: World, processor: StubProcessor
) -> None:
    image = world.upload(Visibility.PRIVATE)
    link = world.sign_link(image.record.id)

    answers = all_at_once(lambda: world.follow_link(link))

    assert processor.presets == ["transform"]
    shown = {target for target in answers if not isinstance(target, RenditionFile)}
    assert shown == {world.follow_link(link)}
    world.settle()
    assert_sound(world)


def test_each_of_many_renditions_requested_at_once_is_stored(world: World, processor: StubProcessor) -> None:
    """The commits meet each other on one record."""
    image = world.upload(Visibility.PUBLIC)
    requests = [(preset, accept) for preset in ("w640", "w1280") for accept in ("image/avif", "image/webp")]

    for _ in range(2):  # a commit that met too many others is asked for again
        with ThreadPoolExecutor(len(requests)) as crowd:
            list(crowd.map(lambda each: world.ask(image.record.id, *each), requests))
        world.clock.instant += PAST_LEASE

    record = world.retrieval.get_record(image.record.owner, image.record.id)
    assert len([rendition for rendition in record.renditions if rendition.making]) == len(requests)
    world.settle()
    assert_sound(world)
