"""Collects the frames of an animation for animated renditions."""

import time
from collections.abc import Collection
from dataclasses import dataclass

from PIL import Image

from image_store.adapters.imaging.color.conversion import conversion_to_srgb, to_working_mode
from image_store.adapters.imaging.decoding.limits import DecodeLimits
from image_store.adapters.imaging.decoding.picture import Picture
from image_store.adapters.imaging.formats.source import Frames
from image_store.adapters.imaging.rendering.scaling import resize_whole
from image_store.adapters.imaging.rendering.sizes import (
    Size,
    canvas_size,
    cropped_size,
    size_needed,
    whole_size,
)
from image_store.domain.delivery.renditions import Recipe

# Browsers treat a duration of 10 ms or less as a mistake and show such a frame for 100 ms.
_LEAST_DURATION_MS, _USUAL_DURATION_MS = 11, 100
_LONGEST_DURATION_MS = 60_000
_MOST_LOOPS = 65_535
_WITH_ALPHA = ("LA", "RGBA")


@dataclass(frozen=True, slots=True)
class Animation:
    """Frames, upright and in sRGB, large enough for all recipes in `moving`.

    `plays` is 0 for an animation without end.
    """

    frames: tuple[Image.Image, ...]
    durations_ms: tuple[int, ...]
    plays: int
    moving: frozenset[Recipe]


class Film:
    """Collects frames while an original is decoded, and gives up if that takes too long."""

    def __init__(
        self,
        source: Frames,
        size: Size,
        *,
        recipes: Collection[Recipe],
        limits: DecodeLimits,
    ) -> None:
        """`size` is that of an upright frame."""
        self._facts = source.facts
        self._canvas = source.size
        self._moving = frozenset(
            recipe
            for recipe in recipes
            if recipe.animated and _is_affordable(recipe, size, source.count, limits)
        )
        self._size = size_needed(size, self._moving)
        self._frames: list[Image.Image] = []
        self._durations: list[int] = []
        self._plays = max(0, min(source.plays, _MOST_LOOPS))
        self._gives_up_at = time.thread_time() + limits.max_animation_time.total_seconds()

    def take(self, image: Image.Image, duration_ms: float | None) -> None:
        """Copy the frame that was just decoded; `image` may change afterwards."""
        if not self._moving:
            return
        if time.thread_time() >= self._gives_up_at:
            self._moving = frozenset()
            self._frames.clear()
            return
        frame = to_working_mode(image)
        if frame.size != self._canvas:  # pixels outside the canvas are not shown
            frame = frame.crop((0, 0, *self._canvas))
        # Frames of one file can have different modes.
        conversion = conversion_to_srgb(self._facts.colors, frame.mode)
        picture = Picture(frame, self._facts.orientation, conversion.convert)
        finished = resize_whole(picture, self._size).upright_in_srgb().image
        copy = finished.copy() if finished is image else finished
        copy.info = {}
        self._frames.append(copy)
        self._durations.append(_duration_ms(duration_ms))

    def animation(self) -> Animation | None:
        """The animation; None if no rendition is animated or there is only one frame."""
        if not self._moving or len(self._frames) < 2:
            return None
        frames = self._frames
        if any(frame.mode in _WITH_ALPHA for frame in frames):
            # Beside an opaque frame the encoder would treat transparent pixels of the others as unchanged.
            frames = [frame.convert("RGBA") for frame in frames]
        return Animation(tuple(frames), tuple(self._durations), self._plays, self._moving)


def _is_affordable(recipe: Recipe, upright_size: Size, frames: int, limits: DecodeLimits) -> bool:
    sizes = (whole_size(upright_size, recipe), cropped_size(upright_size, recipe), canvas_size(recipe))
    pixels = max(size[0] * size[1] for size in sizes if size is not None)
    return frames <= limits.max_animated_frames and frames * pixels <= limits.max_animated_pixels


def _duration_ms(duration_ms: float | None) -> int:
    if duration_ms is None or not duration_ms >= _LEAST_DURATION_MS:
        return _USUAL_DURATION_MS
    return round(min(duration_ms, _LONGEST_DURATION_MS))
