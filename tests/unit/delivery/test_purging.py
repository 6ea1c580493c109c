"""What is told to the CDN when something is no longer public, and what waits when the CDN does not listen."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from image_store.domain.errors import ConfigurationError, ImageStoreError, StorageUnavailable
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, Visibility
from tests.fakes.store import Store
from tests.samples import PUBLIC_URL

PUBLIC = Attributes(visibility=Visibility.PUBLIC)
BUSY = StorageUnavailable("The CDN accepts no more purges for now.", retry_after=timedelta(seconds=9))
MISTAKEN = ConfigurationError("The CDN refuses the API token: it may not purge this zone.")


@pytest.fixture
def store() -> Store:
    return Store(purges=True)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What the package logs, whether or not a function has taken its log over."""
    ours = logging.getLogger("image_store")
    ours.addHandler(caplog.handler)
    ours.propagate, before = False, ours.propagate
    yield caplog
    ours.removeHandler(caplog.handler)
    ours.propagate = before


def urls_of(image: Image) -> tuple[str, ...]:
    assert image.record.publication is not None
    return tuple(f"{PUBLIC_URL}/{key}" for key in sorted(image.record.public_keys(image.record.publication)))


def withdrawn_unheard(store: Store, count: int) -> list[Image]:
    """Unpublished images whose addresses the CDN did not want to purge."""
    shown = [store.upload(PUBLIC) for _ in range(count)]
    store.cdn.visit()
    store.cdn.takes = 0
    for image in shown:
        store.show(image, Visibility.PRIVATE)
    store.cdn.takes, store.cdn.asked = None, 0
    return shown


@pytest.mark.parametrize("visibility", [Visibility.PUBLIC, Visibility.UNLISTED])
def test_what_is_unpublished_is_purged_when_its_copies_are_gone(visibility: Visibility, store: Store) -> None:
    """B8."""
    shown = store.upload(Attributes(visibility=visibility))
    store.journal.clear()

    store.show(shown, Visibility.PRIVATE)

    assert store.journal == ["ready → ready", "delete public", "purge"]
    assert store.cdn.purges == [urls_of(shown)]
    assert store.repository.due_publications == {}


def test_what_is_trashed_is_purged_when_its_copies_are_gone(store: Store) -> None:
    """B8."""
    shown = store.upload(PUBLIC)
    store.journal.clear()

    store.delete(shown)

    assert store.journal == ["ready → trashed", "delete public", "purge"]
    assert store.cdn.purges == [urls_of(shown)]
    assert store.repository.due_publications == {}


def test_what_is_deleted_for_good_is_purged_when_its_copies_are_gone(store: Store) -> None:
    """B8."""
    shown = store.upload(PUBLIC)
    store.journal.clear()

    store.delete(shown, permanent=True)

    assert store.journal.index("purge") > store.journal.index("delete public")
    assert store.cdn.purges == [urls_of(shown)]
    assert store.repository.due_publications == {}


def test_what_was_never_public_is_not_purged(store: Store) -> None:
    store.delete(store.upload(), permanent=True)

    assert store.cdn.purges == []


def test_a_change_that_leaves_an_image_public_purges_nothing(store: Store) -> None:
    store.show(store.upload(PUBLIC), Visibility.UNLISTED)

    assert store.cdn.purges == []


@pytest.mark.parametrize("refusal", [BUSY, MISTAKEN], ids=["busy", "mistaken"])
def test_a_purge_that_fails_is_left_to_cleanup_and_the_request_succeeds(
    refusal: ImageStoreError, store: Store, log: pytest.LogCaptureFixture
) -> None:
    """B8."""
    shown = store.upload(PUBLIC)
    store.cdn.takes, store.cdn.refusal = 0, refusal

    hidden = store.show(shown, Visibility.PRIVATE)

    assert hidden.record.visibility is Visibility.PRIVATE
    assert store.repository.due_publications.keys() == {shown.record.publication}
    warning = f"Withdrawn publications wait for cleanup: {refusal.message}"
    assert log.record_tuples == [("image_store.services.delivery.publishing", logging.WARNING, warning)]

    store.cdn.takes = None
    assert store.collect().collected == {"publications": 1}
    assert store.cdn.purges == [urls_of(shown)]
    assert store.repository.due_publications == {}


