"""Lays the frames of a GIF or PNG onto their canvas, as browsers do: it begins transparent, and is cleared to it."""

from PIL import Image

from image_store.adapters.imaging.rendering.sizes import Box, Size


class Canvas:
    """The visible picture of an animation; `image` is in LA for grey and in RGBA otherwise."""

    def __init__(self, size: Size, mode: str) -> None:
        self.image = Image.new(mode, size)

    def lay(self, frame: Image.Image, place: tuple[int, int], *, is_over: bool) -> None:
        """Put a frame at a place, over the pixels there or instead of them, cropped to the canvas."""
        box = self._box(frame.size, place)
        visible = frame.crop((0, 0, box[2] - box[0], box[3] - box[1])).convert(self.image.mode)
        if is_over:
            below = self.image.crop(box)
            visible = Image.alpha_composite(below, visible)
        self.image.paste(visible, box)

    def part_before(self, size: Size, place: tuple[int, int]) -> Image.Image:
        """The pixels in the place of a frame before it is laid."""
        return self.image.crop(self._box(size, place))

    def clear(self, size: Size, place: tuple[int, int]) -> None:
        """Make the place of a frame transparent."""
        box = self._box(size, place)
        self.image.paste(Image.new(self.image.mode, (box[2] - box[0], box[3] - box[1])), box)

    def _box(self, size: Size, place: tuple[int, int]) -> Box:
        left, top = min(place[0], self.image.width), min(place[1], self.image.height)
        return left, top, min(left + size[0], self.image.width), min(top + size[1], self.image.height)
