"""A recipe is followed: size, fit, gravity, format and quality (B2, B3)."""

from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image, ImageChops, ImageStat

from image_store.adapters.imaging import PillowProcessor
from image_store.domain.delivery.renditions import (
    CENTER,
    MAX_SIDE_PX,
    PRESETS,
    RENDITION_TYPES,
    SMART,
    Fit,
    Gravity,
    Recipe,
)
from image_store.domain.errors import ContentTypeMismatch
from image_store.domain.images.media import MediaType, sniff
from image_store.domain.images.processing import RenderedFile
from tests import pictures

RED, GREEN, BLUE, YELLOW = (220, 30, 30), (30, 200, 30), (30, 30, 220), (230, 220, 30)
JPEG, PNG, WEBP, AVIF = MediaType.JPEG, MediaType.PNG, MediaType.WEBP, MediaType.AVIF


def render(data: bytes, recipe: Recipe) -> RenderedFile:
    (file,) = PillowProcessor().process(data, None, {"made": recipe}).renditions
    return file


def opened(file: RenderedFile) -> Image.Image:
    image = Image.open(BytesIO(file.data))
    image.load()
    return image


def on(color: str, image: Image.Image) -> Image.Image:
    """The picture laid on a colour."""
    ground = Image.new("RGBA", image.size, color)
    ground.alpha_composite(image.convert("RGBA"))
    return ground.convert("RGB")


def color_at(image: Image.Image, x: float, y: float) -> tuple[int, ...]:
    color = image.convert("RGB").getpixel((int(x * image.width), int(y * image.height)))
    assert isinstance(color, tuple)
    return tuple(int(level) for level in color)


def is_close(color: tuple[int, ...], expected: tuple[int, ...], *, within: int = 14) -> bool:
    return all(abs(a - b) <= within for a, b in zip(color, expected, strict=True))


def levels(image: Image.Image) -> list[int]:
    """The levels of grey that occur, from dark to light."""
    return [level for level, count in enumerate(image.convert("L").histogram()) if count]


def difference(first: Image.Image, second: Image.Image) -> float:
    bands = ImageStat.Stat(ImageChops.difference(first.convert("RGB"), second.convert("RGB"))).mean
    return float(sum(bands) / len(bands))


# Sizes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("recipe", "landscape", "portrait", "small"),
    [
        (Recipe(), (600, 400), (400, 600), (40, 30)),
        (Recipe(300), (300, 200), (300, 450), (40, 30)),
        (Recipe(None, 300), (450, 300), (200, 300), (40, 30)),
        (Recipe(300, 300), (300, 200), (200, 300), (40, 30)),
        (Recipe(300, 100, Fit.CONTAIN), (150, 100), (67, 100), (40, 30)),
        (Recipe(300, 300, Fit.COVER), (300, 300), (300, 300), (30, 30)),
        (Recipe(300, 100, Fit.COVER, SMART), (300, 100), (300, 100), (40, 13)),
        (Recipe(1000, 500, Fit.COVER), (600, 300), (400, 200), (40, 20)),
        (Recipe(500, 1000, Fit.COVER), (200, 400), (300, 600), (15, 30)),
        (Recipe(300, None, Fit.COVER), (300, 200), (300, 450), (40, 30)),
        (Recipe(300, 300, Fit.PAD), (300, 300), (300, 300), (300, 300)),
        (Recipe(900, 700, Fit.PAD), (900, 700), (900, 700), (900, 700)),
        (Recipe(300, None, Fit.PAD), (300, 200), (300, 450), (40, 30)),
        (Recipe(MAX_SIDE_PX, MAX_SIDE_PX), (600, 400), (400, 600), (40, 30)),
        (Recipe(1, 1, Fit.COVER), (1, 1), (1, 1), (1, 1)),
        (Recipe(1), (1, 1), (1, 2), (1, 1)),
    ],
)
def test_a_rendition_has_the_size_of_its_recipe_and_is_never_enlarged(
    recipe: Recipe, landscape: tuple[int, int], portrait: tuple[int, int], small: tuple[int, int]
) -> None:
    sources = [(600, 400), (400, 600), (40, 30)]

    sizes = [opened(render(pictures.jpeg(*source), recipe)).size for source in sources]

    assert sizes == [landscape, portrait, small]


