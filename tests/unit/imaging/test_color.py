"""Colours arrive as they were meant, whatever the file stores them in (B4)."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from image_store.adapters.imaging import PillowProcessor
from image_store.adapters.imaging.color.conversion import MAX_PROFILE_BYTES
from image_store.domain.delivery.renditions import DISPLAY, THUMB, UPLOAD_RECIPES, Recipe
from image_store.domain.images.media import MediaType
from tests import pictures, profiles
from tests.odd_pictures.avif import avif_with_gain_map, colored_avif, nclx
from tests.odd_pictures.jpeg import colored_jpeg, ultra_hdr
from tests.odd_pictures.png import COLORED_PNGS, cicp, colored_png
from tests.odd_pictures.squares import PATCH, PATCHES

type Color = tuple[int, int, int]


def shown_colors(data: bytes) -> dict[str, Color]:
    """The colour in the middle of each rendition."""
    colors = {}
    for file in PillowProcessor().process(data, None, UPLOAD_RECIPES).renditions:
        image = Image.open(BytesIO(file.data)).convert("RGB")
        red, green, blue = image.resize((1, 1), Image.Resampling.BOX, (20, 20, 40, 40)).tobytes()
        colors[file.rendition.preset] = (red, green, blue)
    return colors


def patch(mode: str, color: int | tuple[int, ...], file_format: str, profile: bytes | None) -> bytes:
    image = Image.new(mode, (64, 64), color)
    exact: dict[str, Any] = {"PNG": {}, "WEBP": {"lossless": True}}.get(file_format, {"quality": 95})
    return pictures.encoded(image, file_format, icc_profile=profile, **exact)


def assert_shown(data: bytes, expected: Color, *, within: int = 4) -> None:
    for preset, color in shown_colors(data).items():
        assert all(abs(a - b) <= within for a, b in zip(color, expected, strict=True)), (preset, color)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ((234, 51, 35), (255, 0, 0)),  # the red of sRGB as Display P3 writes it
        ((117, 251, 76), (0, 255, 0)),  # and its green
        ((128, 128, 128), (128, 128, 128)),
    ],
)
def test_wide_gamut_is_converted_to_srgb(file_format: str, stored: Color, shown: Color) -> None:
    data = patch("RGB", stored, file_format, profiles.display_p3_profile())

    assert_shown(data, shown)


def test_a_profile_is_followed_even_where_it_contradicts_all_habits() -> None:
    data = patch("RGB", (200, 40, 40), "PNG", profiles.swapped_profile())

    red, green, _ = shown_colors(data)["display"]
    assert green > 180 > 100 > red


def test_a_profile_is_followed_in_a_thumb_made_alone() -> None:
    data = patch("RGB", (234, 51, 35), "JPEG", profiles.display_p3_profile())

    (thumb,) = PillowProcessor().process(data, None, pictures.recipes_of(THUMB)).renditions

    red, green, blue = Image.open(BytesIO(thumb.data)).convert("RGB").getpixel((30, 30))  # type: ignore[misc]
    assert (red > 250, green < 5, blue < 5) == (True, True, True)


def test_placeholder_is_made_of_converted_colours() -> None:
    data = patch("RGB", (234, 51, 35), "PNG", profiles.display_p3_profile())

    placeholder = PillowProcessor().process(data, None, pictures.recipes_of(THUMB)).placeholder

    red, green, blue = bytes.fromhex(placeholder.color.removeprefix("#"))
    assert (red > 250, green < 5, blue < 5) == (True, True, True)


def test_transparency_survives_the_conversion() -> None:
    image = Image.new("RGBA", (64, 64), (234, 51, 35, 255))
    image.paste((0, 0, 0, 0), (0, 0, 16, 64))
    data = pictures.encoded(image, "PNG", icc_profile=profiles.display_p3_profile())

    display = PillowProcessor().process(data, None, pictures.recipes_of(DISPLAY)).renditions[0]

    pixels = Image.open(BytesIO(display.data)).convert("RGBA")
    assert pixels.getpixel((8, 32))[3] == 0  # type: ignore[index]
    red, green, blue, alpha = pixels.getpixel((40, 32))  # type: ignore[misc]
    assert (red > 250, green < 5, blue < 5, alpha) == (True, True, True, 255)


@pytest.mark.parametrize("alpha", [False, True])
def test_grey_in_linear_light_is_brightened_and_stays_grey(*, alpha: bool) -> None:
    image = Image.new("L", (64, 64), 128)
    if alpha:
        image.putalpha(
            Image.linear_gradient("L").resize((64, 64)).point([255 * (a > 20) for a in range(256)])
        )

    data = pictures.encoded(image, "PNG", icc_profile=profiles.linear_grey_profile())

    assert_shown(data, (188, 188, 188))


@pytest.mark.parametrize(
    "profile",
    [
        b"not a profile",
        profiles.display_p3_profile()[:300],
        profiles.linear_grey_profile(),  # made for another kind of pixel
        profiles.display_p3_profile() + bytes(MAX_PROFILE_BYTES),
    ],
    ids=["garbage", "cut off", "for grey", "too large"],
)
def test_an_unusable_profile_is_ignored(profile: bytes) -> None:
    data = patch("RGB", (234, 51, 35), "JPEG", profile)

    assert_shown(data, (234, 51, 35))


def test_cmyk_without_profile_is_shown_in_its_colours() -> None:
    data = patch("CMYK", (0, 255, 255, 0), "JPEG", None)

    assert_shown(data, (255, 0, 0))


def test_cmyk_follows_its_profile() -> None:
    data = patch("CMYK", (255, 0, 0, 0), "JPEG", profiles.all_grey_cmyk_profile())

    (red, green, blue) = shown_colors(data)["display"]
    assert max(red, green, blue) - min(red, green, blue) <= 4
    assert 90 < red < 150


def test_cmyk_paper_is_white() -> None:
    for profile in (None, profiles.all_grey_cmyk_profile()):
        assert_shown(patch("CMYK", (0, 0, 0, 0), "JPEG", profile), (255, 255, 255))


def test_sixteen_bit_grey_keeps_its_steps() -> None:
    levels = [0, 0x4000, 0x8000, 0xC000, 0xFFFF]
    data = pictures.sixteen_bit_grey_png(levels, side=40)

    display = PillowProcessor().process(data, None, pictures.recipes_of(DISPLAY)).renditions[0]

    image = Image.open(BytesIO(display.data)).convert("L")
    shown = [image.getpixel((40 * index + 20, 20)) for index in range(len(levels))]
    expected = [0, 64, 128, 192, 255]
    assert all(abs(int(a) - b) <= 2 for a, b in zip(shown, expected, strict=True)), shown  # type: ignore[arg-type]


def test_the_transparent_level_of_sixteen_bit_grey_is_exactly_one_level() -> None:
    data = pictures.sixteen_bit_grey_png([0x4000, 0x4001, 0x4100], side=40, transparent_level=0x4001)

    display = PillowProcessor().process(data, None, pictures.recipes_of(DISPLAY)).renditions[0]

    alpha = Image.open(BytesIO(display.data)).convert("RGBA").getchannel("A")
    assert [alpha.getpixel((40 * index + 20, 20)) for index in range(3)] == [255, 0, 255]


def test_palettes_are_resolved() -> None:
    image = Image.new("P", (64, 64), 1)
    image.putpalette([0, 0, 0, 12, 140, 230])

    assert_shown(pictures.encoded(image, "PNG"), (12, 140, 230))
    assert_shown(pictures.encoded(image, "GIF"), (12, 140, 230))


def test_a_grey_frame_does_not_take_the_palette_of_its_file() -> None:
    assert_shown(pictures.grey_frame_in_a_colored_gif(level=200), (200, 200, 200))


def test_black_and_white_is_shown() -> None:
    assert_shown(pictures.encoded(Image.new("1", (64, 64), 1), "PNG"), (255, 255, 255))


# Colours without a profile ---------------------------------------------------------------------------------


def shown_patches(data: bytes) -> list[tuple[int, ...]]:
    """The colours of `PATCHES` as they are shown."""
    recipe = {"picture": Recipe(media_type=MediaType.PNG)}
    (file,) = PillowProcessor().process(data, None, recipe).renditions
    image = Image.open(BytesIO(file.data)).convert("RGB")
    half = PATCH // 2
    return [image.getpixel((half + PATCH * at, half)) for at in range(len(PATCHES))]  # type: ignore[misc]


# As Chromium 156 shows them; tests/golden compares with the browser of the machine.
SHOWN_IN_CHROMIUM = {
    "gamma 1": {1: (56, 56, 56), 3: (137, 137, 137), 4: (188, 188, 188), 12: (229, 168, 122)},
    "gamma 2.2": {1: (10, 10, 10), 12: (200, 100, 50)},
    "gamma 2.2 and primaries": {1: (3, 3, 3), 12: (201, 100, 46)},
    "primaries of P3": {12: (216, 93, 24), 13: (0, 154, 206)},
    "numbers before a profile": {12: (215, 93, 31), 13: (0, 153, 205)},
    "curve 1": {4: (121, 121, 121)},
    "HDR 9 16": {4: (132, 132, 132), 7: (255, 255, 255), 12: (255, 0, 0)},
    "HDR 9 18": {4: (99, 99, 99), 6: (189, 189, 189), 12: (230, 48, 17)},
    "profile with numbers of PQ": {4: (132, 132, 132), 12: (255, 0, 0)},
}


@pytest.mark.parametrize("name", SHOWN_IN_CHROMIUM)
def test_a_png_has_the_colors_that_it_says(name: str) -> None:
    shown = shown_patches(COLORED_PNGS[name]())

    for at, expected in SHOWN_IN_CHROMIUM[name].items():
        assert all(abs(a - b) <= 2 for a, b in zip(shown[at], expected, strict=True)), (at, shown[at])


@pytest.mark.parametrize(("numbers", "grey"), [((1, 1), 128), ((1, 8), 188), ((9, 16), 132), ((9, 18), 99)])
def test_an_avif_has_the_colors_that_its_numbers_say(numbers: tuple[int, int], grey: int) -> None:
    shown = shown_patches(colored_avif(nclx(*numbers)))

    assert all(abs(level - grey) <= 3 for level in shown[4])


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_gives_a_warning(transfer: int, name: str) -> None:
    data = colored_png(cicp(9, transfer))

    warnings = PillowProcessor().process(data, None, {}).warnings

    assert warnings == (f"The picture is HDR ({name}); renditions show it toned down to SDR.",)


def test_a_profile_that_is_ignored_is_reported_in_a_warning() -> None:
    data = patch("RGB", (234, 51, 35), "JPEG", b"not a profile")

    (warning,) = PillowProcessor().process(data, None, {}).warnings

    assert "color profile" in warning


def test_numbers_that_nobody_knows_are_reported_in_a_warning() -> None:
    data = colored_png(cicp(1, 99))

    (warning,) = PillowProcessor().process(data, None, {}).warnings

    assert "cICP" in warning


def test_the_base_picture_of_a_gain_map_is_shown() -> None:
    plain = shown_patches(colored_jpeg())

    assert shown_patches(ultra_hdr()) == plain
    assert all(
        abs(a - b) <= 3
        for one, other in zip(shown_patches(avif_with_gain_map()), PATCHES, strict=True)
        for a, b in zip(one, other, strict=True)
    )
