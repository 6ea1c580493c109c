"""Limits the work that an untrusted picture may cause; its header is checked before anything is decoded."""

from dataclasses import dataclass
from datetime import timedelta

from image_store.domain.errors import ImageTooLarge, InvalidImage, PayloadTooLarge, TooManyFrames
from image_store.domain.images.upload_limits import UploadLimits

MAX_ORIGINAL_SIDE_PX = 65_535
"""No JPEG, GIF, WebP or AVIF has a longer side; a PNG with a longer one is an attack on the scaler."""

# Encoders divide a progressive JPEG into about 10 scans; the decoder walks over the whole picture for each.
_MAX_PASS_PIXELS = 1_000_000_000
# Memory of a frame until its animated rendition is encoded.
_FRAME_BYTES_PER_PIXEL = 4
# A photo takes about 30 bytes of memory for each byte of the file, a flat drawing 1,000, a bomb 1,000,000.
_MEMORY_FOR_ANY_FILE = 180_000_000
_MEMORY_PER_FILE_BYTE = 256


@dataclass(frozen=True, slots=True)
class Header:
    """What a file claims about itself before anything is decoded.

    `frames` is 1 for a still picture. `passes` is how often a decoder walks over all pixels: the number of scans of a
    JPEG, otherwise 1. `bytes_per_pixel` is the peak memory of decoding, measured with Pillow 13. `is_plausible` is
    false if so few bytes cannot hold so many pixels.
    """

    width: int
    height: int
    frames: int = 1
    passes: int = 1
    bytes_per_pixel: int = 4
    is_plausible: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeLimits(UploadLimits):
    """Limits on one original and on animated renditions.

    A small file gets less memory than `max_memory_bytes`: 180 MB, and 256 bytes for each byte of the file.

    The limits on animations refuse nothing: beyond them a rendition shows only the first frame. `max_animated_pixels`
    is for all frames of one rendition together, `max_animation_time` for decoding and scaling them.
    """

    max_animated_frames: int = 300
    max_animated_pixels: int = 25_000_000
    max_animation_time: timedelta = timedelta(seconds=4)

    def check_bytes(self, size_bytes: int) -> None:
        """Raise PayloadTooLarge for a file with too many bytes."""
        if size_bytes > self.max_bytes:
            raise PayloadTooLarge(f"An image has at most {self.max_bytes:,} bytes.")

    def check(self, header: Header, size_bytes: int) -> None:
        """Refuse a picture beyond a limit, or one that takes too much memory for a file of `size_bytes`.

        Raises
        ------
        InvalidImage, ImageTooLarge, TooManyFrames
        """
        pixels = header.width * header.height
        if pixels <= 0:
            raise InvalidImage("The image claims to have no pixels.")
        if pixels > self.max_pixels:
            raise ImageTooLarge(
                f"The image has {header.width} × {header.height} pixels; "
                f"at most {self.max_pixels:,} pixels are accepted."
            )
        if max(header.width, header.height) > MAX_ORIGINAL_SIDE_PX:
            raise ImageTooLarge(
                f"The image has {header.width} × {header.height} pixels; "
                f"at most {MAX_ORIGINAL_SIDE_PX:,} are accepted on a side."
            )
        if header.frames > self.max_frames:
            raise TooManyFrames(
                f"The animation has {header.frames:,} frames; at most {self.max_frames:,} are accepted."
            )
        if header.frames > 1 and pixels * header.frames > self.max_total_pixels:
            raise TooManyFrames(
                f"The animation has {header.frames:,} frames of {header.width} × {header.height} pixels; "
                f"at most {self.max_total_pixels:,} pixels in all frames together are accepted."
            )
        if not header.is_plausible:
            raise InvalidImage("The image is incomplete: it is far too short for its size.")
        if header.passes > 1 and pixels * header.passes > _MAX_PASS_PIXELS:
            raise InvalidImage(f"The JPEG is cut into {header.passes:,} scans, far more than its size needs.")
        needed = self._memory_of(header)
        granted = min(self.max_memory_bytes, _MEMORY_FOR_ANY_FILE + _MEMORY_PER_FILE_BYTE * size_bytes)
        if needed > granted:
            raise ImageTooLarge(
                f"The image has {header.width} × {header.height} pixels and would take "
                f"{needed // 1_000_000:,} MB of memory to decode; {granted // 1_000_000:,} MB are granted to a "
                f"file of {size_bytes:,} bytes."
            )

    def _memory_of(self, header: Header) -> int:
        pixels = header.width * header.height
        frame_pixels = min(pixels * header.frames, self.max_animated_pixels) if header.frames > 1 else 0
        return pixels * header.bytes_per_pixel + frame_pixels * _FRAME_BYTES_PER_PIXEL
