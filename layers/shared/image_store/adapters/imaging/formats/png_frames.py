"""Decodes the frames of a PNG."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from PIL import Image

from image_store.adapters.imaging.color.conversion import to_working_mode
from image_store.adapters.imaging.decoding.canvas import Canvas
from image_store.adapters.imaging.decoding.opening import open_image
from image_store.adapters.imaging.formats.apng import PngFrame, Span
from image_store.adapters.imaging.formats.png import read_png
from image_store.adapters.imaging.rendering.sizes import Size
from image_store.domain.errors import InvalidImage
from image_store.domain.images.media import MediaType

_CLEAR, _RESTORE = 1, 2
_GREYS = (0, 4)  # colour types


class PngFrames:
    """The frames of a PNG whose structure was checked before.

    The picture for viewers without support for animations is a frame only if the file says so.
    """

    def __init__(self, data: bytes) -> None:
        """Find the frames; nothing is decoded yet."""
        self._png = read_png(data)
        self.facts = self._png.facts
        self.size: Size = self._png.size
        self.count = max(1, len(self._png.frames))
        self.plays = self._png.plays

    def decode(self) -> Iterator[tuple[Image.Image, float | None]]:
        """Decode each frame, laid over what remains of the frames before it."""
        frames = self._png.frames
        if not frames or (len(frames) == 1 and frames[0].is_in_picture_data):
            yield self._loaded(self._png.still(), self.size, self._png.spans), None
            return
        canvas = Canvas(self.size, "LA" if self._png.color_type in _GREYS else "RGBA")
        for frame in frames:
            place, size = (frame.left, frame.top), (frame.width, frame.height)
            before = canvas.part_before(size, place) if frame.disposal == _RESTORE else None
            canvas.lay(self._frame(frame), place, is_over=frame.blend == 1)
            yield canvas.image, frame.duration_ms
            if before is not None:
                canvas.image.paste(before, place)
            elif frame.disposal == _CLEAR:
                canvas.clear(size, place)

    def _frame(self, frame: PngFrame) -> Image.Image:
        size = frame.width, frame.height
        return to_working_mode(self._loaded(self._png.still_of(frame), size, frame.spans))

    def _loaded(self, file: BinaryIO, size: Size, spans: Sequence[Span]) -> Image.Image:
        image = open_image(file, MediaType.PNG)
        image.load()
        # Missing rows stay zero. Of an interlaced picture they can be anywhere.
        last_row = image.crop((0, image.height - 1, image.width, image.height)).tobytes()
        is_certain = not self._png.is_interlaced and any(last_row)
        if not is_certain and not self._png.is_whole(*size, spans):
            raise InvalidImage("The PNG ends before its picture does: the file is incomplete.")
        return image
