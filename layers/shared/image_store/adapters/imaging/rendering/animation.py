"""The frames of an animation, on their way to a rendition that moves."""

import time
from collections.abc import Collection
from dataclasses import dataclass

from PIL import Image

from image_store.adapters.imaging.color.conversion import conversion_to_srgb, to_working_mode
from image_store.adapters.imaging.decoding.limits import DecodeLimits
from image_store.adapters.imaging.decoding.picture import Picture
from image_store.adapters.imaging.formats.source import Frames
from image_store.adapters.imaging.rendering.scaling import resized
from image_store.adapters.imaging.rendering.sizes import (
    Size,
    canvas_size,
    cropped_size,
    size_needed,
    whole_size,
)
from image_store.domain.delivery.renditions import Recipe

# Browsers take 10 ms and less for a mistake and show such a frame for 100.
_LEAST_DURATION_MS, _USUAL_DURATION_MS = 11, 100
_LONGEST_DURATION_MS = 60_000
_MOST_LOOPS = 65_535
_WITH_ALPHA = ("LA", "RGBA")


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
        source: Frames,
        seen: Size,
        *,
        recipes: Collection[Recipe],
        limits: DecodeLimits,
    ) -> None:
        """`seen` is the size of each frame when it is upright."""
        self._facts = source.facts
        self._canvas = source.size
        self._moving = frozenset(
            recipe
            for recipe in recipes
            if recipe.animated and _is_affordable(recipe, seen, source.count, limits)
        )
        self._size = size_needed(seen, self._moving)
        self._frames: list[Image.Image] = []
        self._durations: list[int] = []
        self._plays = max(0, min(source.plays, _MOST_LOOPS))
        self._gives_up_at = time.thread_time() + limits.max_animation_time.total_seconds()

    def take(self, image: Image.Image, duration_ms: float | None) -> None:
        """Keep the frame that was just decoded; `image` may change afterwards."""
        if not self._moving:
            return
        if time.thread_time() >= self._gives_up_at:
            self._moving = frozenset()
            self._frames.clear()
            return
        frame = to_working_mode(image)
        if frame.size != self._canvas:  # what juts out of the canvas is not shown
            frame = frame.crop((0, 0, *self._canvas))
        # Frames of one file differ in their kind of pixel.
        conversion = conversion_to_srgb(self._facts.colors, frame.mode)
        picture = Picture(frame, self._facts.orientation, conversion.convert)
        finished = resized(picture, self._size).upright_in_srgb().image
        kept = finished.copy() if finished is image else finished
        kept.info = {}
        self._frames.append(kept)
        self._durations.append(_shown_for_ms(duration_ms))

    def animation(self) -> Animation | None:
        """The animation; None where nothing of it moves."""
        if not self._moving or len(self._frames) < 2:
            return None
        frames = self._frames
        if any(frame.mode in _WITH_ALPHA for frame in frames):
            # An encoder that is given an opaque frame takes what is transparent in the others for unchanged.
            frames = [frame.convert("RGBA") for frame in frames]
        return Animation(tuple(frames), tuple(self._durations), self._plays, self._moving)


def _is_affordable(recipe: Recipe, seen: Size, frames: int, limits: DecodeLimits) -> bool:
    sizes = (whole_size(seen, recipe), cropped_size(seen, recipe), canvas_size(recipe))
    pixels = max(size[0] * size[1] for size in sizes if size is not None)
    return frames <= limits.max_animated_frames and frames * pixels <= limits.max_animated_pixels


def _shown_for_ms(duration_ms: float | None) -> int:
    if duration_ms is None or not duration_ms >= _LEAST_DURATION_MS:
        return _USUAL_DURATION_MS
    return round(min(duration_ms, _LONGEST_DURATION_MS))
