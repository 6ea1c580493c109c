"""Renditions look like the original, are no larger than they need be, and carry nothing else (B2, B4)."""

from io import BytesIO

import pytest
from PIL import Image, ImageChops, ImageStat

from image_store.adapters.imaging import PillowProcessor
from image_store.domain.delivery.renditions import DISPLAY, THUMB, UPLOAD_RECIPES
from image_store.domain.images.media import MediaType, sniff
from image_store.domain.images.processing import ProcessedImage, RenderedFile
from tests import pictures

# pytest's filters replace those of the adapter, which does not let odd metadata raise warnings.
pytestmark = pytest.mark.filterwarnings(r"ignore::UserWarning:PIL\.")

RED, GREEN, BLUE, YELLOW = (220, 30, 30), (30, 200, 30), (30, 30, 220), (230, 220, 30)


def process(data: bytes) -> ProcessedImage:
    return PillowProcessor().process(data, None, UPLOAD_RECIPES)


def rendition(data: bytes, preset: str) -> RenderedFile:
    (file,) = PillowProcessor().process(data, None, pictures.recipes_of(preset)).renditions
    return file


def opened(file: RenderedFile) -> Image.Image:
    image = Image.open(BytesIO(file.data))
    image.load()
    return image


def color_at(image: Image.Image, x: float, y: float) -> tuple[int, ...]:
    """The colour at a place given as shares of width and height."""
    color = image.convert("RGB").getpixel((int(x * image.width), int(y * image.height)))
    assert isinstance(color, tuple)
    return tuple(int(level) for level in color)


def is_close(color: tuple[int, ...], expected: tuple[int, ...], *, within: int = 12) -> bool:
    return all(abs(a - b) <= within for a, b in zip(color, expected, strict=True))


def difference(first: Image.Image, second: Image.Image) -> float:
    """The mean difference of two pictures of one size, in levels of 255."""
    bands = ImageStat.Stat(ImageChops.difference(first.convert("RGB"), second.convert("RGB"))).mean
    return float(sum(bands) / len(bands))


def darkest_level(image: Image.Image) -> int:
    """The lowest level of grey in a picture."""
    return next(level for level, count in enumerate(image.convert("L").histogram()) if count)


# Sizes and formats -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", pictures.every_format())
def test_every_accepted_format_becomes_its_renditions_and_a_placeholder(name: str) -> None:
    data = pictures.every_format()[name]

    processed = process(data)

    assert (processed.width, processed.height) == (96, 64)
    assert processed.media_type is sniff(data)
    assert [file.rendition.preset for file in processed.renditions] == ["thumb", "display"]
    for file in processed.renditions:
        image = opened(file)
        assert image.size == (file.rendition.width, file.rendition.height)
        assert sniff(file.data) is file.rendition.media_type
        assert len(file.data) == file.rendition.size_bytes


def test_thumb_is_a_square_of_300_pixels_in_jpeg() -> None:
    file = rendition(pictures.jpeg(800, 500), THUMB)

    assert opened(file).size == (300, 300)
    assert file.rendition.media_type is MediaType.JPEG


@pytest.mark.parametrize(
    ("size", "thumb", "display"),
    [
        ((3000, 2000), (300, 300), (2048, 1365)),
        ((2049, 600), (300, 300), (2048, 600)),
        ((2048, 64), (64, 64), (2048, 64)),
        ((3500, 310), (300, 300), (2048, 181)),
        ((301, 5), (5, 5), (301, 5)),
        ((1, 1), (1, 1), (1, 1)),
        ((5000, 1), (1, 1), (2048, 1)),
        ((1, 700), (1, 1), (1, 700)),
        ((3, 60_000), (3, 3), (1, 2048)),
    ],
)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
def test_renditions_are_as_large_as_they_may_be_and_never_enlarged(
    file_format: str, size: tuple[int, int], thumb: tuple[int, int], display: tuple[int, int]
) -> None:
    data = pictures.encoded(Image.linear_gradient("L").resize(size).convert("RGB"), file_format)

    sizes = [opened(file).size for file in process(data).renditions]

    assert sizes == [thumb, display]


def test_only_the_presets_asked_for_are_made_in_the_order_asked() -> None:
    data = pictures.jpeg(400, 300)

    both = PillowProcessor().process(data, None, pictures.recipes_of(DISPLAY, THUMB))
    none = PillowProcessor().process(data, None, {})

    assert [file.rendition.preset for file in both.renditions] == ["display", "thumb"]
    assert none.renditions == ()
    assert none.placeholder.color.startswith("#")


