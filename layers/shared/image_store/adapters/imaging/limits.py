"""How much work a stranger's picture may cause, checked against its header before any decoding."""

from dataclasses import dataclass
from datetime import timedelta

from image_store.domain.errors import ImageTooLarge, InvalidImage, TooManyFrames

# An encoder cuts a progressive JPEG into about 10 scans, and each costs a walk over all of the picture.
_MAX_PASS_PIXELS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Header:
    """What a file claims about itself before anything is decoded.

    `frames` is 1 for a still picture. `passes` counts how often a decoder walks over all pixels: the scans
    of a JPEG, 1 elsewhere. `is_plausible` is false where so few bytes cannot hold so many pixels.
    """

    width: int
    height: int
    frames: int = 1
    passes: int = 1
    is_plausible: bool = True


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """Caps on one original.

    `max_pixels` holds for the picture (or the canvas of an animation), `max_frames` for the number of
    frames and `max_total_pixels` for canvas × frames of an animation. `max_decode_time` ends the decoding of
    an animation whose frames cost more than their claimed size lets expect.

    The limits on what is animated refuse nothing: beyond them a rendition shows the first frame alone.
    `max_animated_pixels` holds for the frames of one rendition together, `max_animation_time` for decoding and
    scaling them.
    """

    max_pixels: int
    max_frames: int
    max_total_pixels: int
    max_decode_time: timedelta
    max_animated_frames: int = 300
    max_animated_pixels: int = 25_000_000
    max_animation_time: timedelta = timedelta(seconds=4)

    def check(self, header: Header) -> None:
        """Refuse a picture that is larger than this.

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
