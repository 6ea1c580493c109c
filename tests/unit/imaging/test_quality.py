"""Renditions look like their originals, told by structural similarity and by colour (B2, B4)."""

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageCms, ImageDraw, ImageFilter

from image_store.adapters.imaging import PillowProcessor
from image_store.domain.delivery.renditions import PRESETS, SMART, Fit, Recipe
from image_store.domain.images.media import MediaType
from tests import pictures, profiles
from tests.ssim import ssim

JPEG, PNG, WEBP, AVIF = MediaType.JPEG, MediaType.PNG, MediaType.WEBP, MediaType.AVIF
WITHIN = 0.004
"""How much of its similarity a rendition may lose by being made quickly."""


def shown(data: bytes, recipe: Recipe) -> Image.Image:
    (file,) = PillowProcessor().process(data, None, {"made": recipe}).renditions
    return Image.open(BytesIO(file.data))


def saved(image: Image.Image, file_format: str, **options: Any) -> Image.Image:
    return Image.open(BytesIO(pictures.encoded(image, file_format, **options)))


def on(color: str, image: Image.Image) -> Image.Image:
    ground = Image.new("RGBA", image.size, color)
    ground.alpha_composite(image.convert("RGBA"))
    return ground.convert("RGB")


@cache
def photo(seed: int) -> Image.Image:
    return pictures.scene(2400, 1600, seed=seed)


# Against the slow way --------------------------------------------------------------------------------------

SLOW: dict[MediaType, dict[str, Any]] = {
    JPEG: {"quality": 85},
    WEBP: {"quality": 80, "method": 2},
    AVIF: {"quality": 55, "speed": 6},
}
"""Decoded whole and scaled with Lanczos in one step, then encoded so."""


@pytest.mark.parametrize(
    ("name", "media_type", "at_least"),
    [
        ("display", JPEG, 0.91),
        ("w2048", WEBP, 0.88),
        ("w1280", WEBP, 0.92),
        ("w1280", JPEG, 0.95),
        ("w640", WEBP, 0.935),
        ("w640", JPEG, 0.96),
        ("w640", AVIF, 0.94),
    ],
)
def test_a_rendition_is_as_similar_to_its_original_as_one_made_slowly(
    name: str, media_type: MediaType, at_least: float
) -> None:
    original = photo(1)
    data = pictures.encoded(original, "JPEG", quality=95)
    width = PRESETS[name].recipe.width
    assert width is not None
    size = (width, round(width * 2 / 3))
    ideal = original.resize(size, Image.Resampling.LANCZOS)
    slow = Image.open(BytesIO(data)).resize(size, Image.Resampling.LANCZOS)
    recipe = PRESETS[name].recipe if name == "display" else PRESETS[name].recipe_in(media_type)

    quick = ssim(shown(data, recipe), ideal)

    assert quick >= ssim(saved(slow, media_type.name, **SLOW[media_type]), ideal) - WITHIN
    assert quick >= at_least


@pytest.mark.parametrize("seed", [1, 2])
def test_a_thumb_is_as_similar_to_its_original_as_one_made_slowly(seed: int) -> None:
    original = pictures.scene(1600, 1600, seed=seed)
    data = pictures.encoded(original, "JPEG", quality=95)
    ideal = original.resize((300, 300), Image.Resampling.LANCZOS)
    slow = Image.open(BytesIO(data)).resize((300, 300), Image.Resampling.LANCZOS)

    quick = ssim(shown(data, PRESETS["thumb"].recipe), ideal)

    assert quick >= ssim(saved(slow, "JPEG", quality=70), ideal) - WITHIN
    assert quick >= 0.93


def test_a_rendition_made_from_a_larger_one_is_as_good_as_one_made_from_the_original() -> None:
    original = photo(2)
    data = pictures.encoded(original, "JPEG", quality=95)
    recipes = pictures.recipes_of("display", "w2048", "w1280", "w640")

    chained = PillowProcessor().process(data, None, recipes).renditions

    for file in chained:
        image = Image.open(BytesIO(file.data))
        ideal = original.resize(image.size, Image.Resampling.LANCZOS)
        alone = shown(data, recipes[file.rendition.preset])
        assert ssim(image, ideal) >= ssim(alone, ideal) - WITHIN, file.rendition.preset


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK"])
def test_every_kind_of_pixel_is_as_good(mode: str) -> None:
    picture = pictures.scene(900, 600).convert(mode)
    data = pictures.encoded(
        picture, "JPEG" if mode == "CMYK" else "PNG", **({"quality": 95} if mode == "CMYK" else {})
    )
    ideal = picture.convert("RGB").resize((640, 427), Image.Resampling.LANCZOS)

    assert ssim(shown(data, Recipe(640, media_type=PNG)), ideal) >= (
        0.94 if mode == "P" else 0.97
    )  # dither has no likeness