def test_display_of_a_photo_is_a_progressive_jpeg_that_looks_like_it() -> None:
    original = pictures.scene(1200, 900)

    image = opened(rendition(pictures.encoded(original, "PNG"), DISPLAY))

    assert (image.format, image.info.get("progressive")) == ("JPEG", 1)
    assert difference(image, original) < 4


def test_display_of_a_large_photo_looks_like_it_though_it_was_decoded_at_half_its_size() -> None:
    original = pictures.scene(4200, 1050)
    expected = original.resize((2048, 512), Image.Resampling.LANCZOS)

    image = opened(rendition(pictures.encoded(original, "JPEG", quality=92), DISPLAY))

    assert difference(image, expected) < 4


def test_thumb_of_a_large_photo_looks_like_it_though_it_was_decoded_at_an_eighth() -> None:
    original = pictures.scene(2400, 2400)
    expected = original.resize((300, 300), Image.Resampling.LANCZOS)

    image = opened(rendition(pictures.encoded(original, "JPEG", quality=92), THUMB))

    assert difference(image, expected) < 4


def test_thumb_is_the_same_whether_made_alone_or_with_display() -> None:
    data = pictures.jpeg(2400, 2400)

    alone = opened(rendition(data, THUMB))
    with_display = opened(process(data).renditions[0])

    assert difference(alone, with_display) < 3


def test_flat_art_stays_exact_in_a_png_where_that_is_smaller() -> None:
    art = pictures.drawing(600, 400)

    file = rendition(pictures.encoded(art, "PNG"), DISPLAY)

    assert file.rendition.media_type is MediaType.PNG
    assert ImageChops.difference(opened(file).convert("RGB"), art).getbbox() is None
    assert file.rendition.size_bytes < len(pictures.encoded(art, "JPEG", quality=85))


def test_transparent_flat_art_stays_exact_in_a_png_where_that_is_smaller() -> None:
    art = pictures.drawing(128, 96, transparent=True)

    file = rendition(pictures.encoded(art, "PNG"), DISPLAY)

    assert file.rendition.media_type is MediaType.PNG
    assert ImageChops.difference(opened(file).convert("RGBA"), art).getbbox(alpha_only=False) is None


def test_a_dithered_gif_does_not_become_a_larger_png() -> None:
    data = pictures.encoded(pictures.scene(400, 300).quantize(256), "GIF")

    file = rendition(data, DISPLAY)

    assert file.rendition.media_type is MediaType.JPEG


@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
def test_grey_pictures_stay_grey(file_format: str) -> None:
    data = pictures.encoded(pictures.scene(500, 400).convert("L"), file_format)

    modes = {opened(file).mode for file in process(data).renditions}

    assert modes == {"L"}


@pytest.mark.parametrize("file_format", ["GIF", "PNG", "WEBP", "AVIF"])
def test_all_frames_of_an_animation_are_counted_and_the_first_represents_it(file_format: str) -> None:
    data = pictures.animation(file_format, frames=4)

    processed = process(data)

    assert processed.frames == 4
    for file in processed.renditions:
        assert is_close(color_at(opened(file), 0.9, 0.9), (210, 30, 30))


def test_a_still_picture_has_one_frame() -> None:
    assert {process(data).frames for data in (pictures.jpeg(64, 64), pictures.gif(64, 64))} == {1}


def test_further_pictures_inside_a_jpeg_are_not_an_animation() -> None:
    main, preview = pictures.quadrants(800, 600), Image.new("RGB", (80, 60))
    data = pictures.encoded(main, "MPO", save_all=True, append_images=[preview])

    processed = process(data)

    assert (processed.media_type, processed.frames) == (MediaType.JPEG, 1)
    assert is_close(color_at(opened(processed.renditions[1]), 0.1, 0.1), RED)


# Orientation -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_every_orientation_is_seen_the_same_way_up(file_format: str, orientation: int) -> None:
    data = pictures.turned(file_format, orientation, width=640, height=400)

    processed = process(data)

    assert (processed.width, processed.height) == (640, 400)
    thumb, display = (opened(file) for file in processed.renditions)
    assert (thumb.size, display.size) == ((300, 300), (640, 400))
    for image in (thumb, display):
        corners = [color_at(image, x, y) for x, y in ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9))]
        expected = [RED, GREEN, BLUE, YELLOW]
        assert all(is_close(*pair) for pair in zip(corners, expected, strict=True)), corners


