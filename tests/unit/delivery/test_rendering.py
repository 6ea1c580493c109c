"""Renditions that are made when somebody asks for them (B2)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from image_store.domain.delivery.render_requests import RenderRequest, RenditionRequest
from image_store.domain.delivery.renditions import Fit, Recipe, Rendition
from image_store.domain.errors import Conflict, DeadlineExceeded, ImageNotFound, StorageUnavailable
from image_store.domain.ids import link
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, ImageRecord, State, Visibility, public_key
from image_store.domain.images.media import MediaType
from image_store.domain.images.reservation import RESERVATION_LIFETIME
from image_store.domain.upkeep.cleanup import GRACE
from image_store.entrypoints.images.answers import etag
from image_store.ports.delivery import Renderer
from image_store.services.delivery.rendering import LEASE, within_limits
from tests.fakes.store import Store
from tests.samples import OWNER, PICTURE

AVIF = "image/avif"
MOMENT = timedelta(seconds=1)
PUBLIC = Attributes(visibility=Visibility.PUBLIC)


@pytest.fixture
def store() -> Store:
    return Store()


def request_for(image: Image, media_type: MediaType = MediaType.AVIF) -> RenditionRequest:
    return RenditionRequest(image.record.id, "w640", media_type)


def make(store: Store, image: Image, media_type: MediaType = MediaType.AVIF) -> None:
    store.rendering.make(request_for(image, media_type), until=store.clock.now() + timedelta(seconds=20))


def made_of(store: Store, image: Image) -> list[Rendition]:
    return [rendition for rendition in store.current(image).record.renditions if rendition.making is not None]


def tries_at(store: Store, image: Image) -> list[str]:
    """Keys of private objects that no upload makes."""
    return sorted(key for key in store.private.objects if "w640-" in key and image.record.prefix in key)


def public_names(store: Store, image: Image) -> set[str]:
    publication = store.current(image).record.publication
    return {key.rpartition("/")[2] for key in store.public.objects if f"p/{publication}/" in key}


def test_a_rendition_is_made_once_and_found_from_then_on(store: Store) -> None:
    image = store.upload()

    first = store.renditions.for_owner(OWNER, image.record.id, "w640", accept=AVIF)
    again = store.renditions.for_owner(OWNER, image.record.id, "w640", accept=AVIF)

    assert (first.is_exact, first.rendition.media_type) == (True, MediaType.AVIF)
    assert again.rendition == first.rendition
    assert first.record.rendition_key(first.rendition) in store.private.objects
    assert len(tries_at(store, image)) == 1
    assert store.renderer.asked == [request_for(image)]  # type: ignore[attr-defined] # it is the fake


def test_each_format_is_a_rendition_of_its_own(store: Store) -> None:
    image = store.upload()

    for media_type in (MediaType.AVIF, MediaType.JPEG, MediaType.WEBP):
        make(store, image, media_type)

    assert {rendition.media_type for rendition in made_of(store, image)} == {
        MediaType.AVIF,
        MediaType.JPEG,
        MediaType.WEBP,
    }


def test_a_rendition_changes_nothing_that_a_client_sees(store: Store) -> None:
    image = store.upload()
    usage = store.repository.usage(OWNER)

    make(store, image)

    current = store.current(image)
    assert (etag(current.record), current.record.updated_at) == (etag(image.record), image.record.updated_at)
    assert store.repository.usage(OWNER) == usage
    assert current.record.stored_bytes == image.record.stored_bytes + len(PICTURE)


def test_a_rendition_of_a_published_image_is_copied_before_it_is_named(store: Store) -> None:
    image = store.upload(PUBLIC)
    store.journal.clear()

    make(store, image)

    assert store.journal == ["put private", "copy public", "amend"]
    assert "w640.avif" in public_names(store, image)


def test_a_rendition_of_a_private_image_has_no_copy(store: Store) -> None:
    image = store.upload()

    make(store, image)

    assert store.public.objects == {}


def test_the_presets_of_the_upload_are_never_made_again(store: Store) -> None:
    image = store.upload()

    store.rendering.make(
        RenditionRequest(image.record.id, "display", MediaType.AVIF), until=store.clock.now() + MOMENT
    )

    assert store.current(image) == image


@pytest.mark.parametrize("preset", ["w641", "original", ""])
def test_what_is_not_a_preset_is_not_found(store: Store, preset: str) -> None:
    image = store.upload(PUBLIC)
    assert image.record.publication is not None

    with pytest.raises(ImageNotFound):
        store.renditions.for_owner(OWNER, image.record.id, preset, accept=None)
    with pytest.raises(ImageNotFound):
        store.renditions.for_public_link(link(image.record.id, image.record.publication), preset, accept=None)


def test_nothing_is_made_for_a_stranger(store: Store) -> None:
    image = store.upload()

    with pytest.raises(ImageNotFound):
        store.renditions.for_owner("another", image.record.id, "w640", accept=AVIF)

    assert made_of(store, image) == []


class Elsewhere(Renderer):
    """Somebody else is making it, or nobody can."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    def render(self, request: RenderRequest) -> None:
        if self._error is not None:
            raise self._error


