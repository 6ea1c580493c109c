"""How large a picture becomes in each preset."""

from collections.abc import Sequence

from image_store.domain.renditions import DISPLAY_SIDE_PX, THUMB_SIDE_PX, Preset

type Size = tuple[int, int]


def whole_size(size: Size, preset: Preset) -> Size:
    """The size of the whole picture at the scale of a preset, before any crop; never more than it has."""
    scale = THUMB_SIDE_PX / min(size) if preset is Preset.THUMB else DISPLAY_SIDE_PX / max(size)
    if scale >= 1:
        return size
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def size_needed(size: Size, presets: Sequence[Preset]) -> Size:
    """The size that a whole picture must at least be decoded at to make all these presets from it."""
    sizes = [whole_size(size, preset) for preset in presets]
    return max((width for width, _ in sizes), default=1), max((height for _, height in sizes), default=1)
