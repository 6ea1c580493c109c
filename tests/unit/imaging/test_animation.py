"""Animations keep moving in the display rendition, within bounds (B2)."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageDraw

from image_store.adapters.imaging import DecodeLimits, PillowProcessor
from image_store.domain.delivery.renditions import DISPLAY, SMART, THUMB, UPLOAD_RECIPES, Fit, Gravity, Recipe
from image_store.domain.images.media import MediaType
from image_store.domain.images.processing import ProcessedImage, RenderedFile
from tests import pictures, profiles
from tests.odd_pictures.animations import GREEN, ODD_APNGS, RED, gif_with_small_frame

DURATIONS = [80, 90, 200, 150]
FEWER_FRAMES_THAN_DECLARED = ("declares 5 and has 3", "a number that is left out", "a frame outside")
MOVING_FORMATS = ["GIF", "PNG", "WEBP", "AVIF"]


def film(width: int = 96, height: int = 64, *, transparent: bool = False) -> list[Image.Image]:
    """Four frames: a white square wanders over blue, or over nothing."""
    frames = []
    for index in range(4):
        frame = Image.new("RGBA", (width, height), (30, 30, 200, 0 if transparent else 255))
        left, top = index * width // 4, height // 3
        ImageDraw.Draw(frame).rectangle((left, top, left + width // 5, top + height // 3), fill="white")
        frames.append(frame if transparent else frame.convert("RGB"))
    return frames


def animated(file_format: str, frames: list[Image.Image], **options: Any) -> bytes:
    first, *others = frames
    exact: dict[str, dict[str, Any]] = {"WEBP": {"lossless": True}, "GIF": {"disposal": 2}}
    options = {"duration": DURATIONS[: len(frames)], "loop": 0, **exact.get(file_format, {}), **options}
    return pictures.encoded(first, file_format, save_all=True, append_images=others, **options)


def process(data: bytes, **limits: Any) -> ProcessedImage:
    return PillowProcessor(DecodeLimits(**limits)).process(data, None, UPLOAD_RECIPES)


def by_name(processed: ProcessedImage, name: str) -> RenderedFile:
    return next(file for file in processed.renditions if file.rendition.preset == name)


def frames_of(file: RenderedFile) -> list[tuple[Image.Image, int]]:
    """Every frame and how long it is shown."""
    image = Image.open(BytesIO(file.data))
    frames = []
    for index in range(getattr(image, "n_frames", 1)):
        image.seek(index)
        image.load()
        frames.append((image.convert("RGBA"), round(image.info.get("duration", 0))))
    return frames


def square_left(frame: Image.Image) -> float:
    """Where the white square begins, as a share of the width."""
    bright = [255 * (level > 200) for level in range(256)]
    white = Image.new("RGBA", frame.size, (30, 30, 200, 255))
    white.alpha_composite(frame)
    box = white.getchannel("R").point(bright).getbbox()
    assert box is not None
    return box[0] / frame.width


@pytest.mark.parametrize("file_format", MOVING_FORMATS)
def test_display_of_an_animation_is_an_animated_webp_with_its_pace(file_format: str) -> None:
    processed = process(animated(file_format, film()))

    display = by_name(processed, DISPLAY)
    frames = frames_of(display)
    assert (processed.frames, processed.warnings) == (4, ())
    assert display.rendition.media_type is MediaType.WEBP
    assert [duration for _, duration in frames] == DURATIONS
    lefts = [square_left(frame) for frame, _ in frames]
    assert all(abs(left - index / 4) < 0.04 for index, left in enumerate(lefts)), lefts


@pytest.mark.parametrize("file_format", MOVING_FORMATS)
def test_thumb_and_what_asks_for_no_animation_show_the_first_frame(file_format: str) -> None:
    recipes = {THUMB: UPLOAD_RECIPES[THUMB], "w640": Recipe(640, media_type=MediaType.WEBP)}

    processed = PillowProcessor().process(animated(file_format, film()), None, recipes)

    for file in processed.renditions:
        ((frame, _),) = frames_of(file)
        assert square_left(frame) < 0.04
    assert processed.warnings == ()


@pytest.mark.parametrize("file_format", ["GIF", "PNG", "WEBP"])
def test_a_transparent_animation_shows_each_frame_alone(file_format: str) -> None:
    processed = process(animated(file_format, film(transparent=True)))

    frames = [frame for frame, _ in frames_of(by_name(processed, DISPLAY))]
    assert len(frames) == 4
    for index, frame in enumerate(frames):
        middle = (int((index / 4 + 0.1) * frame.width), frame.height // 2)
        assert frame.getpixel(middle)[3] == 255  # type: ignore[index]
        assert frame.getpixel((frame.width - 1, 2))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize(
    ("file_format", "loop", "plays"),
    [("GIF", 0, 0), ("GIF", 2, 3), ("GIF", None, 1), ("WEBP", 3, 3), ("WEBP", 0, 0), ("PNG", 5, 5)],
)
def test_an_animation_plays_as_often_as_it_was_meant_to(
    file_format: str, loop: int | None, plays: int
) -> None:
    frames = film()
    options = {} if loop is None else {"loop": loop}
    data = pictures.encoded(frames[0], file_format, save_all=True, append_images=frames[1:], **options)

    display = Image.open(BytesIO(by_name(process(data), DISPLAY).data))

    assert display.info["loop"] == plays


@pytest.mark.parametrize("duration", [0, 10])
def test_a_frame_that_is_shown_for_no_time_is_shown_for_as_long_as_browsers_do(duration: int) -> None:
    data = animated("GIF", film(), duration=duration)

    durations = [shown for _, shown in frames_of(by_name(process(data), DISPLAY))]

    assert durations == [100] * 4


@pytest.mark.parametrize(
    ("recipe", "size"),
    [
        (Recipe(48, animated=True), (48, 32)),
        (Recipe(32, 32, Fit.COVER, SMART, animated=True), (32, 32)),
        (Recipe(32, 32, Fit.COVER, Gravity(0, 0), MediaType.WEBP, animated=True), (32, 32)),
        (Recipe(120, 120, Fit.PAD, animated=True), (120, 120)),
    ],
)
def test_every_fit_can_move(recipe: Recipe, size: tuple[int, int]) -> None:
    (file,) = PillowProcessor().process(animated("GIF", film()), None, {"mine": recipe}).renditions

    frames = [frame for frame, _ in frames_of(file)]
    assert (file.rendition.width, file.rendition.height) == size
    assert [frame.size for frame in frames] == [size] * 4


def test_several_recipes_may_move() -> None:
    recipes = {"large": Recipe(90, animated=True), "small": Recipe(30, animated=True)}

    processed = PillowProcessor().process(animated("WEBP", film()), None, recipes)

    assert [(file.rendition.width, len(frames_of(file))) for file in processed.renditions] == [
        (90, 4),
        (30, 4),
    ]


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_an_animation_is_turned_upright(orientation: int) -> None:
    turns = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    lying = [frame.transpose(turns[orientation]) for frame in film()]
    data = animated("WEBP", lying, exif=pictures.exif(orientation=orientation))

    frames = [frame for frame, _ in frames_of(by_name(process(data), DISPLAY))]

    assert [frame.size for frame in frames] == [(96, 64)] * 4
    assert abs(square_left(frames[3]) - 0.75) < 0.04


def test_the_colours_of_every_frame_follow_the_profile() -> None:
    frames = [Image.new("RGB", (32, 32), color) for color in ((234, 51, 35), (117, 251, 76))]
    data = animated("WEBP", frames, icc_profile=profiles.display_p3_profile())

    shown = [frame.getpixel((16, 16)) for frame, _ in frames_of(by_name(process(data), DISPLAY))]

    (red, *_), (_, green, *_) = shown  # type: ignore[misc]
    assert (red > 250, green > 250) == (True, True)


def test_the_default_image_of_an_animated_png_is_not_a_frame() -> None:
    still = Image.new("RGB", (96, 64), (210, 30, 30))
    data = animated("PNG", [still, *film()[:3]], default_image=True, duration=[90, 110, 130])

    processed = process(data)

    ((thumb, _),) = frames_of(by_name(processed, THUMB))
    frames = frames_of(by_name(processed, DISPLAY))
    assert processed.frames == 3
    assert square_left(thumb) < 0.04
    assert [duration for _, duration in frames] == [90, 110, 130]
    assert abs(square_left(frames[1][0]) - 0.25) < 0.04


@pytest.mark.parametrize(
    "limits",
    [
        {"max_animated_frames": 3},
        {"max_animated_pixels": 4 * 96 * 64 - 1},
        {"max_animation_time": timedelta(0)},
    ],
    ids=lambda limits: next(iter(limits)),
)
@pytest.mark.parametrize("file_format", MOVING_FORMATS)
def test_an_animation_beyond_its_bounds_is_stored_and_shown_still_with_a_warning(
    file_format: str, limits: dict[str, Any]
) -> None:
    processed = process(animated(file_format, film()), **limits)

    ((frame, _),) = frames_of(by_name(processed, DISPLAY))
    assert square_left(frame) < 0.04
    assert processed.frames == 4
    assert processed.warnings == ("The animation is too long or too large to be kept moving in: display.",)


def test_an_animation_just_within_its_bounds_moves() -> None:
    processed = process(animated("GIF", film()), max_animated_frames=4, max_animated_pixels=4 * 96 * 64)

    assert len(frames_of(by_name(processed, DISPLAY))) == 4


def test_a_small_rendition_may_move_where_a_large_one_may_not() -> None:
    recipes = {"large": Recipe(96, animated=True), "small": Recipe(48, animated=True)}

    processed = PillowProcessor(DecodeLimits(max_animated_pixels=4 * 48 * 32)).process(
        animated("GIF", film()), None, recipes
    )

    assert [len(frames_of(file)) for file in processed.renditions] == [1, 4]
    assert "moving in: large." in processed.warnings[0]


def test_a_still_picture_is_never_warned_of() -> None:
    assert process(pictures.gif(64, 48), max_animated_frames=0).warnings == ()


def test_a_frame_beyond_the_canvas_does_not_squeeze_the_others() -> None:
    small, large = pictures.encoded(Image.new("P", (40, 40), 0), "GIF"), Image.new("P", (60, 40), 0)
    head = small[: small.index(b",")]
    frames = b"".join(
        data[data.index(b",") : data.rindex(b";")] for data in (small, pictures.encoded(large, "GIF"), small)
    )

    processed = process(head + frames + b";")

    assert {frame.size for frame, _ in frames_of(by_name(processed, DISPLAY))} == {
        (processed.width, processed.height)
    }


def test_a_gif_is_transparent_where_no_frame_covers_its_canvas() -> None:
    processed = process(gif_with_small_frame())

    frame = frames_of(by_name(processed, DISPLAY))[0][0]
    assert [frame.getpixel(place)[3] for place in ((2, 2), (32, 24), (61, 45))] == [0, 255, 0]  # type: ignore[index]


def test_an_animation_is_transparent_where_a_frame_was_cleared() -> None:
    frames = [frame for frame, _ in frames_of(by_name(process(ODD_APNGS["cleared"]()), DISPLAY))]

    assert [frame.getpixel((60, 44))[3] for frame in frames] == [255, 0, 0]  # type: ignore[index]


@pytest.mark.parametrize(
    ("name", "frames", "color"),
    [
        ("declares 5 and has 3", 3, RED),
        ("declares 2 and has 3", 2, RED),
        ("declares nothing", 1, RED),
        ("a hidden picture and one frame", 1, GREEN),
        ("a hidden picture and two frames", 2, GREEN),
        ("a number that is left out", 2, RED),
        ("a frame outside", 1, RED),
    ],
)
def test_an_odd_animated_png_has_the_frames_that_browsers_show(
    name: str, frames: int, color: tuple[int, int, int]
) -> None:
    processed = process(ODD_APNGS[name]())

    thumb = frames_of(by_name(processed, THUMB))[0][0]
    assert processed.frames == frames
    assert max(abs(a - b) for a, b in zip(thumb.getpixel((20, 20))[:3], color, strict=True)) <= 4  # type: ignore[index]
    assert ("declares" in " ".join(processed.warnings)) == (name in FEWER_FRAMES_THAN_DECLARED)
