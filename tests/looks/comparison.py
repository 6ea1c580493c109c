"""Whether a screen looks as it did: two pictures are compared in blocks, so that a small change counts where it is."""

from __future__ import annotations

import io
import os
from pathlib import Path

from PIL import Image, ImageChops, ImageStat

HERE = Path(__file__).parent
REFERENCES = HERE / "references"
DIFFERENT = HERE.parents[1] / "build" / "looks"
UPDATES = bool(os.environ.get("UPDATE_LOOKS"))
"""Whether the references are written anew instead of compared."""
SMALLER = 2
"""References have half the size: they are small files, and forgive how edges are smoothed."""
BLOCK = 16
MOST_DIFFERENCE = 18
"""Of 255, on average in a block."""
COLORS = 256
KEEP = "If it is as it should be, keep it: UPDATE_LOOKS=1 make test ARGS=tests/looks"


def check_looks(name: str, screenshot: bytes) -> list[str]:
    """Say if a screen does not look as in its reference; the new picture is then in build/looks."""
    shown = reduced(screenshot)
    reference = REFERENCES / f"{name}.png"
    if UPDATES:
        shown.quantize(COLORS).save(reference, optimize=True)
        return []
    if not reference.exists():
        return [f"{name} has no reference. {KEEP}"]
    with Image.open(reference) as earlier:
        difference = most_difference(shown, earlier.convert("RGB"))
    if difference <= MOST_DIFFERENCE:
        return []
    DIFFERENT.mkdir(parents=True, exist_ok=True)
    shown.save(DIFFERENT / f"{name}.png")
    return [f"{name} looks different, by {difference} of 255 in one place: compare it in build/looks. {KEEP}"]


def reduced(screenshot: bytes) -> Image.Image:
    """A screenshot as it is kept."""
    with Image.open(io.BytesIO(screenshot)) as image:
        return image.convert("RGB").reduce(SMALLER)


def most_difference(shown: Image.Image, earlier: Image.Image) -> int:
    """The largest average difference of a block; 255 if the sizes differ."""
    if shown.size != earlier.size:
        return 255
    blocks = ImageChops.difference(shown, earlier).reduce(BLOCK)
    return max(round(most) for _, most in ImageStat.Stat(blocks).extrema)
