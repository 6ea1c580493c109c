"""The thumbnail is cut where there is most to see (B2)."""

import pytest
from PIL import Image, ImageDraw

from image_store.adapters.imaging.rendering.crop import window
from image_store.domain.delivery.renditions import SMART


def overview(
    width: int, height: int, *, subject_at: tuple[float, float] | None, mode: str = "RGB"
) -> Image.Image:
    """A dull picture with a lively subject around a place given as shares of width and height."""
    image = Image.new("RGB", (width, height), (120, 120, 118))
    if subject_at is not None:
        draw = ImageDraw.Draw(image)
        x, y = int(subject_at[0] * width), int(subject_at[1] * height)
        for offset in range(-4, 5, 2):
            draw.line((x + offset, y - 5, x + offset, y + 5), fill=(230, 40, 20))
            draw.line((x + offset + 1, y - 5, x + offset + 1, y + 5), fill=(250, 250, 250))
    return image


def square_window(size: tuple[int, int], small: Image.Image) -> tuple[int, int, int, int]:
    return window(size, (300, 300), SMART, small)


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("place", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_wide_picture_is_cut_so_that_the_subject_stays(place: float, mode: str) -> None:
    left, top, right, bottom = square_window(
        (1600, 600), overview(64, 24, subject_at=(place, 0.5), mode=mode)
    )

    assert (right - left, bottom - top) == (600, 600)
    assert 0 <= left <= right <= 1600
    assert left <= place * 1600 - 100
    assert place * 1600 + 100 <= right


@pytest.mark.parametrize("place", [0.15, 0.5, 0.85])
def test_a_tall_picture_is_cut_so_that_the_subject_stays(place: float) -> None:
    left, top, right, bottom = square_window((600, 1600), overview(24, 64, subject_at=(0.5, place)))

    assert (right - left, bottom - top) == (600, 600)
    assert top <= place * 1600 - 100
    assert place * 1600 + 100 <= bottom


def test_a_dull_picture_is_cut_from_its_middle() -> None:
    cut = square_window((1600, 600), overview(64, 24, subject_at=None))

    assert cut == (500, 0, 1100, 600)


def test_a_square_is_taken_whole() -> None:
    cut = square_window((640, 640), overview(64, 64, subject_at=(0.1, 0.1)))

    assert cut == (0, 0, 640, 640)


@pytest.mark.parametrize("size", [(9000, 1), (1, 9000), (3, 2), (2, 2), (1, 1), (301, 300)])
def test_the_window_lies_within_the_picture_however_narrow(size: tuple[int, int]) -> None:
    small = Image.linear_gradient("L").resize((min(size[0], 64), min(size[1], 64)))

    left, top, right, bottom = square_window(size, small)

    assert right - left == bottom - top == min(size)
    assert 0 <= left <= right <= size[0]
    assert 0 <= top <= bottom <= size[1]
