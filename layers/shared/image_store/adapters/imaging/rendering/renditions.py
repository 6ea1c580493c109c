"""Makes the renditions of one decoded picture, each from the next larger one."""

from collections.abc import Mapping

from PIL import Image

from image_store.adapters.imaging.decoding.picture import Picture
from image_store.adapters.imaging.rendering.animation import Animation
from image_store.adapters.imaging.rendering.crop import window
from image_store.adapters.imaging.rendering.encoding import encode, encode_animation, flatten
from image_store.adapters.imaging.rendering.scaling import resize_whole, scale, shrink
from image_store.adapters.imaging.rendering.sizes import Size, canvas_size, cropped_size, whole_size
from image_store.domain.delivery.renditions import Recipe, Rendition
from image_store.domain.images.media import MediaType
from image_store.domain.images.processing import RenderedFile

_OVERVIEW_LONG_SIDE_PX = 64
_OVERVIEW_SHORT_SIDE_PX = 8
# A crop is small, so blocks of pixels may be averaged further than for a whole picture before it is filtered.
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
    """Make a rendition by each of `recipes`, in their order; the upright picture has this `size`.

    Recipes in `animation.moving` become animations. `xmp` is the only metadata. The second result is a tiny opaque copy
    of the picture, for its placeholder and fingerprint. No rendition shows more pixels than the picture has; only a
    canvas may be larger.
    """
    # Each rendition is scaled from the one before, so if one needs fine scaling, all get it.
    fine = any(recipe.media_type in _FINE_TYPES for recipe in recipes.values())
    renderer = _Renderer(picture, size, fine=fine)
    files: dict[str, RenderedFile] = {}
    for name in sorted(recipes, key=lambda name: -renderer.scale_of(recipes[name])):
        recipe = recipes[name]
        if animation is not None and recipe in animation.moving:
            files[name] = _moving_file(name, recipe, animation, renderer, xmp)
        else:
            image = renderer.render(recipe)
            files[name] = _file(name, *encode(image, recipe, xmp=xmp), image.size)
    return tuple(files[name] for name in recipes), renderer.overview()


def _moving_file(
    name: str, recipe: Recipe, animation: Animation, renderer: "_Renderer", xmp: bytes
) -> RenderedFile:
    frames = [renderer.of_frame(frame).render(recipe) for frame in animation.frames]
    data = encode_animation(frames, animation.durations_ms, animation.plays, recipe.quality, xmp=xmp)
    return _file(name, MediaType.WEBP, data, frames[0].size)


class _Renderer:
    """Applies recipes from the largest scale to the smallest; each whole picture is scaled from the one before."""

    def __init__(self, picture: Picture, size: Size, *, fine: bool) -> None:
        self._picture = picture
        self._fine = fine
        self._size = size
        self._overview: Image.Image | None = None

    def of_frame(self, frame: Image.Image) -> "_Renderer":
        """A renderer of another frame of the animation, which is cropped like the first one."""
        renderer = _Renderer(Picture(frame), self._size, fine=self._fine)
        renderer._overview = self.overview()
        return renderer

    def scale_of(self, recipe: Recipe) -> int:
        width, height = whole_size(self._size, recipe)
        return width * height

    def render(self, recipe: Recipe) -> Image.Image:
        """The picture of a rendition, upright, in sRGB and of its final size."""
        cropped = cropped_size(self._size, recipe)
        if cropped is not None:
            return self._cropped(recipe, cropped)
        self._picture = resize_whole(
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
        picture = self._picture.with_image(shrink(self._picture.image, factor))
        if self._overview is None:
            self._overview = _overview_of(picture, self._size)
        upright = picture.stored_size(picture.image.size)
        box = window(upright, cropped, recipe.gravity, self._overview)
        image = picture.image.crop(picture.stored_box(box))
        return picture.with_image(scale(image, picture.stored_size(cropped))).upright_in_srgb().image


def _overview_of(picture: Picture, upright: Size) -> Image.Image:
    """A copy with some dozens of pixels on each side; a very narrow picture gets wider in it.

    The size of the copy that it is made from hardly matters, so all renditions of a picture are cropped alike.
    """
    longest = max(upright)
    width, height = (
        min(side, max(_OVERVIEW_SHORT_SIDE_PX, side * _OVERVIEW_LONG_SIDE_PX // longest)) for side in upright
    )
    size = picture.stored_size((width, height))
    small = picture.image.resize(size, Image.Resampling.BOX, reducing_gap=_OVERVIEW_GAP)
    return flatten(picture.with_image(small).upright_in_srgb().image)


def _padded(image: Image.Image, canvas: Size, recipe: Recipe) -> Image.Image:
    if image.size == canvas:
        return image
    gravity = recipe.gravity
    place = round(gravity.x * (canvas[0] - image.width)), round(gravity.y * (canvas[1] - image.height))
    if recipe.media_type is MediaType.JPEG:
        opaque = flatten(image)
        padded = Image.new(opaque.mode, canvas, "white")
        padded.paste(opaque, place)
        return padded
    mode = "LA" if image.mode in ("L", "LA") else "RGBA"
    padded = Image.new(mode, canvas)
    padded.paste(image.convert(mode), place)
    return padded


def _file(name: str, media_type: MediaType, data: bytes, size: Size) -> RenderedFile:
    return RenderedFile(Rendition(name, media_type, *size, len(data)), data)
