"""Making the renditions of one decoded picture, each from the next larger one."""

from collections.abc import Mapping

from PIL import Image

from image_store.adapters.imaging.crop import window
from image_store.adapters.imaging.encoding import encoded, flattened
from image_store.adapters.imaging.picture import Picture
from image_store.adapters.imaging.sizes import Size, canvas_size, cropped_size, whole_size
from image_store.domain.media import MediaType
from image_store.domain.renditions import Recipe, RenderedFile, Rendition

_OVERVIEW_LONG_SIDE_PX = 64
_OVERVIEW_SHORT_SIDE_PX = 8
# Against Lanczos both ways, encoding included, a display picture takes 0.75 of the CPU time and a thumbnail
# 0.95, each for 0.003 less SSIM. Columns are filtered first, from all rows, and so cost most.
_FILTER = Image.Resampling.BICUBIC
_COLUMN_FILTER = Image.Resampling.HAMMING
# Averaging whole blocks of pixels is cheap, and hardly seen as long as the filter has this factor left to do:
# SSIM of a thumbnail, encoded, is still within 0.003 of Lanczos alone.
_WHOLE_GAP = 2.0
_CROP_GAP = 1.5
_PREMULTIPLIED = {"LA": "La", "RGBA": "RGBa"}


def render(
    picture: Picture, *, size: Size, recipes: Mapping[str, Recipe]
) -> tuple[tuple[RenderedFile, ...], Image.Image]:
    """Make a rendition by each of `recipes`, in their order, of a picture seen in `size`.

    The second answer is a tiny opaque copy of the picture, for the placeholder. No rendition shows more pixels
    than the picture has; a canvas alone may be larger.
    """
    kitchen = _Kitchen(picture, size)
    files: dict[str, RenderedFile] = {}
    for name in sorted(recipes, key=lambda name: -kitchen.scale_of(recipes[name])):
        files[name] = _file(name, *encoded(image := kitchen.cook(recipes[name]), recipes[name]), image.size)
    return tuple(files[name] for name in recipes), kitchen.overview()


class _Kitchen:
    """Follows recipes from the largest scale to the smallest; each whole picture made serves the next ones."""

    def __init__(self, picture: Picture, size: Size) -> None:
        self._picture = picture
        self._size = size
        self._overview: Image.Image | None = None

    def scale_of(self, recipe: Recipe) -> int:
        width, height = whole_size(self._size, recipe)
        return width * height

    def cook(self, recipe: Recipe) -> Image.Image:
        """The picture of a rendition, upright, in sRGB and of its final size."""
        cropped = cropped_size(self._size, recipe)
        if cropped is not None:
            return self._cropped(recipe, cropped)
        self._picture = _resized(self._picture, whole_size(self._size, recipe)).finished()
        canvas = canvas_size(recipe)
        return self._picture.image if canvas is None else _padded(self._picture.image, canvas, recipe)

    def overview(self) -> Image.Image:
        """A tiny opaque copy of the picture, always the same."""
        if self._overview is None:
            self._overview = _overview_of(self._picture)
        return self._overview

    def _cropped(self, recipe: Recipe, cropped: Size) -> Image.Image:
        whole = whole_size(self._size, recipe)
        factor = int(min(self._picture.image.size) / (min(whole) * _CROP_GAP))
        picture = self._picture.with_image(_shrunk(self._picture.image, (factor, factor)))
        if self._overview is None:
            self._overview = _overview_of(picture)
        seen = picture.stored_size(picture.image.size)
        box = window(seen, cropped, recipe.gravity, self._overview)
        image = picture.image.crop(picture.stored_box(box))
        return picture.with_image(_filtered(image, picture.stored_size(cropped))).finished().image


def _overview_of(picture: Picture) -> Image.Image:
    """A copy of some dozens of pixels each way, of other proportions than a very long and narrow picture."""
    longest = max(picture.image.size)
    across, down = (
        max(1, side // max(_OVERVIEW_SHORT_SIDE_PX, side * _OVERVIEW_LONG_SIDE_PX // longest))
        for side in picture.image.size
    )
    return flattened(picture.with_image(_shrunk(picture.image, (across, down))).finished().image)


def _resized(picture: Picture, seen: Size) -> Picture:
    size = picture.stored_size(seen)
    if picture.image.size == size:
        return picture
    image = picture.image
    factor = int(min(image.width / size[0], image.height / size[1]) / _WHOLE_GAP)
    return picture.with_image(_filtered(_shrunk(image, (factor, factor)), size))


def _shrunk(image: Image.Image, factors: tuple[int, int]) -> Image.Image:
    """Average blocks of pixels, weighed by their alpha."""
    return image.reduce(factors) if max(factors) > 1 else image


def _filtered(image: Image.Image, size: Size) -> Image.Image:
    if image.size == size:
        return image
    # Colours weighed by alpha once, not at each of the two steps.
    weighed = image.convert(_PREMULTIPLIED[image.mode]) if image.mode in _PREMULTIPLIED else image
    resized = weighed.resize((size[0], weighed.height), _COLUMN_FILTER).resize(size, _FILTER)
    return resized.convert(image.mode)


def _padded(image: Image.Image, canvas: Size, recipe: Recipe) -> Image.Image:
    if image.size == canvas:
        return image
    gravity = recipe.gravity
    place = round(gravity.x * (canvas[0] - image.width)), round(gravity.y * (canvas[1] - image.height))
    if recipe.media_type is MediaType.JPEG:
        opaque = flattened(image)
        padded = Image.new(opaque.mode, canvas, "white")
        padded.paste(opaque, place)
        return padded
    mode = "LA" if image.mode in ("L", "LA") else "RGBA"
    padded = Image.new(mode, canvas)
    padded.paste(image.convert(mode), place)
    return padded


def _file(name: str, media_type: MediaType, data: bytes, size: Size) -> RenderedFile:
    return RenderedFile(Rendition(name, media_type, *size, len(data)), data)
