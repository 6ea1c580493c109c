"""Renditions look like what Chromium shows of the same bytes."""

import random
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image, ImageChops

from image_store.adapters.imaging import PillowProcessor
from image_store.adapters.imaging.formats.gif import GifFrames
from image_store.adapters.imaging.formats.png_frames import PngFrames
from image_store.domain.delivery.renditions import Recipe
from image_store.domain.images.media import MediaType
from tests import pictures, profiles
from tests.golden.conftest import Chromium
from tests.odd_pictures.animations import ODD_APNGS, gif_with_small_frame, random_apng, random_gif
from tests.odd_pictures.avif import COLORED_AVIFS, transparent_avif
from tests.odd_pictures.jpeg import COLORED_JPEGS
from tests.odd_pictures.orientation import TURNED
from tests.odd_pictures.png import COLORED_PNGS
from tests.odd_pictures.squares import patches

EXACT = {"picture": Recipe(media_type=MediaType.PNG)}
# Other decoders round differently; AVIF and JPEG once more where they turn luma and chroma to colours.
TOLERANCE, TOLERANCE_OF_CODECS = 2, 5
RANDOM_FILES = 40


def rendition_of(data: bytes) -> Image.Image:
    """The picture that the store shows, in all its pixels."""
    (file,) = PillowProcessor().process(data, None, EXACT).renditions
    return Image.open(BytesIO(file.data)).convert("RGBA")


def difference(one: Image.Image, other: Image.Image) -> int:
    """By how many levels two pictures differ at most; what is transparent in both has no colour."""
    assert one.size == other.size
    bands = ImageChops.difference(one.convert("RGBa"), other.convert("RGBa")).split()
    return max(int(band.getextrema()[1]) for band in bands)  # type: ignore[arg-type] # bands of 8 bits


def assert_same(chromium: Chromium, data: bytes, tolerance: int = TOLERANCE) -> None:
    """Both show the same."""
    shown = chromium.show(data)

    assert shown is not None
    assert difference(rendition_of(data), shown.still) <= tolerance


@pytest.mark.parametrize("name", COLORED_PNGS)
def test_the_colors_of_a_png_are_those_of_a_browser(chromium: Chromium, name: str) -> None:
    assert_same(chromium, COLORED_PNGS[name]())


@pytest.mark.parametrize("name", COLORED_AVIFS)
def test_the_colors_of_an_avif_are_those_of_a_browser(chromium: Chromium, name: str) -> None:
    assert_same(chromium, COLORED_AVIFS[name](), TOLERANCE_OF_CODECS)


@pytest.mark.parametrize("name", COLORED_JPEGS)
def test_the_colors_of_a_jpeg_are_those_of_a_browser(chromium: Chromium, name: str) -> None:
    assert_same(chromium, COLORED_JPEGS[name](), TOLERANCE_OF_CODECS)


@pytest.mark.parametrize(
    "make",
    [
        lambda: pictures.encoded(patches(), "WEBP", lossless=True, icc_profile=profiles.display_p3_profile()),
        lambda: pictures.sixteen_bit_rgb_png([(0x12FF, 0x80FF, 0xFE80), (0x7F80, 0x7F7F, 0x0080)]),
        lambda: pictures.encoded(pictures.drawing(96, 64, transparent=True).quantize(8), "PNG"),
        lambda: transparent_avif(is_split=False),
        lambda: transparent_avif(is_split=True),
    ],
    ids=[
        "webp in P3",
        "16 bits",
        "palette with alpha",
        "avif with alpha",
        "avif with alpha by some encoders",
    ],
)
def test_other_kinds_of_pixels_are_shown_as_in_a_browser(
    chromium: Chromium, make: Callable[[], bytes]
) -> None:
    assert_same(chromium, make(), TOLERANCE_OF_CODECS)


@pytest.mark.parametrize("name", TURNED)
def test_a_picture_is_turned_as_a_browser_turns_it(chromium: Chromium, name: str) -> None:
    assert_same(chromium, TURNED[name](), TOLERANCE_OF_CODECS)


def test_a_gif_is_transparent_where_its_frame_is_not(chromium: Chromium) -> None:
    assert_same(chromium, gif_with_small_frame())


@pytest.mark.parametrize("name", ODD_APNGS)
def test_an_odd_animated_png_plays_as_in_a_browser(chromium: Chromium, name: str) -> None:
    data = ODD_APNGS[name]()

    shown = chromium.show(data)

    assert shown is not None
    assert difference(rendition_of(data), shown.still) <= TOLERANCE
    frames = [image.convert("RGBA") for image, _ in PngFrames(data).decode()]
    assert len(frames) == max(1, len(shown.frames))
    assert all(difference(*pair) <= TOLERANCE for pair in zip(frames, shown.frames, strict=False))


@pytest.mark.parametrize("file_format", ["GIF", "PNG"])
def test_frames_are_laid_cleared_and_restored_as_in_a_browser(chromium: Chromium, file_format: str) -> None:
    rng = random.Random(f"frames of a {file_format}")  # noqa: S311 - pixels are no secret
    for index in range(RANDOM_FILES):
        is_gif = file_format == "GIF"
        data = random_gif(rng) if is_gif else random_apng(rng)

        shown = chromium.show(data)
        source = GifFrames(data) if is_gif else PngFrames(data)
        decoded = [(image.convert("RGBA"), duration) for image, duration in source.decode()]

        assert shown is not None
        expected = shown.frames or [shown.still]
        assert len(decoded) == len(expected), index
        assert (
            max(difference(ours, theirs) for (ours, _), theirs in zip(decoded, expected, strict=True))
            <= TOLERANCE
        )
        assert [round(duration or 0) for _, duration in decoded[: len(shown.frames)]] == shown.durations_ms


@pytest.mark.parametrize("name", ["cleared", "restored", "a hidden picture and one small frame"])
def test_an_animated_rendition_looks_in_a_browser_as_its_original_does(chromium: Chromium, name: str) -> None:
    data = ODD_APNGS[name]()
    moving = {"picture": Recipe(animated=True)}

    original = chromium.show(data)
    rendition = chromium.show(PillowProcessor().process(data, None, moving).renditions[0].data)

    assert original is not None
    assert rendition is not None
    assert len(rendition.frames) == len(original.frames)
    for ours, theirs in zip(rendition.frames, original.frames, strict=True):
        for place in ((2, 2), (12, 12), (40, 28), (60, 44)):
            pair = zip(ours.getpixel(place), theirs.getpixel(place), strict=True)  # type: ignore[arg-type]
            assert all(abs(one - other) <= TOLERANCE_OF_CODECS for one, other in pair), place
