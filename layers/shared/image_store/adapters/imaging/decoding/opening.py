"""Opens bytes with the one decoder of Pillow for their format."""

import warnings
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

# Importing a plugin registers it; otherwise Image.open would import all forty.
from PIL import (
    AvifImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from image_store.domain.images.media import MediaType

_PILLOW_FORMATS = {
    MediaType.JPEG: JpegImagePlugin.JpegImageFile.format,
    MediaType.PNG: PngImagePlugin.PngImageFile.format,
    MediaType.GIF: GifImagePlugin.GifImageFile.format,
    MediaType.WEBP: WebPImagePlugin.WebPImageFile.format,
    MediaType.AVIF: AvifImagePlugin.AvifImageFile.format,
}
# One core for each file: several files are decoded at once, and the CPU time of each can be measured.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

# Pillow's own cap is a second check after `limits`; up to twice its limit Pillow only warns.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
# Other warnings are about odd metadata, which no rendition carries; an operator could do nothing about them.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

# Renditions and successive uploads need large buffers again and again. Returning them to the system in between costs
# a sixth of the CPU time of a 12 MP photo, in page faults. Small blocks suit every size.
_BLOCK_BYTES, _KEPT_BLOCKS = 1024 * 1024, 128
Image.core.set_block_size(_BLOCK_BYTES)  # type: ignore[attr-defined] # typed only as a private module
Image.core.set_blocks_max(_KEPT_BLOCKS)  # type: ignore[attr-defined] # typed only as a private module


def frames_in(opened: ImageFile.ImageFile, *, count: int) -> Iterator[tuple[Image.Image, float | None]]:
    """Decode each frame of an opened file, with its duration in milliseconds if the file says one."""
    for index in range(count):
        opened.seek(index)
        opened.load()
        # An animation needs a copy: the decoder reuses the picture of the file.
        yield opened if count == 1 else opened.copy(), opened.info.get("duration")


def open_image(data: bytes | BinaryIO, media_type: MediaType) -> ImageFile.ImageFile:
    """Open bytes, or a file of them, as a format; nothing is decoded yet."""
    file = BytesIO(data) if isinstance(data, bytes) else data
    return Image.open(file, formats=(_PILLOW_FORMATS[media_type],))
