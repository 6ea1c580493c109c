"""What is told to the CDN when something is no longer public, and what waits when the CDN does not listen."""

import logging
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from image_store.domain.errors import ConfigurationError, ImageStoreError, StorageUnavailable
from image_store.domain.image import Record, Visibility
from image_store.domain.publication import PublicationRow
from image_store.ports import Purger
from image_store.services.publishing import Publisher
from tests.fakes.dynamodb import mocked_client, table_form
from tests.faults.world import OWNER, PUBLIC_URL, World


@pytest.fixture
def world() -> Iterator[World]:
    with mocked_client() as client:
        yield World(client, table_form())


def urls_of(record: Record) -> tuple[str, ...]:
    assert record.image.publication is not None
    return tuple(f"{PUBLIC_URL}/{key}" for key in record.image.public_keys(record.image.publication))


def row_of(world: World, record: Record) -> PublicationRow | None:
    assert record.image.publication is not None
    return world.repository.publication(record.image.publication)


class Refusing:
    """A CDN that takes some purges, and then no more."""

    def __init__(self, error: ImageStoreError, *, cdn: Purger, takes: int = 0) -> None:
        self.asked = 0
        self._error = error
        self._cdn = cdn
        self._takes = takes

    def purge(self, urls: Collection[str]) -> None:
        self.asked += 1
        if self.asked > self._takes:
            raise self._error
        self._cdn.purge(urls)


BUSY = StorageUnavailable("The CDN takes no more purges for now.", retry_after=timedelta(seconds=9))
MISTAKEN = ConfigurationError("The CDN refuses the API token: it may not purge this zone.")


def use(world: World, publisher: Publisher) -> None:
    """Let requests and cleanup withdraw with this publisher."""
    world.editing = replace(world.editing, publisher=publisher)
    world.deletion = replace(world.deletion, publisher=publisher)
    world.cleanup = replace(world.cleanup, publisher=publisher, deletion=world.deletion)


def test_every_copy_of_what_is_unpublished_is_purged_at_once(world: World) -> None:
    """B8."""
    shown = world.upload(Visibility.PUBLIC)

    world.show(shown, Visibility.PRIVATE)

    assert world.cdn.purges == [urls_of(shown)]
    assert row_of(world, shown) is None


@pytest.mark.parametrize("permanent", [False, True])
def test_every_copy_of_what_is_deleted_is_purged_at_once(permanent: bool, world: World) -> None:
    """B8."""
    shown = world.upload(Visibility.UNLISTED)

    world.deletion.delete(OWNER, shown.image.id, permanent=permanent)

    assert world.cdn.purges == [urls_of(shown)]
    assert row_of(world, shown) is None


def test_what_was_never_public_is_not_purged(world: World) -> None:
    private = world.upload(Visibility.PRIVATE)

    world.deletion.delete(OWNER, private.image.id, permanent=True)

    assert world.cdn.purges == []


def test_a_change_that_leaves_an_image_public_purges_nothing(world: World) -> None:
    shown = world.upload(Visibility.PUBLIC)

    world.show(shown, Visibility.UNLISTED)

    assert world.cdn.purges == []


@pytest.mark.parametrize("error", [BUSY, MISTAKEN], ids=["busy", "mistaken"])
def test_a_purge_that_fails_is_left_to_cleanup_and_the_request_succeeds(
    error: ImageStoreError, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """B8."""
    shown = world.upload(Visibility.PUBLIC)
    use(world, replace(world.publisher, purger=Refusing(error, cdn=world.cdn)))

    hidden = world.show(shown, Visibility.PRIVATE)

    assert hidden.image.visibility is Visibility.PRIVATE
    row = row_of(world, shown)
    assert row is not None
    assert row.due_at == world.clock.now()
    assert caplog.record_tuples == [
        (
            "image_store.services.publishing",
            logging.WARNING,
            f"Withdrawn publications wait for cleanup: {error.message}",
        )
    ]
    use(world, world.publisher)
    assert world.collect().collected == {"publications": 1}
    assert world.cdn.purges == [urls_of(shown)]
    assert row_of(world, shown) is None


def test_copies_that_could_not_be_deleted_are_not_purged(world: World) -> None:
    shown = world.upload(Visibility.PUBLIC)
    world.faults.begin("public.delete#1")

    world.show(shown, Visibility.PRIVATE)

    assert world.cdn.purges == []
    assert row_of(world, shown) is not None


def unpublished_without_a_cdn(world: World, count: int) -> list[Record]:
    """Withdrawn publications whose addresses nobody purged."""
    shown = [world.upload(Visibility.PUBLIC) for _ in range(count)]
    use(world, replace(world.publisher, purger=Refusing(BUSY, cdn=world.cdn)))
    for record in shown:
        world.show(record, Visibility.PRIVATE)
    use(world, world.publisher)
    return shown


def test_cleanup_purges_many_publications_with_few_calls(world: World) -> None:
    shown = unpublished_without_a_cdn(world, 12)

    report = world.collect()

    assert (report.collected, report.failed) == ({"publications": 12}, 0)
    assert len(world.cdn.purges) == 2
    assert {url for purge in world.cdn.purges for url in purge} == {
        url for record in shown for url in urls_of(record)
    }


def test_cleanup_forgets_only_what_was_purged_and_asks_a_refusing_cdn_once(world: World) -> None:
    shown = unpublished_without_a_cdn(world, 32)
    cdn = Refusing(BUSY, cdn=world.cdn, takes=1)
    use(world, replace(world.publisher, purger=cdn))

    report = world.collect()

    left = [record for record in shown if row_of(world, record) is not None]
    assert (report.collected, report.failed) == ({"publications": 10}, 22)
    assert len(left) == 22
    assert cdn.asked == 2
    use(world, world.publisher)
    world.collect()
    assert world.cdn.cached == set(urls_of(world.bystander))


def test_without_a_cdn_to_tell_a_publication_is_forgotten_when_its_copies_are_gone(world: World) -> None:
    use(world, replace(world.publisher, purger=None))
    shown = world.upload(Visibility.PUBLIC)

    world.show(shown, Visibility.PRIVATE)

    assert row_of(world, shown) is None
    assert world.cdn.purges == []


def test_without_a_public_bucket_nothing_is_purged(world: World) -> None:
    use(world, replace(world.publisher, bucket=None))
    shown = world.show(world.upload(Visibility.PRIVATE), Visibility.PUBLIC)

    world.show(shown, Visibility.PRIVATE)

    assert row_of(world, shown) is None
    assert world.cdn.purges == []


def test_cleanup_of_expired_images_purges_them_together(world: World) -> None:
    soon = world.clock.now() + timedelta(minutes=1)
    shown = [world.upload(Visibility.PUBLIC, expires_at=soon) for _ in range(3)]
    world.clock.instant += timedelta(minutes=2)

    report = world.collect()

    assert report.collected == {"expired": 3, "publications": 3}
    assert [sorted(purge) for purge in world.cdn.purges] == [
        sorted(url for record in shown for url in urls_of(record))
    ]


def test_the_uploads_own_cache_control_wins(world: World) -> None:
    """A10."""
    image = world.bystander.image

    default = world.publisher.cache_control(image)
    own = world.publisher.cache_control(replace(image, cache_control="public, max-age=31536000, immutable"))

    assert (default, own) == ("public, max-age=60", "public, max-age=31536000, immutable")
