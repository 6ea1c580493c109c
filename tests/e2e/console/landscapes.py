"""Pictures worth looking at, painted from a number: hills under a sky, each in its own light."""

from __future__ import annotations

import colorsys
import io
import math
import random

from PIL import Image, ImageDraw, ImageFilter

SIZES = [(1500, 1000), (1000, 1400), (1600, 900), (1200, 1200), (1400, 1050), (900, 1350), (2000, 1000)]
_LIGHTS = [(0.56, 0.06), (0.62, 0.95), (0.07, 0.12), (0.48, 0.14), (0.74, 0.98), (0.92, 0.08), (0.53, 0.58)]
_RIDGES = 6


def landscape(number: int, *, size: tuple[int, int] | None = None) -> Image.Image:
    """The picture of a number; the same one each time."""
    chance = random.Random(number)  # noqa: S311 - a picture
    width, height = size or SIZES[number % len(SIZES)]
    high, low = _LIGHTS[number % len(_LIGHTS)]
    night = number % 5 == 4
    top, bottom = _color(high, 0.55, 0.28 if night else 0.72), _color(low, 0.42, 0.5 if night else 0.97)
    picture = Image.new("RGB", (1, height))
    picture.putdata([_mix(top, bottom, y / height / 0.7) for y in range(height)])
    picture = picture.resize((width, height))
    _put_sun(picture, chance, bright=not night)
    for ridge in range(_RIDGES):
        _draw_ridge(picture, chance, ridge, _mix(bottom, _color(high, 0.6, 0.16), (ridge + 1) / _RIDGES))
    return picture


def landscape_jpeg(number: int, *, size: tuple[int, int] | None = None) -> bytes:
    """The same as a file."""
    file = io.BytesIO()
    landscape(number, size=size).save(file, "JPEG", quality=88)
    return file.getvalue()


def _put_sun(picture: Image.Image, chance: random.Random, *, bright: bool) -> None:
    width, height = picture.size
    radius = min(width, height) * chance.uniform(0.05, 0.1)
    x, y = width * chance.uniform(0.2, 0.8), height * chance.uniform(0.16, 0.42)
    glow = Image.new("L", picture.size)
    for factor, strength in ((3.2, 60), (1.0, 235 if bright else 190)):
        box = (x - radius * factor, y - radius * factor, x + radius * factor, y + radius * factor)
        ImageDraw.Draw(glow).ellipse(box, fill=strength)
        if factor > 1:
            glow = glow.filter(ImageFilter.GaussianBlur(radius * 1.2))
    picture.paste((255, 246, 224), (0, 0), glow)


def _draw_ridge(picture: Image.Image, chance: random.Random, ridge: int, color: tuple[int, int, int]) -> None:
    width, height = picture.size
    base = height * (0.46 + 0.11 * ridge)
    waves = [
        (chance.uniform(1, 3) * 2**octave, chance.uniform(0, math.tau), height * 0.075 / 2**octave)
        for octave in range(5)
    ]
    line = [
        (x, base + sum(tall * math.sin(often * math.tau * x / width + at) for often, at, tall in waves))
        for x in range(0, width + 8, 8)
    ]
    ImageDraw.Draw(picture).polygon([*line, (width, height), (0, height)], fill=color)


def _color(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _mix(one: tuple[int, int, int], other: tuple[int, int, int], part: float) -> tuple[int, int, int]:
    part = max(0.0, min(1.0, part))
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue
