"""What stays of a picture when it is resized and encoded again."""

from itertools import pairwise

from PIL import Image

_SIDE = 8


def perceptual_hash(overview: Image.Image) -> str:
    """The difference hash of a picture: 16 hexadecimal digits for 64 bits, row by row.

    A bit says that the picture is darker on the right than on the left of two neighbouring of 9 × 8 fields.
    `overview` is a small opaque copy of all of it, in L or RGB. A picture of one colour has the hash 0.
    """
    grey = overview.convert("L").resize((_SIDE + 1, _SIDE), Image.Resampling.BICUBIC)
    levels = grey.tobytes()
    bits = 0
    for top in range(0, len(levels), _SIDE + 1):
        row = levels[top : top + _SIDE + 1]
        for left, right in pairwise(row):
            bits = bits << 1 | (left > right)
    return f"{bits:016x}"
