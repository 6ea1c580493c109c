"""Makes the placeholder that a client paints before the thumbnail arrives."""

from collections.abc import Sequence
from functools import cache
from math import copysign, cos, pi, sqrt

from PIL import Image

from image_store.domain.delivery.renditions import Placeholder

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
_LONG_SIDE_COMPONENTS, _SHORT_SIDE_COMPONENTS = 4, 3
_LONG_SIDE_PX = 32
_PALETTE_COLORS = 8

type _Color = tuple[float, float, float]


def make_placeholder(overview: Image.Image) -> Placeholder:
    """Make blurhash and dominant colour of a picture from a small opaque copy of it in L or RGB.

    The blurhash has 4 × 3 components (3 × 4 when upright, 4 × 4 when about square), see
    https://github.com/woltapp/blurhash/blob/master/Algorithm.md.
    """
    small = overview.convert("RGB")
    small.thumbnail((_LONG_SIDE_PX, _LONG_SIDE_PX), Image.Resampling.BOX)
    return Placeholder(blurhash=_blurhash(small), color=_dominant_color(small))


def _dominant_color(image: Image.Image) -> str:
    """The most frequent colour of a palette of eight, as `#rrggbb`."""
    indexed = image.quantize(_PALETTE_COLORS, Image.Quantize.MEDIANCUT)
    palette = indexed.getpalette() or []
    counts = indexed.histogram()
    index = max(range(len(palette) // 3), key=counts.__getitem__)
    return "#" + bytes(palette[3 * index : 3 * index + 3]).hex()


def _blurhash(image: Image.Image) -> str:
    width, height = image.size
    components_x = _SHORT_SIDE_COMPONENTS if height > width * 1.2 else _LONG_SIDE_COMPONENTS
    components_y = _SHORT_SIDE_COMPONENTS if width > height * 1.2 else _LONG_SIDE_COMPONENTS
    factors = _cosine_factors(image, components_x, components_y)
    average, waves = factors[0], factors[1:]
    strongest = max(abs(level) for wave in waves for level in wave)
    scale = max(0, min(82, int(strongest * 166 - 0.5)))
    greatest = (scale + 1) / 166
    text = _base83((components_x - 1) + (components_y - 1) * 9, 1) + _base83(scale, 1)
    text += _base83(int.from_bytes(bytes(_to_srgb_level(level) for level in average), "big"), 4)
    return text + "".join(_base83(_quantised(wave, greatest), 2) for wave in waves)


def _cosine_factors(image: Image.Image, components_x: int, components_y: int) -> list[_Color]:
    """The lowest frequencies of the picture in linear light, row by row, the average first.

    Rows are transformed before columns, which takes a tenth of the work of using every pixel for every component.
    """
    width, height = image.size
    to_linear = _linear_levels()
    data = image.tobytes()
    bands = [[to_linear[level] for level in data[band::3]] for band in range(3)]
    waves_x, waves_y = _waves(width, components_x), _waves(height, components_y)
    by_band = []
    for band in bands:
        rows = [band[start : start + width] for start in range(0, width * height, width)]
        rows_by_wave = [[_dot(row, wave) for row in rows] for wave in waves_x]
        by_band.append([[_dot(column, wave) for column in rows_by_wave] for wave in waves_y])
    factors = []
    for y in range(components_y):
        for x in range(components_x):
            # The specification doubles every component but the average.
            weight = (1 if x == y == 0 else 2) / (width * height)
            red, green, blue = (band[y][x] * weight for band in by_band)
            factors.append((red, green, blue))
    return factors


def _waves(length: int, count: int) -> list[list[float]]:
    return [[cos(pi * wave * at / length) for at in range(length)] for wave in range(count)]


def _dot(values: Sequence[float], weights: Sequence[float]) -> float:
    return sum(value * weight for value, weight in zip(values, weights, strict=True))


def _quantised(wave: _Color, greatest: float) -> int:
    red, green, blue = (max(0, min(18, int(_signed_root(level / greatest) * 9 + 9.5))) for level in wave)
    return (red * 19 + green) * 19 + blue


def _signed_root(value: float) -> float:
    return copysign(sqrt(abs(value)), value)


def _base83(value: int, length: int) -> str:
    return "".join(_ALPHABET[value // 83**place % 83] for place in reversed(range(length)))


@cache
def _linear_levels() -> list[float]:
    levels = [level / 255 for level in range(256)]
    return [level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4 for level in levels]


def _to_srgb_level(linear: float) -> int:
    linear = max(0.0, min(1.0, linear))
    level = linear * 12.92 if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
    return int(level * 255 + 0.5)
