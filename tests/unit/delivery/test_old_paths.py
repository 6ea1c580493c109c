"""Paths of other stores: which addresses mean the same image, and to which image they lead."""

import pytest

from image_store.domain.delivery.old_paths import MAX_OLD_PATH_BYTES, names_of_path
from image_store.domain.errors import ImageNotFound
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, Visibility
from image_store.services.images.sources import Content
from image_store.services.images.uploads import Upload
from tests.fakes.store import Store
from tests.samples import OWNER, PICTURE

CLOUDINARY = "demo/image/upload/v1719316754/pets/cat.jpg"
CLOUDFLARE = "Vi7wi5KSItxGFsWRG2Us6Q/pets/cat/public"
SUPABASE = "storage/v1/object/public/avatars/a b.png"


@pytest.mark.parametrize(
    ("stored", "address"),
    [
        (CLOUDINARY, "demo/image/upload/pets/cat.webp"),
        (CLOUDINARY, "demo/image/upload/w_100,h_100,c_fill/f_auto/v1/pets/cat"),
        (CLOUDINARY, "demo/image/upload/s--Ai4Znfl3--/e_sepia/v1719316754/pets/cat.jpg"),
        (CLOUDFLARE, "Vi7wi5KSItxGFsWRG2Us6Q/pets/cat/thumbnail"),
        (CLOUDFLARE, "cdn-cgi/imagedelivery/Vi7wi5KSItxGFsWRG2Us6Q/pets/cat/w=300"),
        (SUPABASE, "storage/v1/render/image/public/avatars/a%20b.png"),
        ("a/ä.png", "a/%C3%A4.png"),
        ("a/\u00e4.png", "/a/a\u0308.png"),
    ],
)
def test_every_address_of_an_image_has_a_name_of_its_stored_path(stored: str, address: str) -> None:
    assert set(names_of_path(stored)) & set(names_of_path(address))


@pytest.mark.parametrize(
    ("stored", "address"),
    [
        (CLOUDINARY, "demo/image/upload/her_pics/cat.jpg"),
        (CLOUDINARY, "other/image/upload/pets/cat.jpg"),
        (CLOUDINARY, "demo/image/private/pets/cat.jpg"),
        (CLOUDFLARE, "Vi7wi5KSItxGFsWRG2Us6Q/pets/dog/public"),
        ("a/b.png", "a/B.png"),
        ("a/b.png", "a/b.png/"),
    ],
)
def test_an_address_of_another_image_has_none(stored: str, address: str) -> None:
    assert not set(names_of_path(stored)) & set(names_of_path(address))


@pytest.mark.parametrize("path", ["", "/", "//", "a\x00b", "%00", "a" * (MAX_OLD_PATH_BYTES + 1), "\ud800"])
def test_a_path_that_no_address_has_names_at_most_what_is_harmless(path: str) -> None:
    assert all(name == path for name in names_of_path(path))


def test_a_path_is_read_in_linear_time() -> None:
    for path in ("demo/image/upload/" + "w_1/" * 500, "%25" * 680, "a/" * 1_000, "A" * 22 + "/" * 2_000):
        assert len(list(names_of_path(path))) <= 4


def moved(store: Store, *, data: bytes = PICTURE, visibility: Visibility = Visibility.UNLISTED) -> Image:
    """An image with an old path."""
    store.clock.instant += store.clock.step
    attributes = Attributes(visibility=visibility)
    until = store.clock.now().replace(year=2030)
    return store.uploads.accept(Upload(OWNER, Content(data), attributes, until, old_paths=(CLOUDINARY,)))


def test_the_image_is_found_while_it_is_published() -> None:
    store = Store()
    image = moved(store)
    links = store.app.delivery.old_links

    assert links.find(CLOUDINARY).id == image.record.id
    store.deletion.delete(OWNER, image.record.id, permanent=False)
    with pytest.raises(ImageNotFound):
        links.find(CLOUDINARY)
    store.deletion.restore(OWNER, image.record.id)
    with pytest.raises(ImageNotFound):  # a restored image is private
        links.find(CLOUDINARY)
    store.show(store.current(image), Visibility.UNLISTED)
    assert links.find(CLOUDINARY).id == image.record.id


def test_a_private_image_is_not_found_and_a_published_one_behind_it_is() -> None:
    store = Store()
    published = moved(store)
    moved(store, data=PICTURE + b"2", visibility=Visibility.PRIVATE)

    assert store.app.delivery.old_links.find(CLOUDINARY).id == published.record.id