@pytest.mark.parametrize("media_type", RENDITION_TYPES)
@pytest.mark.parametrize("recipe", [Recipe(640), Recipe(), Recipe(300, fit=Fit.PAD)])
def test_a_very_long_picture_is_made_as_long_as_its_format_can_hold(
    recipe: Recipe, media_type: MediaType
) -> None:
    data = pictures.encoded(Image.new("RGB", (300, 40_000), RED), "PNG")

    image = opened(render(data, replace(recipe, media_type=media_type)))

    assert image.size == (123, 16_383)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_width_is_that_of_the_upright_picture(orientation: int) -> None:
    data = pictures.turned("JPEG", orientation, width=2600, height=650)

    image = opened(render(data, Recipe(640, media_type=WEBP)))

    assert image.size == (640, 160)
    assert is_close(color_at(image, 0.9, 0.1), GREEN)


def test_a_narrow_rendition_of_a_turned_picture_is_as_sharp_as_of_an_upright_one() -> None:
    upright = pictures.scene(700, 2800)
    turned = pictures.encoded(
        upright.transpose(Image.Transpose.ROTATE_90), "JPEG", quality=92, exif=pictures.exif(orientation=6)
    )
    expected = upright.resize((640, 2560), Image.Resampling.LANCZOS)

    image = opened(render(turned, Recipe(640, media_type=PNG)))

    assert difference(image, expected) < 4


# Fits and gravity ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("gravity", "color"),
    [
        (Gravity(0, 0), RED),
        (Gravity(1, 0), GREEN),
        (Gravity(1, 1), BLUE),
        (Gravity(0.1, 0.9), YELLOW),
    ],
)
def test_a_cover_keeps_its_point_in_view_for_every_orientation(
    orientation: int, gravity: Gravity, color: tuple[int, ...]
) -> None:
    wide = Recipe(120, 30, Fit.COVER, gravity, PNG)
    tall = Recipe(30, 120, Fit.COVER, gravity, PNG)
    data = pictures.turned("PNG", orientation, width=640, height=400)

    strip, column = opened(render(data, wide)), opened(render(data, tall))

    near = (min(0.95, max(0.05, gravity.x)), min(0.95, max(0.05, gravity.y)))
    assert (strip.size, column.size) == ((120, 30), (30, 120))
    assert is_close(color_at(strip, *near), color)
    assert is_close(color_at(column, *near), color)


def test_a_cover_in_the_middle_shows_the_same_on_both_sides() -> None:
    data = pictures.encoded(pictures.quadrants(600, 200), "PNG")

    image = opened(render(data, Recipe(100, 100, Fit.COVER, CENTER, PNG)))

    corners = [color_at(image, x, y) for x, y in ((0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7))]
    assert all(is_close(*pair) for pair in zip(corners, [RED, GREEN, BLUE, YELLOW], strict=True)), corners


def test_a_point_off_the_middle_is_put_into_the_middle_where_there_is_room() -> None:
    image = Image.new("RGB", (1000, 100), "white")
    image.paste((220, 30, 30), (690, 40, 710, 60))

    cut = opened(render(pictures.encoded(image, "PNG"), Recipe(100, 100, Fit.COVER, Gravity(0.7, 0.5), PNG)))

    assert is_close(color_at(cut, 0.5, 0.5), RED)
    assert is_close(color_at(cut, 0.2, 0.5), (255, 255, 255))


@pytest.mark.parametrize("media_type", RENDITION_TYPES)
def test_a_padded_picture_lies_on_nothing_or_in_a_jpeg_on_white(media_type: MediaType) -> None:
    data = pictures.encoded(Image.new("RGB", (200, 100), RED), "PNG")

    image = opened(render(data, Recipe(120, 120, Fit.PAD, media_type=media_type)))

    assert is_close(color_at(on("white", image), 0.5, 0.1), (255, 255, 255))
    assert is_close(color_at(image, 0.5, 0.5), RED)
    ground = (255, 255, 255) if media_type is JPEG else (0, 0, 0)
    assert is_close(color_at(on("black", image), 0.5, 0.1), ground)


@pytest.mark.parametrize(
    ("gravity", "filled"),
    [(CENTER, 0.5), (SMART, 0.5), (Gravity(0.5, 0), 0.05), (Gravity(0.5, 1), 0.95)],
)
def test_gravity_says_where_on_its_canvas_a_padded_picture_lies(gravity: Gravity, filled: float) -> None:
    data = pictures.encoded(Image.new("L", (200, 20), 0), "PNG")

    image = opened(render(data, Recipe(100, 100, Fit.PAD, gravity, JPEG)))

    dark = [place for place in (0.05, 0.5, 0.95) if color_at(image, 0.5, place)[0] < 60]
    assert image.mode == "L"
    assert dark == [filled]


