"""Where to cut a square out of a picture so that its subject stays in it."""

from PIL import Image, ImageFilter

_CENTRE_PULL = 0.25
"""How much of all interest a window must gain to be moved from the middle to the far end."""


def square_window(size: tuple[int, int], overview: Image.Image) -> tuple[int, int, int, int]:
    """Choose the largest square of a picture of `size`, as (left, top, right, bottom) in its pixels.

    The square slides along the longer side to where most edges and colours are; the middle wins where the
    difference is small. `overview` is the same picture, some dozens of pixels wide.
    """
    width, height = size
    side = min(size)
    if overview.mode == "CMYK":
        overview = overview.convert("RGB")
    interest = _interest(overview, along_x=width > height)
    start = _best_start(interest, window=round(len(interest) * side / max(size)))
    offset = min(round(start * max(size)), max(size) - side)
    return (offset, 0, offset + side, side) if width > height else (0, offset, side, offset + side)


def _interest(overview: Image.Image, *, along_x: bool) -> list[float]:
    """How much there is to see in each column, or row, of the overview: shares that add up to 1."""
    profile = _profile(overview.convert("L").filter(ImageFilter.FIND_EDGES), along_x=along_x)
    if overview.mode == "RGB":
        saturation = _profile(overview.convert("HSV").getchannel("S"), along_x=along_x)
        profile = [edges + colour / 2 for edges, colour in zip(profile, saturation, strict=True)]
    # What is everywhere (grain, a coloured wall) says nothing about where to look.
    least = min(profile)
    total = sum(profile) - least * len(profile)
    return [(level - least) / total if total else 0.0 for level in profile]


def _profile(levels: Image.Image, *, along_x: bool) -> list[float]:
    # The filter leaves the outermost pixels as they were, which is not an edge.
    width, height = levels.size
    inner = levels.crop((1, 1, width - 1, height - 1)) if min(width, height) > 2 else levels
    line = inner.resize((width, 1) if along_x else (1, height), Image.Resampling.BOX)
    return [float(level) for level in line.tobytes()]


def _best_start(interest: list[float], *, window: int) -> float:
    """The start of the best window, as a share of the whole length."""
    length = len(interest)
    spare = length - window
    if spare <= 0:
        return 0.0
    best_start, best_score = spare / 2, float("-inf")
    for start in range(spare + 1):
        from_centre = abs(start - spare / 2) / (spare / 2)
        score = sum(interest[start : start + window]) - _CENTRE_PULL * from_centre
        if score > best_score:
            best_start, best_score = float(start), score
    return best_start / length
