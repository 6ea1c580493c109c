"""Making the renditions of one decoded picture, each from the next larger one."""

from collections.abc import Mapping

from PIL import Image

from image_store.adapters.imaging.decoding.picture import Picture
from image_store.adapters.imaging.rendering.animation import Animation
from image_store.adapters.imaging.rendering.crop import window
from image_store.adapters.imaging.rendering.encoding import encoded, encoded_animation, flattened
from image_store.adapters.imaging.rendering.scaling import filtered, resized, shrunk
from image_store.adapters.imaging.rendering.sizes import Size, canvas_size, cropped_size, whole_size
from image_store.domain.delivery.renditions import Recipe, Rendition
from image_store.domain.images.media import MediaType
from image_store.domain.images.processing import RenderedFile

_OVERVIEW_LONG_SIDE_PX = 64
_OVERVIEW_SHORT_SIDE_PX = 8
# A crop is small: it may be shrunk further before it is filtered than a whole picture.
_CROP_GAP = 1.5
_FINE_TYPES = (MediaType.WEBP, MediaType.AVIF)
_OVERVIEW_GAP = 2.0


def render(
    picture: Picture,
    *,
    size: Size,
    recipes: Mapping[str, Recipe],
    animation: Animation | None = None,
    xmp: bytes = b"",
) -> tuple[tuple[RenderedFile, ...], Image.Image]:
    """Make a rendition by each of `recipes`, in their order, of a picture seen in `size`.

    Recipes that `animation` serves become one. `xmp` is all the metadata that is written. The second answer is a
    tiny opaque copy of the picture, to describe it by. No rendition shows more pixels than the picture has; a
    canvas alone may be larger.
    """
    # One made finely serves the next ones, so that all of them are.
    fine = any(recipe.media_type in _FINE_TYPES for recipe in recipes.values())
    kitchen = _Kitchen(picture, size, fine=fine)
    files: dict[str, RenderedFile] = {}
    for name in sorted(recipes, key=lambda name: -kitchen.scale_of(recipes[name])):
        recipe = recipes[name]
        if animation is not None and recipe in animation.moving:
            files[name] = _moving_file(name, recipe, animation, kitchen, xmp)
        else:
            image = kitchen.cook(recipe)
            files[name] = _file(name, *encoded(image, recipe, xmp=xmp), image.size)
    return tuple(files[name] for name in recipes), kitchen.overview()


def _moving_file(
    name: str, recipe: Recipe, animation: Animation, kitchen: "_Kitchen", xmp: bytes
) -> RenderedFile:
    frames = [kitchen.of_frame(frame).cook(recipe) for frame in animation.frames]
    data = encoded_animation(frames, animation.durations_ms, animation.plays, recipe.quality, xmp=xmp)
    return _file(name, MediaType.WEBP, data, frames[0].size)


class _Kitchen:
    """Follows recipes from the largest scale to the smallest; each whole picture made serves the next ones."""

    def __init__(self, picture: Picture, size: Size, *, fine: bool) -> None:
        self._picture = picture
        self._fine = fine
        self._size = size
        self._overview: Image.Image | None = None

    def of_frame(self, frame: Image.Image) -> "_Kitchen":
        """One for another frame of the same animation, which is cut as the first one is."""
        kitchen = _Kitchen(Picture(frame), self._size, fine=self._fine)
        kitchen._overview = self.overview()
        return kitchen

    def scale_of(self, recipe: Recipe) -> int:
        width, height = whole_size(self._size, recipe)
        return width * height

    def cook(self, recipe: Recipe) -> Image.Image:
        """The picture of a rendition, upright, in sRGB and of its final size."""
        cropped = cropped_size(self._size, recipe)
        if cropped is not None:
            return self._cropped(recipe, cropped)
        self._picture = resized(
            self._picture, whole_size(self._size, recipe), fine=self._fine
        ).upright_in_srgb()
        canvas = canvas_size(recipe)
        return self._picture.image if canvas is None else _padded(self._picture.image, canvas, recipe)

    def overview(self) -> Image.Image:
        """A tiny opaque copy of the picture, always the same."""
        if self._overview is None:
            self._overview = _overview_of(self._picture, self._size)
        return self._overview

    def _cropped(self, recipe: Recipe, cropped: Size) -> Image.Image:
        whole = whole_size(self._size, recipe)
        factor = int(min(self._picture.image.size) / (min(whole) * _CROP_GAP))
        picture = self._picture.with_image(shrunk(self._picture.image, factor))
        if self._overview is None:
            self._overview = _overview_of(picture, self._size)
        seen = picture.stored_size(picture.image.size)
        box = window(seen, cropped, recipe.gravity, self._overview)
        image = picture.image.crop(picture.stored_box(box))
        return picture.with_image(filtered(image, picture.stored_size(cropped))).upright_in_srgb().image


def _overview_of(picture: Picture, seen: Size) -> Image.Image:
    """A copy of some dozens of pixels each way, of other proportions than a very long and narrow picture.

    It hardly depends on how large a copy it is made of, so that every rendition of a picture is cut alike.
    """
    longest = max(seen)
    width, height = (
        min(side, max(_OVERVIEW_SHORT_SIDE_PX, side * _OVERVIEW_LONG_SIDE_PX // longest)) for side in seen
    )
    size = picture.stored_size((width, height))
    small = picture.image.resize(size, Image.Resampling.BOX, reducing_gap=_OVERVIEW_GAP)
    return flattened(picture.with_image(small).upright_in_srgb().image)


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