@pytest.mark.parametrize("error", [None, StorageUnavailable("It could not be made.")])
def test_the_nearest_rendition_is_shown_while_one_cannot_be_made(
    store: Store, error: Exception | None
) -> None:
    image = store.upload()
    store.renderer = Elsewhere(error)

    file_shown = store.renditions.for_owner(OWNER, image.record.id, "w640", accept=None)

    assert file_shown.is_exact is False
    assert file_shown.rendition in image.record.renditions


SIZES = {"thumb": 300, "display": 2048}


@pytest.mark.parametrize(
    ("preset", "accept", "expected"),
    [
        ("w640", "*/*", "thumb.jpg"),
        ("w1280", "*/*", "w1280.avif"),
        ("w2048", "*/*", "display.webp"),
        ("w1280", "image/avif;q=0.5, image/webp", "w1280.avif"),
        ("w1280", "image/jpeg, image/webp;q=0.1", "display.webp"),
    ],
)
def test_the_nearest_is_what_the_client_takes_then_the_preset_then_the_width(
    store: Store, preset: str, accept: str, expected: str
) -> None:
    image = store.upload()
    sized = tuple(replace(rendition, width=SIZES[rendition.preset]) for rendition in image.record.renditions)
    other = Rendition("w1280", MediaType.AVIF, 1280, 800, 9, making="0" * 16)
    record = replace(image.record, width=4000, height=3000, renditions=(*sized, other))
    store.repository.records[record.id] = replace(image, record=record)
    store.renderer = Elsewhere()

    file_shown = store.renditions.for_owner(OWNER, record.id, preset, accept=accept)

    assert file_shown.rendition.public_filename == expected


def test_without_the_lease_nothing_is_made(store: Store) -> None:
    image = store.upload()
    now = store.clock.now()
    store.repository.take_rendering(request_for(image).name, holder="somebody", at=now, until=now + LEASE)

    make(store, image)

    assert made_of(store, image) == []
    assert tries_at(store, image) == []


def test_a_lease_ends_by_itself(store: Store) -> None:
    image = store.upload()
    now = store.clock.now()
    store.repository.take_rendering(request_for(image).name, holder="somebody", at=now, until=now + LEASE)
    store.clock.instant += LEASE + MOMENT

    make(store, image)

    assert len(made_of(store, image)) == 1


def test_of_two_concurrent_makers_one_commits_and_the_other_leaves_its_object_to_the_sweep(
    store: Store,
) -> None:
    image = store.upload(PUBLIC)

    def another() -> None:
        store.clock.instant += LEASE + MOMENT
        make(store, image)

    store.repository.meanwhile = another
    make(store, image)

    [rendition] = made_of(store, image)
    assert len(tries_at(store, image)) == 2
    assert "w640.avif" in public_names(store, image)
    store.clock.instant += GRACE + RESERVATION_LIFETIME
    store.collect()
    assert tries_at(store, image) == [image.record.rendition_key(rendition)]