@pytest.mark.parametrize("permanent", [False, True])
def test_copies_that_could_not_be_deleted_are_not_purged(permanent: bool, store: Store) -> None:
    shown = store.upload(PUBLIC)
    store.public.away = True

    store.delete(shown, permanent=permanent)

    assert store.cdn.purges == []
    assert store.repository.due_publications.keys() == {shown.record.publication}


def test_cleanup_purges_many_publications_with_few_calls(store: Store) -> None:
    shown = withdrawn_unheard(store, 32)

    report = store.collect()

    assert (report.collected, report.failed) == ({"publications": 32}, 0)
    assert len(store.cdn.purges) == 2
    purged = {url for purge in store.cdn.purges for url in purge}
    assert purged == {url for image in shown for url in urls_of(image)}


def test_cleanup_forgets_only_what_was_purged_and_asks_a_refusing_cdn_once_more(store: Store) -> None:
    withdrawn_unheard(store, 32)
    store.cdn.takes = 1

    report = store.collect()

    assert (report.collected, report.failed) == ({"publications": 30}, 2)
    assert store.cdn.asked == 2
    assert len(store.repository.due_publications) == 2
    waiting = {
        f"{PUBLIC_URL}/{key}" for row in store.repository.due_publications.values() for key in row.keys
    }
    assert store.cdn.cached == waiting


def test_cleanup_ends_what_a_refusing_cdn_left(store: Store) -> None:
    withdrawn_unheard(store, 32)
    store.cdn.takes = 1
    store.collect()
    store.cdn.takes = None

    report = store.collect()

    assert (report.collected, report.failed) == ({"publications": 2}, 0)
    assert store.cdn.cached == set()
    assert store.repository.due_publications == {}


def test_a_refusing_cdn_keeps_cleanup_from_nothing_else(store: Store) -> None:
    store.upload(replace(PUBLIC, expires_at=store.clock.now() + timedelta(hours=1)))
    store.clock.instant += timedelta(hours=1)
    store.cdn.takes = 0

    report = store.collect()

    assert (report.collected, report.failed) == ({"expired": 1}, 1)
    assert store.private.objects == {}
    assert store.public.objects == {}


def test_images_that_expire_together_are_purged_together(store: Store) -> None:
    """B8."""
    soon = store.clock.now() + timedelta(hours=1)
    shown = [store.upload(replace(PUBLIC, expires_at=soon)) for _ in range(3)]
    store.clock.instant = soon

    report = store.collect()

    assert report.collected == {"expired": 3, "publications": 3}
    [purged] = store.cdn.purges
    assert sorted(purged) == sorted(url for image in shown for url in urls_of(image))


def test_without_a_cdn_a_publication_is_forgotten_when_its_copies_are_gone() -> None:
    store = Store(purges=False)
    shown = store.upload(PUBLIC)

    store.show(shown, Visibility.PRIVATE)

    assert store.cdn.purges == []
    assert store.repository.due_publications == {}


def test_without_a_public_bucket_nothing_is_purged() -> None:
    store = Store(publishes=False, purges=True)
    shown = store.upload(PUBLIC)

    store.show(shown, Visibility.PRIVATE)

    assert store.cdn.purges == []
    assert store.repository.due_publications == {}


def test_an_uploads_own_cache_control_wins(store: Store) -> None:
    """A10."""
    store.upload(replace(PUBLIC, cache_control="public, max-age=31536000, immutable"))

    headers = {file.cache_control for file in store.public.objects.values()}

    assert headers == {"public, max-age=31536000, immutable"}
