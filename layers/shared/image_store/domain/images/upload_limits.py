"""The limits on one original that a deployment may lower or raise."""

from dataclasses import dataclass
from datetime import timedelta

from image_store.domain.images.media import MAX_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadLimits:
    """Limits on one original, with the defaults of a deployment.

    A picture of 50 megapixels takes up to 200 MB of memory as a JPEG, 400 MB as a PNG, 550 MB as an AVIF and 800 MB
    as a WebP, and its renditions 100 MB more. An animation at the limit of pixels takes 1–2 s of one core.
    """

    max_bytes: int = MAX_BYTES
    max_pixels: int = 50_000_000
    """Of the picture, or of the canvas of an animation."""
    max_frames: int = 1_000
    max_total_pixels: int = 100_000_000
    """Of an animation: canvas × frames."""
    max_metadata_bytes: int = 16 * 1024 * 1024
    """EXIF, XMP, ICC, comments and unknown parts together; photo editors stay below a tenth of it."""
    max_memory_bytes: int = 800_000_000
    """The memory that decoding may take, as far as the header shows."""
    max_decode_time: timedelta = timedelta(seconds=8)
    """Of one core; it ends the decoding of an animation whose frames cost more than their size suggests."""
