"""Signed links: what they show, for how long, and that nobody else can make one (B3)."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_store.domain.deadlines import TOMBSTONE_GRACE
from image_store.domain.delivery.render_requests import RenderRequest, TransformRequest
from image_store.domain.delivery.renditions import MAX_SIDE_PX, SMART, Fit, Gravity, Recipe
from image_store.domain.delivery.signed_links import (
    SignedLink,
    decode_link,
    encode_link,
    transform,
    transform_filename,
)
from image_store.domain.errors import ConfigurationError, ImageNotFound, InvalidRequest, StorageUnavailable
from image_store.domain.ids import parse_link
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, State, Visibility
from image_store.domain.images.media import MediaType
from image_store.domain.upkeep.cleanup import GRACE
from image_store.ports.delivery import Renderer
from image_store.services.delivery.renditions import RenditionFile
from image_store.services.delivery.signed_links import LinkSignatures
from tests.fakes.store import Store
from tests.samples import OWNER, SIGNING_KEYS

IMAGE_ID = "019ca945-0a00-7000-8000-000000000001"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MOMENT = timedelta(seconds=1)
SQUARE = transform(Recipe(200, 200, Fit.COVER, SMART, MediaType.AVIF, quality=50))

recipes = st.builds(
    Recipe,
    width=st.none() | st.integers(1, MAX_SIDE_PX),
    height=st.integers(1, MAX_SIDE_PX),
    fit=st.sampled_from(Fit),
    gravity=st.builds(Gravity, st.floats(0, 1), st.floats(0, 1), st.booleans()),
    media_type=st.none() | st.sampled_from([MediaType.JPEG, MediaType.PNG, MediaType.WEBP, MediaType.AVIF]),
    quality=st.none() | st.integers(1, 100),
)


@pytest.fixture
def store() -> Store:
    return Store()


def links(**keys: str) -> LinkSignatures:
    return LinkSignatures(keys=lambda: keys or SIGNING_KEYS)


def link_to(store: Store, image: Image, what: Recipe | str = SQUARE) -> str:
    link, _ = store.app.delivery.signed_link_creation.create(OWNER, image.record.id, what, lifetime=HOUR)
    return link


def transforms(store: Store) -> list[str]:
    return sorted(key for key in store.private.objects if key.startswith("transforms/"))


# The one way to write a share ------------------------------------------------------------------------


@given(recipes)
def test_a_share_is_read_as_it_was_written(recipe: Recipe) -> None:
    share = SignedLink(IMAGE_ID, NOON, transform(recipe))

    assert decode_link(encode_link(share)) == share
    assert transform(transform(recipe)) == transform(recipe)


@pytest.mark.parametrize("preset", ["display", "w640", "a" * 32])
def test_a_share_of_a_rendition_is_read_as_it_was_written(preset: str) -> None:
    share = SignedLink(IMAGE_ID, NOON, preset)

    assert decode_link(encode_link(share)) == share


@given(st.binary(max_size=60))
def test_what_was_never_written_means_nothing_or_is_written_back(raw: bytes) -> None:
    share = decode_link(raw)

    assert share is None or encode_link(share) == raw


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Recipe(200), Recipe(200, 4096, Fit.CONTAIN, SMART, MediaType.WEBP)),
        (Recipe(200, 100, Fit.CONTAIN), Recipe(200, 100, Fit.SCALE_DOWN)),
        (Recipe(200, 100, media_type=MediaType.PNG, quality=3), Recipe(200, 100, media_type=MediaType.PNG)),
        (
            Recipe(9, 9, Fit.COVER, Gravity(0.25, 0.5, is_smart=True)),
            Recipe(9, 9, Fit.COVER, SMART, animated=True),
        ),
    ],
)
def test_recipes_that_make_the_same_have_one_file(one: Recipe, other: Recipe) -> None:
    assert transform_filename(transform(one)) == transform_filename(transform(other))


def test_recipes_that_make_another_have_another_file() -> None:
    names = {
        transform_filename(transform(recipe))
        for recipe in (
            Recipe(200, 100, Fit.COVER),
            Recipe(100, 200, Fit.COVER),
            Recipe(200, 100, Fit.PAD),
            Recipe(200, 100, Fit.COVER, SMART),
            Recipe(200, 100, Fit.COVER, Gravity(0.501, 0.5)),
            Recipe(200, 100, Fit.COVER, quality=80),
            Recipe(200, 100, Fit.COVER, media_type=MediaType.JPEG),
        )
    }

    assert len(names) == 7


def test_a_transform_without_a_size_is_refused() -> None:
    with pytest.raises(ValueError, match="w, h or both"):
        transform(Recipe(media_type=MediaType.AVIF))


# Signatures ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", [SQUARE, "w640"])
def test_a_link_is_read_as_it_was_made(what: Recipe | str) -> None:
    share = SignedLink(IMAGE_ID, NOON, what)

    link = links().make(share)

    assert links().read(link) == share
    assert parse_link(link) is None, "it would be taken for a publication's"
    assert len(link) < 120
    assert link.replace("-", "").replace("_", "").isalnum()


def test_a_link_with_any_bit_altered_shows_nothing() -> None:
    link = links().make(SignedLink(IMAGE_ID, NOON, SQUARE))
    raw = base64.urlsafe_b64decode(link + "=" * (-len(link) % 4))

    for bit in range(len(raw) * 8):
        altered = bytearray(raw)
        altered[bit // 8] ^= 1 << bit % 8
        text = base64.urlsafe_b64encode(altered).rstrip(b"=").decode()
        assert links().read(text) is None


@pytest.mark.parametrize(
    "spoil", [str.swapcase, lambda link: link + "=", lambda link: link[:-1], lambda _: ""]
)
def test_a_link_with_another_spelling_shows_nothing(spoil: "object") -> None:
    link = links().make(SignedLink(IMAGE_ID, NOON, SQUARE))

    assert links().read(spoil(link)) is None  # type: ignore[operator] # each is a function


@given(st.text(max_size=300))
def test_whatever_is_sent_is_read_without_a_fault(text: str) -> None:
    assert links().read(text) is None


def test_a_link_of_another_key_shows_nothing() -> None:
    link = links(current="k1", k1="another").make(SignedLink(IMAGE_ID, NOON, SQUARE))

    assert links().read(link) is None


def test_a_key_can_be_replaced_while_its_links_live() -> None:
    share = SignedLink(IMAGE_ID, NOON, SQUARE)
    old = links(current="k1", k1="first").make(share)
    both = links(current="k2", k1="first", k2="second")

    assert both.read(old) == both.read(both.make(share)) == share
    assert links(current="k2", k2="second").read(old) is None


def test_the_name_of_the_current_key_is_not_a_key() -> None:
    forged = LinkSignatures(keys=lambda: {"current": "current"}).make(SignedLink(IMAGE_ID, NOON, SQUARE))

    assert links().read(forged) is None


def test_a_secret_without_a_current_key_is_named() -> None:
    with pytest.raises(ConfigurationError):
        links(k1="first").make(SignedLink(IMAGE_ID, NOON, SQUARE))


# Making and following links ---------------------------------------------------------------------------------


def test_a_private_image_is_shown_by_its_link_until_it_ends(store: Store) -> None:
    image = store.upload()
    link, expires_at = store.app.delivery.signed_link_creation.create(
        OWNER, image.record.id, "display", lifetime=HOUR
    )

    target = store.signed_link_view.find(link, accept=None)
    store.clock.instant = expires_at - MOMENT
    again = store.signed_link_view.find(link, accept=None)
    store.clock.instant = expires_at

    assert target == again
    assert isinstance(target, RenditionFile)
    assert target.rendition.preset == "display"
    with pytest.raises(ImageNotFound):
        store.signed_link_view.find(link, accept=None)


def test_a_rendition_behind_a_link_is_negotiated_and_made(store: Store) -> None:
    link = link_to(store, store.upload(), "w640")

    target = store.signed_link_view.find(link, accept="image/avif")

    assert isinstance(target, RenditionFile)
    assert (target.is_exact, target.rendition.public_filename) == (True, "w640.avif")


def test_a_transform_is_made_once(store: Store) -> None:
    image = store.upload()
    first, second = (
        link_to(store, image),
        store.app.delivery.signed_link_creation.create(OWNER, image.record.id, SQUARE, lifetime=2 * HOUR)[0],
    )

    shown = {store.signed_link_view.find(link, accept=None) for link in (first, second, first)}

    assert first != second
    assert shown == set(transforms(store))
    assert len(shown) == 1
    assert store.renderer.asked == [TransformRequest(image.record.id, SQUARE)]  # type: ignore[attr-defined] # the fake


def test_a_transform_changes_no_version_and_no_quota(store: Store) -> None:
    image = store.upload()
    usage = store.repository.usage(OWNER)

    store.signed_link_view.find(link_to(store, image), accept=None)

    assert store.current(image).record.version == image.record.version
    assert store.repository.usage(OWNER) == usage
    assert store.public.objects == {}


def test_a_preset_that_does_not_exist_cannot_be_shared(store: Store) -> None:
    image = store.upload()

    with pytest.raises(InvalidRequest):
        link_to(store, image, "w641")


def test_an_image_of_another_user_cannot_be_shared(store: Store) -> None:
    image = store.upload(owner="another")

    with pytest.raises(ImageNotFound):
        link_to(store, image)


def test_an_image_in_the_trash_cannot_be_shared(store: Store) -> None:
    image = store.upload()
    store.delete(image)

    with pytest.raises(ImageNotFound):
        link_to(store, image)


@pytest.mark.parametrize("permanent", [True, False])
@pytest.mark.parametrize("what", [SQUARE, "display"])
def test_a_link_ends_with_its_image(store: Store, permanent: bool, what: Recipe | str) -> None:
    image = store.upload()
    link = link_to(store, image, what)
    store.signed_link_view.find(link, accept=None)

    store.delete(image, permanent=permanent)

    with pytest.raises(ImageNotFound):
        store.signed_link_view.find(link, accept=None)


def test_a_link_of_a_restored_image_shows_it_again(store: Store) -> None:
    image = store.upload()
    link = link_to(store, image)
    key = store.signed_link_view.find(link, accept=None)
    store.delete(image)

    store.deletion.restore(OWNER, image.record.id)

    assert store.signed_link_view.find(link, accept=None) == key


class Nobody(Renderer):
    def render(self, request: RenderRequest) -> None:
        raise StorageUnavailable("It could not be made.")


def test_while_a_transform_cannot_be_made_the_nearest_rendition_is_shown(store: Store) -> None:
    image = store.upload()
    store.renderer = Nobody()

    target = store.signed_link_view.find(link_to(store, image), accept=None)

    assert isinstance(target, RenditionFile)
    assert target.rendition in image.record.renditions
    assert target.is_exact is False


# Taking away -----------------------------------------------------------------------------------------


def test_transforms_go_with_their_image(store: Store) -> None:
    image = store.upload(Attributes(visibility=Visibility.PUBLIC))
    store.signed_link_view.find(link_to(store, image), accept=None)

    store.delete(image, permanent=True)

    assert store.private.objects == {}


def test_a_transform_that_arrives_after_the_deletion_goes_with_the_tombstone(store: Store) -> None:
    image = store.upload()
    key = store.signed_link_view.find(link_to(store, image), accept=None)
    assert isinstance(key, str)
    store.delete(image, permanent=True)
    store.strew(store.private, key)

    store.clock.instant += TOMBSTONE_GRACE
    store.collect()

    assert store.private.objects == {}


def test_transforms_belong_to_their_image_while_it_is_there(store: Store) -> None:
    """D2."""
    image, trashed = store.upload(), store.upload()
    for each in (image, trashed):
        store.signed_link_view.find(link_to(store, each), accept=None)
    keys_before = transforms(store)
    store.delete(trashed)
    nobodys = store.strew(store.private, f"transforms/{store.ids.image_id()}/{'0' * 16}/{'a' * 32}.webp")
    of_a_dead_attempt = store.strew(store.private, f"transforms/{image.record.id}/{'f' * 16}/{'a' * 32}.webp")

    store.clock.instant += GRACE + MOMENT
    store.collect()

    assert len(keys_before) == 2
    assert transforms(store) == keys_before
    assert nobodys not in store.private.objects
    assert of_a_dead_attempt not in store.private.objects


def test_a_transform_that_the_lifecycle_took_is_made_again(store: Store) -> None:
    image = store.upload()
    link = link_to(store, image)
    key = store.signed_link_view.find(link, accept=None)
    store.private.objects.pop(str(key))
    store.clock.instant += timedelta(minutes=1)

    assert store.signed_link_view.find(link, accept=None) == key
    assert transforms(store) == [key]


@pytest.mark.parametrize("state", [State.TRASHED, State.DELETING])
def test_no_transform_is_made_of_what_goes_meanwhile(store: Store, state: State) -> None:
    image = store.upload()
    request = TransformRequest(image.record.id, SQUARE)
    store.repository.meanwhile = lambda: store.delete(image, permanent=state is State.DELETING)

    store.transforming.make(request, until=store.clock.now() + HOUR)

    assert transforms(store) == []


def test_an_image_that_is_being_published_gets_no_transform_for_now(store: Store) -> None:
    image = store.upload()
    intended = replace(image, record=replace(image.record, intent=store.ids.publication()))
    store.repository.records[image.record.id] = intended

    store.transforming.make(TransformRequest(image.record.id, SQUARE), until=store.clock.now() + HOUR)

    assert store.current(image) == intended
    assert transforms(store) == []
