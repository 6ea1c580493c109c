"""A placeholder is a blurhash by the book and a colour that people would name (B5)."""

from math import copysign, cos, pi, sqrt

import pytest
from PIL import Image

from image_store.adapters.imaging.rendering.placeholder import make_placeholder
from tests import pictures

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"


def blurhash_by_the_book(image: Image.Image, components_x: int, components_y: int) -> str:
    """The reference algorithm of the specification, every pixel for every component."""

    def linear(level: int) -> float:
        value = level / 255
        return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)

    def base83(value: int, length: int) -> str:
        return "".join(ALPHABET[value // 83 ** (length - place) % 83] for place in range(1, length + 1))

    def signed_power(value: float) -> float:
        return copysign(sqrt(abs(value)), value)

    width, height = image.size
    data = image.convert("RGB").tobytes()
    factors = []
    for j in range(components_y):
        for i in range(components_x):
            sums = [0.0, 0.0, 0.0]
            for y in range(height):
                for x in range(width):
                    basis = cos(pi * i * x / width) * cos(pi * j * y / height)
                    for band in range(3):
                        sums[band] += basis * linear(data[3 * (y * width + x) + band])
            scale = (1 if i == j == 0 else 2) / (width * height)
            factors.append([value * scale for value in sums])
    average, *waves = factors
    greatest = max(abs(value) for wave in waves for value in wave)
    quantised_greatest = max(0, min(82, int(greatest * 166 - 0.5)))
    greatest = (quantised_greatest + 1) / 166
    color = 0
    for value in average:
        srgb = value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
        color = color << 8 | int(srgb * 255 + 0.5)
    text = (
        base83(components_x - 1 + (components_y - 1) * 9, 1)
        + base83(quantised_greatest, 1)
        + base83(color, 4)
    )
    for wave in waves:
        red, green, blue = (max(0, min(18, int(signed_power(value / greatest) * 9 + 9.5))) for value in wave)
        text += base83((red * 19 + green) * 19 + blue, 2)
    return text


@pytest.mark.parametrize(
    ("size", "components"), [((32, 24), (4, 3)), ((24, 32), (3, 4)), ((32, 32), (4, 4)), ((32, 5), (4, 3))]
)
def test_blurhash_is_the_one_of_the_specification(size: tuple[int, int], components: tuple[int, int]) -> None:
    image = pictures.quadrants(*size)

    placeholder = make_placeholder(image)

    assert placeholder.blurhash == blurhash_by_the_book(image, *components)


def test_a_plain_picture_has_its_own_colour() -> None:
    placeholder = make_placeholder(Image.new("RGB", (32, 24), (255, 0, 0)))

    assert placeholder.blurhash[2:6] == "TI:j"  # the average, which is full red
    assert placeholder.color == "#ff0000"


def test_a_large_picture_has_nearly_the_placeholder_of_a_small_copy() -> None:
    large = pictures.quadrants(640, 480)

    placeholder = make_placeholder(large)

    assert placeholder == make_placeholder(pictures.quadrants(32, 24))


def test_color_is_that_of_most_pixels_not_the_mean_of_all() -> None:
    image = Image.new("RGB", (32, 32), (250, 250, 250))
    image.paste((10, 60, 200), (0, 0, 32, 20))

    placeholder = make_placeholder(image)

    assert placeholder.color == "#0a3cc8"


def test_grey_pictures_have_a_grey_placeholder() -> None:
    placeholder = make_placeholder(Image.new("L", (32, 24), 77))

    assert placeholder.color == "#4d4d4d"


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (3, 2)])
def test_tiny_and_narrow_pictures_have_a_placeholder(size: tuple[int, int]) -> None:
    placeholder = make_placeholder(Image.new("RGB", size, (0, 128, 255)))

    assert placeholder.color == "#0080ff"
    assert set(placeholder.blurhash) <= set(ALPHABET)