def test_the_measure_detects_a_blurred_or_shifted_picture() -> None:
    picture = pictures.scene(640, 480)
    blurred, shifted = picture.filter(ImageFilter.GaussianBlur(2)), Image.new("RGB", picture.size)
    shifted.paste(picture, (3, 0))

    assert ssim(picture, picture) == pytest.approx(1)
    assert ssim(picture, saved(picture, "JPEG", quality=95)) > 0.97
    assert ssim(picture, blurred) < 0.85
    assert ssim(picture, shifted) < 0.7
    assert ssim(picture, pictures.scene(640, 480, seed=9)) < 0.4


# Orientation -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("file_format", ["JPEG", "WEBP", "PNG"])
def test_a_turned_photo_is_the_same_picture_in_every_rendition(file_format: str, orientation: int) -> None:
    upright = pictures.scene(360, 240)
    data = pictures.turned(file_format, orientation, image=upright)

    for recipe in (Recipe(media_type=WEBP, quality=98), Recipe(240, media_type=PNG)):
        image = shown(data, recipe)
        assert ssim(image, upright.resize(image.size, Image.Resampling.LANCZOS)) > 0.96


# Colour ----------------------------------------------------------------------------------------------------

CHART = [
    (115, 82, 68), (194, 150, 130), (98, 122, 157), (87, 108, 67), (133, 128, 177), (103, 189, 170),
    (214, 126, 44), (80, 91, 166), (193, 90, 99), (94, 60, 108), (157, 188, 64), (224, 163, 46),
    (56, 61, 150), (70, 148, 73), (175, 54, 60), (231, 199, 31), (187, 86, 149), (60, 140, 160),
    (243, 243, 242), (200, 200, 200), (160, 160, 160), (122, 122, 121), (85, 85, 85), (52, 52, 52),
]  # fmt: skip
"""The patches of the chart that photographers hold into their pictures, in sRGB (the cyan within its gamut)."""
PATCH = 48
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def chart(colors: list[tuple[int, ...]], mode: str = "RGB") -> Image.Image:
    image = Image.new(mode, (6 * PATCH, -(-len(colors) // 6) * PATCH))
    for index, color in enumerate(colors):
        left, top = index % 6 * PATCH, index // 6 * PATCH
        image.paste(color, (left, top, left + PATCH, top + PATCH))
    return image


def patches(image: Image.Image, count: int) -> list[tuple[int, ...]]:
    """The colour in the middle of each patch."""
    image = image.convert("RGB")
    colors = []
    for index in range(count):
        left, top = index % 6 * PATCH + PATCH // 3, index // 6 * PATCH + PATCH // 3
        box = (left, top, left + PATCH // 3, top + PATCH // 3)
        colors.append(tuple(image.resize((1, 1), Image.Resampling.BOX, box).tobytes()))
    return colors


def worst(colors: Sequence[tuple[int, ...]], expected: Sequence[tuple[int, ...]]) -> int:
    """The largest difference of a level in any patch."""
    return max(abs(a - b) for pair in zip(colors, expected, strict=True) for a, b in zip(*pair, strict=True))


PROFILES = {
    "none": None,
    "sRGB": SRGB.tobytes(),
    "Display P3": profiles.display_p3_profile(),
    "Adobe RGB": profiles.adobe_rgb_profile(),
}


@pytest.mark.parametrize("media_type", [JPEG, PNG, WEBP, AVIF])
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("profile", PROFILES)
def test_a_colour_chart_keeps_its_colours_through_every_profile(
    profile: str, file_format: str, media_type: MediaType
) -> None:
    image, icc = chart(list(CHART)), PROFILES[profile]
    if icc is not None:
        wide = ImageCms.ImageCmsProfile(BytesIO(icc))
        converted = ImageCms.profileToProfile(image, SRGB, wide)
        assert converted is not None
        image = converted
    exact: dict[str, Any] = {"PNG": {}, "WEBP": {"lossless": True}}.get(
        file_format, {"quality": 97, "subsampling": 0}
    )
    data = pictures.encoded(image, file_format, icc_profile=icc, **exact)

    colors = patches(shown(data, Recipe(media_type=media_type, quality=90)), len(CHART))

    assert worst(colors, CHART) <= 7


def test_colours_beyond_srgb_stay_as_strong_as_it_can_show_them() -> None:
    """Taken for sRGB the wide colours would look washed out; here they reach the edge."""
    vivid = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255), (255, 0, 255)]
    for icc in (profiles.display_p3_profile(), profiles.adobe_rgb_profile()):
        data = pictures.encoded(chart(list(vivid)), "PNG", icc_profile=icc)

        colors = patches(shown(data, Recipe(media_type=PNG)), len(vivid))

        assert all(max(color) >= 250 and min(color) <= 5 for color in colors), colors


def test_what_a_press_prints_looks_as_printed() -> None:
    inks = [tuple(255 * ink for ink in mix) for mix in profiles.INKS]
    data = pictures.encoded(
        chart(inks, "CMYK"), "JPEG", quality=97, icc_profile=profiles.press_profile(), subsampling=0
    )

    colors = patches(shown(data, Recipe(media_type=PNG)), len(inks))

    # White is adapted to the paper and black compensated, as viewers do.
    assert worst(colors[:7], list(profiles.INKS.values())[:7]) <= 30, colors
    assert max(colors[-1]) <= 40


@pytest.mark.parametrize("media_type", [JPEG, PNG, WEBP])
def test_sixteen_bit_colours_keep_their_high_bits(media_type: MediaType) -> None:
    levels = [(0x7300, 0x5280, 0x44FF), (0xFFFF, 0x8000, 0x0000), (0x2020, 0x4040, 0xC0C0)]

    image = shown(pictures.sixteen_bit_rgb_png(levels), Recipe(media_type=media_type, quality=90)).convert(
        "RGB"
    )

    colors = [tuple(image.crop((64 * index + 32, 32, 64 * index + 33, 33)).tobytes()) for index in range(3)]
    expected = [tuple(level >> 8 for level in color) for color in levels]
    assert worst(colors, expected) <= 5


# Transparency ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("media_type", [PNG, WEBP, AVIF])
@pytest.mark.parametrize("ground", ["white", "black", "#c02040"])
def test_a_transparent_photo_looks_right_on_light_and_dark(ground: str, media_type: MediaType) -> None:
    picture = pictures.scene(800, 600)
    picture.putalpha(
        Image.radial_gradient("L").resize((800, 600)).point([max(0, 255 - 2 * a) for a in range(256)])
    )
    ideal = on(ground, picture).resize((400, 300), Image.Resampling.LANCZOS)

    image = shown(pictures.encoded(picture, "PNG"), Recipe(400, media_type=media_type))

    assert ssim(on(ground, image), ideal) >= 0.93


@pytest.mark.parametrize("mode", ["P", "LA"])
def test_palettes_and_greys_with_transparency_look_right_on_light_and_dark(mode: str) -> None:
    picture = pictures.drawing(600, 400, transparent=True).convert(mode)
    data = pictures.encoded(picture, "PNG")

    image = shown(data, Recipe(300, media_type=WEBP))

    for ground in ("white", "black"):
        ideal = on(ground, picture).resize((300, 200), Image.Resampling.LANCZOS)
        assert ssim(on(ground, image), ideal) >= 0.94


# Smart crop ------------------------------------------------------------------------------------------------

SKIN = (224, 150, 110)


@cache
def ground_of(kind: str, width: int, height: int) -> Image.Image:
    if kind == "plain":
        return Image.new("RGB", (width, height), (190, 200, 205))
    if kind == "sky":
        return (
            Image.linear_gradient("L")
            .resize((width, height))
            .convert("RGB")
            .point([min(255, 90 + level // 2) for level in range(256)] * 3)
        )
    if kind == "grain":
        rough = pictures.scene(width, height, seed=4).convert("L").convert("RGB")
        return Image.blend(rough, Image.new("RGB", rough.size, (110, 120, 112)), 0.85)
    return pictures.scene(width, height, seed=4).filter(ImageFilter.GaussianBlur(width // 30))


@cache
def with_subject(kind: str, width: int, height: int, place: float) -> tuple[bytes, float]:
    """A picture with a face in it, its middle at a share of the longer side, and how large it is of the shorter."""
    image = ground_of(kind, width, height).copy()
    radius = min(width, height) // 6
    x, y = (int(place * width), height // 2) if width > height else (width // 2, int(place * height))
    draw = ImageDraw.Draw(image)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=SKIN, outline=(60, 30, 20), width=3)
    for side in (-1, 1):
        eye = (x + side * radius // 2, y - radius // 4)
        draw.ellipse((eye[0] - 6, eye[1] - 6, eye[0] + 6, eye[1] + 6), fill=(20, 20, 30))
    draw.arc((x - radius // 2, y, x + radius // 2, y + radius // 2), 10, 170, fill=(150, 30, 40), width=5)
    return pictures.encoded(image, "JPEG", quality=92), radius * 2 / min(width, height)


LAYOUTS = [
    (kind, *size, place)
    for kind in ("plain", "sky", "grain", "blurred")
    for size in ((900, 500), (1000, 400), (500, 900))
    for place in (0.2, 0.35, 0.65, 0.8)
]
"""48 pictures of which is known where to look."""


@pytest.mark.parametrize(("kind", "width", "height", "place"), LAYOUTS)
@pytest.mark.parametrize("shape", [(300, 300), (200, 240)])
def test_a_smart_crop_keeps_the_subject_in_view(
    shape: tuple[int, int], kind: str, width: int, height: int, place: float
) -> None:
    data, share = with_subject(kind, width, height, place)

    image = shown(data, Recipe(*shape, Fit.COVER, SMART, JPEG))

    seen = _like(image, SKIN).filter(ImageFilter.MedianFilter(5)).getbbox()
    assert seen is not None
    whole = share * (image.height if width > height else image.width)
    assert min(seen[2] - seen[0], seen[3] - seen[1]) >= 0.85 * whole


def _like(image: Image.Image, color: tuple[int, int, int]) -> Image.Image:
    """White where a picture is about of a color, black elsewhere."""
    near = [
        band.point([255 * (abs(level - expected_level) < 32) for level in range(256)])
        for band, expected_level in zip(image.split(), color, strict=True)
    ]
    return ImageChops.darker(ImageChops.darker(near[0], near[1]), near[2])