def test_a_picture_as_large_as_its_canvas_gets_no_margin() -> None:
    file = render(pictures.encoded(pictures.quadrants(300, 300), "PNG"), Recipe(100, 100, Fit.PAD))

    assert file.rendition.media_type in (JPEG, PNG)
    assert opened(file).mode in ("P", "RGB")


# Formats and quality ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("media_type", RENDITION_TYPES)
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "CMYK", "P", "1"])
def test_every_format_is_made_of_every_kind_of_pixel(mode: str, media_type: MediaType) -> None:
    image = pictures.scene(120, 80).convert(mode)
    data = pictures.encoded(image, "JPEG" if mode == "CMYK" else "PNG")

    file = render(data, Recipe(60, media_type=media_type))

    assert file.rendition.media_type is sniff(file.data) is media_type
    assert opened(file).size == (60, 40)
    assert difference(opened(file), image.convert("RGB").resize((60, 40))) < 12


@pytest.mark.parametrize("media_type", [JPEG, WEBP, AVIF])
def test_quality_is_applied(media_type: MediaType) -> None:
    data = pictures.png(400, 300)

    sizes = [
        render(data, Recipe(media_type=media_type, quality=quality)).rendition.size_bytes
        for quality in (1, 30, 60, 90, 100)
    ]

    assert sizes == sorted(set(sizes))


def test_png_loses_nothing() -> None:
    picture = pictures.scene(200, 100)

    file = render(pictures.encoded(picture, "PNG"), Recipe(media_type=PNG, quality=1))

    assert ImageChops.difference(opened(file), picture).getbbox() is None


@pytest.mark.parametrize("name", [name for name, preset in PRESETS.items() if not preset.at_upload])
@pytest.mark.parametrize("media_type", [WEBP, AVIF, JPEG])
def test_presets_on_request_come_in_the_formats_they_promise(name: str, media_type: MediaType) -> None:
    original = pictures.scene(2100, 700)
    preset = PRESETS[name]

    file = render(pictures.encoded(original, "JPEG", quality=92), preset.recipe_in(media_type))

    image = opened(file)
    width = preset.recipe.width
    assert width is not None
    assert image.size == (width, round(width / 3))
    assert difference(image, original.resize(image.size, Image.Resampling.LANCZOS)) < 5


def test_bytes_of_another_type_than_is_known_are_refused() -> None:
    with pytest.raises(ContentTypeMismatch, match="image/jpeg, and not image/png"):
        PillowProcessor().process(pictures.jpeg(64, 48), PNG, {})


# Transparency ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("media_type", [PNG, WEBP, AVIF])
@pytest.mark.parametrize("fit", [Fit.SCALE_DOWN, Fit.COVER, Fit.PAD])
def test_hidden_colours_leave_no_fringe_on_light_or_dark(fit: Fit, media_type: MediaType) -> None:
    # A white disc that fades out, and over it black hidden below full transparency; and the reverse.
    white_disc = pictures.faded(900, 900)
    black_disc = Image.merge(
        "RGBA", [ImageChops.invert(band) for band in white_disc.split()[:3]] + [white_disc.getchannel("A")]
    )
    recipe = Recipe(200, 200, fit, media_type=media_type)

    white = opened(render(pictures.encoded(white_disc, "PNG"), recipe))
    black = opened(render(pictures.encoded(black_disc, "PNG"), recipe))

    assert levels(on("white", white))[0] >= 245
    assert levels(on("black", black))[-1] <= 10
    assert color_at(on("black", white), 0.5, 0.5) >= (240, 240, 240)


@pytest.mark.parametrize("fit", list(Fit))
def test_a_jpeg_of_a_transparent_picture_lies_on_white(fit: Fit) -> None:
    data = pictures.encoded(pictures.faded(500, 500), "PNG")

    image = opened(render(data, Recipe(160, 120, fit, media_type=JPEG)))

    assert levels(image)[0] >= 250


# From one decode -------------------------------------------------------------------------------------------


def test_renditions_are_the_same_whether_made_alone_or_together() -> None:
    data = pictures.jpeg(2800, 2100)
    recipes = {name: preset.recipe for name, preset in PRESETS.items()}
    recipes |= {"card": Recipe(600, 400, Fit.COVER, SMART, WEBP), "box": Recipe(500, 500, Fit.PAD)}

    together = PillowProcessor().process(data, JPEG, recipes)

    assert [file.rendition.preset for file in together.renditions] == list(recipes)
    for file in together.renditions:
        alone = opened(render(data, recipes[file.rendition.preset]))
        assert difference(opened(file), alone) < 4, file.rendition.preset
