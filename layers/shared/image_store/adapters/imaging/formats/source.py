"""An original as its container was read: the picture alone, and what else the file says that matters."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from image_store.adapters.imaging.color.conversion import ColorTag
from image_store.adapters.imaging.rendering.sizes import Size

DAMAGED_PROFILE = "The color profile of the file cannot be read and is ignored: its colors are shown as sRGB."
NO_END = "The file ends without its end mark; its picture is complete."


@dataclass(frozen=True, slots=True)
class ContainerFacts:
    """What a file says beside its pixels.

    `orientation` is that of EXIF, 1–8. `warnings` are sentences about what was ignored.
    """

    colors: ColorTag = None
    orientation: int = 1
    warnings: tuple[str, ...] = ()


class Frames(Protocol):
    """The frames of a file, each as a whole canvas, in order and once."""

    @property
    def facts(self) -> ContainerFacts:
        """What the file says beside its pixels."""

    @property
    def size(self) -> Size:
        """The size of the canvas, before it is turned upright."""

    @property
    def count(self) -> int:
        """How many frames there are; 1 for a still picture."""

    @property
    def plays(self) -> int:
        """How often an animation is shown; 0 is without end."""

    def decode(self) -> Iterator[tuple[Image.Image, float | None]]:
        """Decode each frame; with it the milliseconds for which it is shown, None where the file does not say.

        An image may be changed when the next one is asked for.
        """


def joined_names(names: list[str]) -> str:
    """Names for a sentence: at most five, each once."""
    different = sorted(set(names))
    return ", ".join(different[:5]) + (", …" if len(different) > 5 else "")