@pytest.mark.parametrize("presets", [(THUMB, DISPLAY), (THUMB,), ()])
def test_placeholder_of_a_turned_picture_is_that_of_the_upright_one(presets: tuple[str, ...]) -> None:
    processor, recipes = PillowProcessor(), pictures.recipes_of(*presets)
    stored_upright = pictures.turned("PNG", 1, width=512, height=384)
    stored_turned = pictures.turned("PNG", 6, width=512, height=384)

    upright = processor.process(stored_upright, None, recipes).placeholder
    turned = processor.process(stored_turned, None, recipes).placeholder

    assert turned == upright


@pytest.mark.parametrize("broken", [b"Exif\x00\x00garbage", b"Exif\x00\x00II*\x00\xff\xff\xff\xff", b"\x00"])
def test_broken_exif_does_not_spoil_the_picture(broken: bytes) -> None:
    data = pictures.encoded(pictures.quadrants(), "JPEG", exif=broken)

    display = opened(process(data).renditions[1])

    assert is_close(color_at(display, 0.1, 0.1), RED)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_leaves_the_picture_as_it_is(orientation: int) -> None:
    data = pictures.encoded(pictures.quadrants(), "JPEG", exif=pictures.exif(orientation=orientation))

    processed = process(data)

    assert (processed.width, processed.height) == (400, 300)
    assert is_close(color_at(opened(processed.renditions[1]), 0.1, 0.1), RED)


# Transparency ----------------------------------------------------------------------------------------------


def test_thumb_of_a_transparent_picture_lies_on_white_without_dark_fringe() -> None:
    data = pictures.encoded(pictures.faded(900, 900), "PNG")

    thumb = opened(rendition(data, THUMB))

    assert (
        darkest_level(thumb) >= 250
    )  # a white disc fading out on white; hidden black would show as a grey ring


def test_display_of_a_transparent_picture_has_no_dark_fringe_on_light() -> None:
    data = pictures.encoded(pictures.faded(2200, 2200), "PNG", compress_level=1)

    display = opened(rendition(data, DISPLAY)).convert("RGBA")

    on_white = Image.new("RGBA", display.size, "white")
    on_white.alpha_composite(display)
    assert display.size == (2048, 2048)
    assert darkest_level(on_white) >= 245


def test_display_keeps_transparency_in_a_webp() -> None:
    image = pictures.scene(300, 300)
    image.putalpha(Image.linear_gradient("L").resize((300, 300)))

    file = rendition(pictures.encoded(image, "PNG"), DISPLAY)

    assert file.rendition.media_type is MediaType.WEBP
    alpha = opened(file).convert("RGBA").getchannel("A")
    assert difference(alpha.convert("RGB"), image.getchannel("A").convert("RGB")) < 2


def test_an_alpha_channel_that_hides_nothing_is_dropped() -> None:
    data = pictures.encoded(pictures.scene(400, 300).convert("RGBA"), "PNG")

    file = rendition(data, DISPLAY)

    assert file.rendition.media_type is MediaType.JPEG


@pytest.mark.parametrize("mode", ["P", "1", "L", "RGB"])
def test_a_transparent_colour_is_transparent(mode: str) -> None:
    image = Image.new("1", (64, 64))
    image.paste(1, (32, 0, 64, 64))
    data = pictures.encoded(image.convert(mode), "PNG", transparency={"RGB": (0, 0, 0)}.get(mode, 0))

    thumb, display = (opened(file) for file in process(data).renditions)

    alpha = display.convert("RGBA").getchannel("A")
    assert (alpha.getpixel((10, 10)), alpha.getpixel((50, 10))) == (0, 255)
    assert is_close(color_at(thumb, 0.2, 0.2), (255, 255, 255))


def test_grey_with_alpha_keeps_both() -> None:
    image = Image.new("LA", (64, 64), (90, 255))
    image.paste((200, 0), (0, 0, 32, 64))

    file = rendition(pictures.encoded(image, "PNG"), DISPLAY)

    display = opened(file).convert("RGBA")
    assert display.getpixel((10, 10))[3] == 0  # type: ignore[index]
    assert is_close(display.getpixel((50, 10)), (90, 90, 90, 255), within=4)  # type: ignore[arg-type]
