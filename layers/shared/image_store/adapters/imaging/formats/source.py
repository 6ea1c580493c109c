"""An original whose container was read: its frames, and the facts that the file states beside them."""

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
    """Facts that a file states beside its pixels.

    `orientation` is that of EXIF, 1–8. `warnings` are sentences about what was ignored.
    """

    colors: ColorTag = None
    orientation: int = 1
    warnings: tuple[str, ...] = ()


class Frames(Protocol):
    """The frames of a file, each as a whole canvas, in order; they can be decoded once."""

    @property
    def facts(self) -> ContainerFacts:
        """The facts that the file states beside its pixels."""

    @property
    def size(self) -> Size:
        """The size of the canvas before the orientation is applied."""

    @property
    def count(self) -> int:
        """The number of frames; 1 for a still picture."""

    @property
    def plays(self) -> int:
        """How often an animation plays; 0 means without end."""

    def decode(self) -> Iterator[tuple[Image.Image, float | None]]:
        """Decode each frame, with its duration in milliseconds; None if the file does not state it.

        An image may change when the next one is decoded.
        """


def joined_names(names: list[str]) -> str:
    """Names for a sentence: at most five, each once."""
    different = sorted(set(names))
    return ", ".join(different[:5]) + (", …" if len(different) > 5 else "")
