"""A fingerprint that survives resizing and encoding."""

from itertools import pairwise

from PIL import Image

_SIDE = 8


def perceptual_hash(overview: Image.Image) -> str:
    """The difference hash of a picture: 16 hexadecimal digits for 64 bits, row by row.

    The picture is divided into 9 × 8 fields; a bit is set if a field is darker than its left neighbour.
    `overview` is a small opaque copy of the whole picture in L or RGB. A picture of one colour has the hash 0.
    """
    grey = overview.convert("L").resize((_SIDE + 1, _SIDE), Image.Resampling.BICUBIC)
    levels = grey.tobytes()
    bits = 0
    for top in range(0, len(levels), _SIDE + 1):
        row = levels[top : top + _SIDE + 1]
        for left, right in pairwise(row):
            bits = bits << 1 | (left > right)
    return f"{bits:016x}"
