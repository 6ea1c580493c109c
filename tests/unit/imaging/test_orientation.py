"""EXIF turns a picture, and for AVIF its own boxes do; nothing else turns anything."""

from io import BytesIO

import pytest
from PIL import Image

from image_store.adapters.imaging import PillowProcessor
from image_store.adapters.imaging.formats.exif import orientation_of
from image_store.domain.delivery.renditions import Recipe
from image_store.domain.images.media import MediaType
from tests import pictures
from tests.odd_pictures.jpeg import with_segments
from tests.odd_pictures.orientation import TURNED, quadrants, tiff

UPRIGHT, ON_ITS_SIDE = (64, 48), (48, 64)
TURNING = {
    "jpeg, high byte first",
    *(f"jpeg {number}" for number in (5, 6, 7, 8)),
    "jpeg by the first of two",
    "jpeg with a directory that is cut off",
    "png",
    "avif by irot",
    "avif by irot, and exif",
    "avif by both",
}


def size_of(data: bytes) -> tuple[int, int]:
    processed = PillowProcessor().process(data, None, {})
    return processed.width, processed.height


@pytest.mark.parametrize("name", TURNED)
def test_only_exif_and_the_boxes_of_avif_turn_a_picture(name: str) -> None:
    assert size_of(TURNED[name]()) == (ON_ITS_SIDE if name in TURNING else UPRIGHT)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_long_orientation_counts(order: str) -> None:
    data = with_segments(quadrants("JPEG"), (0xE1, b"Exif\x00\x00" + tiff(6, kind=4, order=order)))

    assert size_of(data) == ON_ITS_SIDE


def test_the_exif_of_a_webp_turns_it() -> None:
    data = pictures.encoded(pictures.quadrants(64, 48), "WEBP", exif=pictures.exif(orientation=6))

    assert size_of(data) == ON_ITS_SIDE


@pytest.mark.parametrize(
    "exif", [b"", b"Exif\x00\x00", b"II*\x00", b"II*\x00\xff\xff\xff\xff", tiff(6)[:12], b"MM\x00*" * 9]
)
def test_broken_exif_turns_nothing(exif: bytes) -> None:
    assert orientation_of(exif) == 1


def test_an_endless_directory_is_read_once() -> None:
    assert orientation_of(b"II*\x00\x08\x00\x00\x00\xff\xff" + bytes(12 * 65_535)) == 1


def test_the_quarters_are_where_the_orientation_puts_them() -> None:
    data = TURNED["jpeg 6"]()

    (file,) = PillowProcessor().process(data, None, {"picture": Recipe(media_type=MediaType.PNG)}).renditions

    red, green, blue = Image.open(BytesIO(file.data)).convert("RGB").getpixel((44, 4))  # type: ignore[misc]
    assert (red > 200, green < 60, blue < 60) == (True, True, True)
