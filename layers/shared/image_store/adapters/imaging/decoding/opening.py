"""Opening bytes with the one decoder of Pillow that they are for."""

import warnings
from io import BytesIO
from typing import BinaryIO

# Importing a plugin registers it; without that Image.open would import all forty.
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
# A file keeps one core busy, however many there are: several are decoded at once, and the time of each can be measured.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

# Pillow's own cap is a second line behind `limits`; between its limit and twice that it only warns.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
# Other warnings are about odd metadata, which no rendition carries: nothing an operator could act on.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

# Renditions of one upload, and uploads after each other, need the same large buffers again. Giving them back
# in between costs a sixth of the CPU time of a 12 MP photo, in page faults. Small blocks fit every size.
_BLOCK_BYTES, _KEPT_BLOCKS = 1024 * 1024, 128
Image.core.set_block_size(_BLOCK_BYTES)  # type: ignore[attr-defined] # typed only as a private module
Image.core.set_blocks_max(_KEPT_BLOCKS)  # type: ignore[attr-defined] # typed only as a private module


def open_image(data: bytes | BinaryIO, media_type: MediaType) -> ImageFile.ImageFile:
    """Open bytes, or a file of them, as a format; nothing is decoded yet."""
    file = BytesIO(data) if isinstance(data, bytes) else data
    return Image.open(file, formats=(_PILLOW_FORMATS[media_type],))