@pytest.mark.parametrize("visibility", Visibility)
def test_a_concurrent_edit_and_the_rendition_are_both_kept(store: Store, visibility: Visibility) -> None:
    image = store.upload(Attributes(visibility=visibility))
    store.repository.meanwhile = lambda: store.edit(
        image, lambda seen: replace(seen, details=replace(seen.details, title="A cat"))
    )

    make(store, image)

    assert len(made_of(store, image)) == 1
    assert store.current(image).details.title == "A cat"


def test_a_concurrent_rendition_does_not_fail_an_edit(store: Store) -> None:
    image = store.upload()
    store.repository.meanwhile = lambda: make(store, image)

    edited = store.edit(
        image,
        lambda seen: replace(seen, details=replace(seen.details, title="A cat")),
        if_version=image.record.version,
    )

    assert edited.record.version == image.record.version + 1
    assert len(made_of(store, image)) == 1


def test_a_concurrent_rendition_does_not_fail_a_restore(store: Store) -> None:
    image = store.upload()
    store.delete(image)
    store.repository.meanwhile = lambda: make(store, image)

    restored = store.deletion.restore(OWNER, image.record.id)

    assert restored.record.state is State.READY
    assert len(made_of(store, image)) == 1


def hidden(store: Store, image: Image) -> Callable[[], object]:
    return lambda: store.show(image, Visibility.PRIVATE)


def shown_anew(store: Store, image: Image) -> Callable[[], object]:
    def act() -> None:
        store.show(image, Visibility.PRIVATE)
        store.show(image, Visibility.UNLISTED)

    return act


def test_a_concurrent_unpublish_leaves_no_copy(store: Store) -> None:
    image = store.upload(PUBLIC)
    store.repository.meanwhile = hidden(store, image)

    make(store, image)

    assert store.public.objects == {}
    assert len(made_of(store, image)) == 1


def test_a_concurrent_publication_gets_the_copy(store: Store) -> None:
    image = store.upload(PUBLIC)
    store.repository.meanwhile = shown_anew(store, image)

    make(store, image)

    assert public_names(store, image) == {"thumb.jpg", "display.webp", "w640.avif"}
    assert len(store.public.objects) == 3


def test_an_unpublish_just_before_the_copy_stops_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    image = store.upload(PUBLIC)
    announce = store.repository.announce_copy

    def late(*arguments: object, **named: object) -> bool:
        store.show(image, Visibility.PRIVATE)
        return announce(*arguments, **named)  # type: ignore[arg-type] # as it was called

    monkeypatch.setattr(store.repository, "announce_copy", late)
    store.journal.clear()
    make(store, image)

    assert "copy public" not in store.journal
    assert store.public.objects == {}
    assert len(made_of(store, image)) == 1


def test_a_copy_that_comes_after_the_unpublish_is_taken_away_by_cleanup(store: Store) -> None:
    image = store.upload(PUBLIC)
    publication = image.record.publication
    assert publication is not None
    key = public_key(publication, Rendition("w640", MediaType.AVIF, 640, 480, 1))
    until = store.clock.now() + RESERVATION_LIFETIME
    assert store.repository.announce_copy(publication, key, until=until)
    store.show(image, Visibility.PRIVATE)
    store.strew(store.public, key)

    store.collect()
    store.strew(store.public, key)
    assert publication in store.repository.publication_rows
    store.clock.instant += RESERVATION_LIFETIME + MOMENT
    store.collect()

    assert store.public.objects == {}
    assert publication not in store.repository.publication_rows


@pytest.mark.parametrize("permanent", [True, False])
def test_a_concurrent_deletion_leaves_no_copy(store: Store, permanent: bool) -> None:
    image = store.upload(PUBLIC)
    store.repository.meanwhile = lambda: store.delete(image, permanent=permanent)

    make(store, image)

    assert store.public.objects == {}
    state = store.current(image).record.state
    assert state is (State.TOMBSTONE if permanent else State.TRASHED)


def test_an_image_that_is_being_published_is_left_alone(store: Store) -> None:
    image = store.upload()
    intended = replace(image, record=replace(image.record, intent=store.ids.publication()))
    store.repository.records[image.record.id] = intended

    make(store, image)

    assert store.current(image) == intended


