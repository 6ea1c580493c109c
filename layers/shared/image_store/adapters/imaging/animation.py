"""The frames of an animation, on their way to a rendition that moves."""

import time
from collections.abc import Collection
from dataclasses import dataclass

from PIL import Image, ImageFile

from image_store.adapters.imaging.color import conversion_to_srgb, to_working_mode
from image_store.adapters.imaging.limits import DecodeLimits
from image_store.adapters.imaging.picture import Picture
from image_store.adapters.imaging.scaling import resized
from image_store.adapters.imaging.sizes import Size, canvas_size, cropped_size, size_needed, whole_size
from image_store.domain.media import MediaType
from image_store.domain.renditions import Recipe

# Browsers take 10 ms and less for a mistake and show such a frame for 100.
_LEAST_DURATION_MS, _USUAL_DURATION_MS = 11, 100
_LONGEST_DURATION_MS = 60_000
_MOST_LOOPS = 65_535


@dataclass(frozen=True, slots=True)
class Animation:
    """Frames, upright and in sRGB, at a size that serves all recipes in `moving`.

    A frame is shown for its number of milliseconds; `plays` is 0 for an animation without end.
    """

    frames: tuple[Image.Image, ...]
    durations_ms: tuple[int, ...]
    plays: int
    moving: frozenset[Recipe]


class Film:
    """Collects frames while an original is decoded, and gives up when that costs too much."""

    def __init__(
        self,
        opened: ImageFile.ImageFile,
        lying: Picture,
        profile: bytes | None,
        *,
        frames: int,
        recipes: Collection[Recipe],
        limits: DecodeLimits,
    ) -> None:
        """`opened` has its first frame loaded; `lying` tells which way up all of them are."""
        self._opened = opened
        self._lying = lying
        self._profile = profile
        self._canvas = opened.size
        self._seen = lying.stored_size(opened.size)
        # The first picture of a PNG may be one for viewers that know no animation.
        self._skipped = 1 if opened.info.get("default_image") else 0
        self._moving = frozenset(
            recipe
            for recipe in recipes
            if recipe.animated and _is_affordable(recipe, self._seen, frames - self._skipped, limits)
        )
        self._size = size_needed(self._seen, self._moving)
        self._frames: list[Image.Image] = []
        self._durations: list[int] = []
        self._plays = _plays(opened)
        self._gives_up_at = time.thread_time() + limits.max_animation_time.total_seconds()

    def take(self) -> None:
        """Keep the frame that was just loaded."""
        if not self._moving:
            return
        if self._skipped:
            self._skipped -= 1
            return
        if time.thread_time() >= self._gives_up_at:
            self._moving = frozenset()
            self._frames.clear()
            return
        frame = to_working_mode(self._opened.copy())
        if frame.size != self._canvas:  # what juts out of the canvas is not shown
            frame = frame.crop((0, 0, *self._canvas))
        frame.info = {}
        # Frames of one file differ in their kind of pixel.
        picture = Picture(frame, self._lying.orientation, conversion_to_srgb(self._profile, frame.mode))
        self._frames.append(resized(picture, self._size).finished().image)
        self._durations.append(_duration_ms(self._opened))

    def developed(self) -> Animation | None:
        """The animation; None where nothing of it moves."""
        if not self._moving or len(self._frames) < 2:
            return None
        return Animation(tuple(self._frames), tuple(self._durations), self._plays, self._moving)


def _is_affordable(recipe: Recipe, seen: Size, frames: int, limits: DecodeLimits) -> bool:
    sizes = (whole_size(seen, recipe), cropped_size(seen, recipe), canvas_size(recipe))
    pixels = max(size[0] * size[1] for size in sizes if size is not None)
    return frames <= limits.max_animated_frames and frames * pixels <= limits.max_animated_pixels


def _duration_ms(opened: ImageFile.ImageFile) -> int:
    duration = opened.info.get("duration")
    if not isinstance(duration, int | float) or not duration >= _LEAST_DURATION_MS:
        return _USUAL_DURATION_MS
    return round(min(duration, _LONGEST_DURATION_MS))


def _plays(opened: ImageFile.ImageFile) -> int:
    """How often the animation is shown: a GIF tells how often it is repeated, the others how often it plays."""
    loop = opened.info.get("loop")
    if opened.format == MediaType.GIF.name:
        plays = 1 if not isinstance(loop, int) else loop + 1 if loop > 0 else 0
    else:
        plays = loop if isinstance(loop, int) else 0
    return max(0, min(plays, _MOST_LOOPS))
