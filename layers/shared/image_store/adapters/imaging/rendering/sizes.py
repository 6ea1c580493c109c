"""The sizes of renditions by their recipes."""

from collections.abc import Iterable

from image_store.domain.delivery.renditions import MAX_WEBP_SIDE_PX, Fit, Recipe

type Size = tuple[int, int]
type Box = tuple[int, int, int, int]
"""Left, top, right and bottom, in pixels."""


def whole_size(size: Size, recipe: Recipe) -> Size:
    """The size of the whole picture at the scale of a recipe, before any crop; never larger than the picture."""
    scale = _scale(size, recipe)
    if scale >= 1:
        return size
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def size_needed(size: Size, recipes: Iterable[Recipe]) -> Size:
    """The smallest size of a whole picture that is large enough for all these recipes."""
    sizes = [whole_size(size, recipe) for recipe in recipes]
    return max((width for width, _ in sizes), default=1), max((height for _, height in sizes), default=1)


def cropped_size(size: Size, recipe: Recipe) -> Size | None:
    """The size of the crop of a recipe, at its scale; None if it shows the whole picture.

    If the picture has too few pixels, the crop is smaller than the recipe says, with the same proportions.
    """
    if recipe.fit is not Fit.COVER or recipe.width is None or recipe.height is None:
        return None
    share = min(1.0, size[0] / recipe.width, size[1] / recipe.height)
    return max(1, round(recipe.width * share)), max(1, round(recipe.height * share))


def canvas_size(recipe: Recipe) -> Size | None:
    """The size of the canvas on which a recipe lays the picture; None without a canvas."""
    if recipe.fit is not Fit.PAD or recipe.width is None or recipe.height is None:
        return None
    return recipe.width, recipe.height


def _scale(size: Size, recipe: Recipe) -> float:
    sides = zip((recipe.width, recipe.height), size, strict=True)
    scales = [target / actual for target, actual in sides if target is not None]
    if recipe.fit is Fit.COVER and len(scales) == 2:
        return max(scales)
    return min(*scales, 1.0, MAX_WEBP_SIDE_PX / max(size))