def test_publishing_copies_what_was_made_on_request(store: Store) -> None:
    image = store.upload()
    make(store, image)

    store.show(image, Visibility.PUBLIC)

    assert public_names(store, image) == {"thumb.jpg", "display.webp", "w640.avif"}


def test_unpublishing_removes_what_was_made_on_request(store: Store) -> None:
    image = store.upload(PUBLIC)
    make(store, image)

    store.show(image, Visibility.PRIVATE)

    assert store.public.objects == {}


def test_deleting_removes_what_was_made_on_request(store: Store) -> None:
    image = store.upload(PUBLIC)
    make(store, image)

    store.delete(image, permanent=True)

    assert store.public.objects == {}
    assert store.private.objects == {}


def test_original_bytes_that_were_altered_are_not_rendered(store: Store) -> None:
    image = store.upload()
    file = store.private.objects[image.record.original_key]
    store.private.objects[image.record.original_key] = replace(file, data=file.data[::-1])

    with pytest.raises(StorageUnavailable):
        make(store, image)

    assert made_of(store, image) == []


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((2000, 3000), Recipe(width=640)),
        ((640, 16_383), Recipe(width=640)),
        ((640, 16_384), Recipe(width=640, height=4096)),
        ((1280, 50_000), Recipe(width=640, height=4096)),
        ((100, 20_000), Recipe(width=640, height=4096)),
    ],
)
def test_a_picture_too_long_for_webp_is_made_narrower(
    store: Store, size: tuple[int, int], expected: Recipe
) -> None:
    record = replace(store.upload().record, width=size[0], height=size[1])
    turned = replace(record, width=size[1], height=size[0])

    assert within_limits(Recipe(width=640), record) == expected
    mirrored = Recipe(width=expected.height, height=expected.width)
    assert within_limits(Recipe(height=640), turned) == mirrored


def test_a_recipe_with_both_sides_is_followed_whatever_the_picture(store: Store) -> None:
    record = replace(store.upload().record, width=10, height=40_000)

    assert within_limits(Recipe(100, 100, Fit.COVER), record) == Recipe(100, 100, Fit.COVER)


def test_what_took_too_long_is_not_stored(store: Store) -> None:
    image = store.upload()

    with pytest.raises(DeadlineExceeded):
        store.rendering.make(request_for(image), until=store.clock.now())

    assert tries_at(store, image) == []


def abandoned(store: Store, image: Image, monkeypatch: pytest.MonkeyPatch) -> str:
    """A try that was put and never committed."""

    def refuse(before: ImageRecord, after: ImageRecord) -> None:
        raise StorageUnavailable("The table is away.")

    with monkeypatch.context() as patch:
        patch.setattr(store.repository, "amend", refuse)
        with pytest.raises(StorageUnavailable):
            make(store, image)
    [key] = tries_at(store, image)
    return key


def test_an_abandoned_try_is_swept_after_a_day_and_a_committed_one_never(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D2."""
    image = store.upload()
    left = abandoned(store, image, monkeypatch)
    store.clock.instant += LEASE + MOMENT
    make(store, image)
    [rendition] = made_of(store, image)

    store.collect()
    assert left in store.private.objects
    store.clock.instant += GRACE + MOMENT
    store.collect()

    assert tries_at(store, image) == [image.record.rendition_key(rendition)]


def test_a_sweep_without_grace_leaves_what_may_still_be_committed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = store.upload()
    left = abandoned(store, image, monkeypatch)

    store.clock.instant += MOMENT
    store.collect(reconcile=True)
    assert left in store.private.objects
    store.clock.instant += RESERVATION_LIFETIME
    store.collect(reconcile=True)

    assert left not in store.private.objects


def test_a_commit_that_always_conflicts_is_given_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    image = store.upload(PUBLIC)
    amendments = []

    def refuse(before: ImageRecord, after: ImageRecord) -> None:
        amendments.append(after)
        raise Conflict("Another was first.")

    monkeypatch.setattr(store.repository, "amend", refuse)

    make(store, image)

    assert len(amendments) == 3
    assert made_of(store, image) == []
