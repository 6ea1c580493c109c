"""Squares of known colours, in which a picture about colour is drawn."""

from PIL import Image

PATCH = 16
PATCHES = [
    *((level, level, level) for level in (0, 10, 30, 64, 128, 148, 192, 230, 255)),
    *((255, 0, 0), (0, 255, 0), (0, 0, 255), (200, 100, 50), (50, 150, 200), (230, 220, 40)),
]
"""The colours of the squares in every picture about colour."""


def patches(mode: str = "RGB") -> Image.Image:
    """A row of squares."""
    image = Image.new("RGB", (PATCH * len(PATCHES), PATCH))
    for index, color in enumerate(PATCHES):
        image.paste(color, (PATCH * index, 0, PATCH * (index + 1), PATCH))
    return image.convert(mode)
