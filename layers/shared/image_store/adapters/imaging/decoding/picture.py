"""A decoded picture with the orientation and colour conversion that still have to be applied."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from PIL import Image

from image_store.adapters.imaging.rendering.sizes import Box, Size

# EXIF 2.32, tag 0x0112: how to turn the stored rows and columns to make the picture upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = frozenset({5, 6, 7, 8})


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels, with an orientation and a colour conversion that are not applied yet.

    Both are applied as late as possible: for a thumbnail they cost a hundredth of what they cost for the original.
    `image` is in mode L, LA, RGB, RGBA or CMYK; `to_srgb` is None for sRGB.
    """

    image: Image.Image
    orientation: int = 1
    to_srgb: Callable[[Image.Image], Image.Image] | None = None

    @property
    def has_alpha(self) -> bool:
        """Whether some pixels may be transparent."""
        return self.image.mode in ("LA", "RGBA")

    def stored_size(self, upright: Size) -> Size:
        """Translate the size of the upright picture into the size before the orientation is applied, or back."""
        return (upright[1], upright[0]) if self.orientation in _SIDEWAYS else upright

    def stored_box(self, upright: Box) -> Box:
        """Translate a box in the upright picture into the same box before the orientation is applied."""
        left, top, right, bottom = upright
        width, height = self.stored_size(self.image.size)
        match self.orientation:
            case 2:
                return width - right, top, width - left, bottom
            case 3:
                return width - right, height - bottom, width - left, height - top
            case 4:
                return left, height - bottom, right, height - top
            case 5:
                return top, left, bottom, right
            case 6:
                return top, width - right, bottom, width - left
            case 7:
                return height - bottom, width - right, height - top, width - left
            case 8:
                return height - bottom, left, height - top, right
        return upright

    def with_image(self, image: Image.Image) -> "Picture":
        """The same picture with these pixels of it, smaller or cropped."""
        return replace(self, image=image)

    def upright_in_srgb(self) -> "Picture":
        """The picture upright and in sRGB."""
        image = self.image if self.to_srgb is None else self.to_srgb(self.image)
        if self.orientation in _TURNS:
            image = image.transpose(_TURNS[self.orientation])
        return Picture(image)
