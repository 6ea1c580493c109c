"""Chooses where to crop a picture so that its subject stays in it."""

from PIL import Image, ImageChops, ImageFilter

from image_store.adapters.imaging.rendering.sizes import Box, Size
from image_store.domain.delivery.renditions import Gravity

_CENTRE_PULL = 0.15
"""The share of all interest that a window must gain to move from the middle to the far end."""
_EDGE_LOSS = 0.5
"""How much less interest counts at the edge of a window: a whole subject beats one that is cut through."""
# A few sharp edges indicate a subject better than many soft ones, so levels are raised to this power.
_EDGE_POWER = 1.5
_EDGE_LEVELS = [round(255 * (level / 255) ** _EDGE_POWER) for level in range(256)]
_SATURATION_SHARE = 0.25


def window(size: Size, shape: Size, gravity: Gravity, overview: Image.Image) -> Box:
    """Choose the largest window of the proportions of `shape` in a picture of `size`, in its pixels.

    Its middle is as near to the point of `gravity` as the edges allow. With smart gravity it moves along the longer
    side to where most edges and colours are, and stays in the middle if the difference is small. `overview` is a copy
    of the picture in L or RGB, some dozens of pixels wide.
    """
    width, height = size
    across = min(width, max(1, round(height * shape[0] / shape[1])))
    down = min(height, max(1, round(width * shape[1] / shape[0])))
    if gravity.is_smart:
        left, top = _smart_place(size, (across, down), overview)
    else:
        left, top = round(gravity.x * width - across / 2), round(gravity.y * height - down / 2)
    left, top = max(0, min(left, width - across)), max(0, min(top, height - down))
    return left, top, left + across, top + down


def _smart_place(size: Size, cut: Size, overview: Image.Image) -> tuple[int, int]:
    along_x = cut[0] < size[0]
    length, cut_length = (size[0], cut[0]) if along_x else (size[1], cut[1])
    interest = _interest(overview, along_x=along_x)
    start = round(_best_start(interest, window=round(len(interest) * cut_length / length)) * length)
    return (start, 0) if along_x else (0, start)


def _interest(overview: Image.Image, *, along_x: bool) -> list[float]:
    """The interest of each column, or row, of the overview, as shares that add up to 1."""
    edges = overview.filter(ImageFilter.FIND_EDGES)
    if edges.mode == "RGB":
        red, green, blue = edges.split()
        edges = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    profile = _profile(edges.point(_EDGE_LEVELS), along_x=along_x)
    if overview.mode == "RGB":
        saturation = _profile(overview.convert("HSV").getchannel("S"), along_x=along_x)
        profile = [
            edge + _SATURATION_SHARE * colour for edge, colour in zip(profile, saturation, strict=True)
        ]
    # Grain or a coloured wall is everywhere, so it is no reason to prefer a place.
    least = min(profile)
    total = sum(profile) - least * len(profile)
    return [(level - least) / total if total else 0.0 for level in profile]


def _profile(levels: Image.Image, *, along_x: bool) -> list[float]:
    # The filter does not change the outermost pixels, so they are no edges.
    width, height = levels.size
    inner = levels.crop((1, 1, width - 1, height - 1)) if min(width, height) > 2 else levels
    line = inner.resize((width, 1) if along_x else (1, height), Image.Resampling.BOX)
    return [float(level) for level in line.tobytes()]


def _best_start(interest: list[float], *, window: int) -> float:
    """The start of the best window, as a share of the whole length."""
    length, window = len(interest), max(1, window)
    spare = length - window
    if spare <= 0:
        return 0.0
    half = window / 2
    weights = [1 - _EDGE_LOSS * abs((at + 0.5 - half) / half) ** 4 for at in range(window)]
    best_start, best_score = spare / 2, float("-inf")
    for start in range(spare + 1):
        from_centre = abs(start - spare / 2) / (spare / 2)
        weighted = zip(interest[start : start + window], weights, strict=True)
        score = sum(level * weight for level, weight in weighted) - _CENTRE_PULL * from_centre
        if score > best_score:
            best_start, best_score = float(start), score
    return best_start / length
