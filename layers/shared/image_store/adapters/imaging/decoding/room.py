"""How much may be decoded at once: memory goes by pixels, and a batch decodes in several threads."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class PixelRoom:
    """Room for so many pixels, shared by threads; what does not fit waits until others have left."""

    def __init__(self, pixels: int) -> None:
        self.pixels = pixels
        self._free = pixels
        self._changed = Condition()

    @contextmanager
    def reserve(self, pixels: int) -> Iterator[None]:
        """Hold room for a picture; one that is larger than all of it takes all of it."""
        held = min(max(pixels, 0), self.pixels)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= held)
            self._free -= held
        try:
            yield
        finally:
            with self._changed:
                self._free += held
                self._changed.notify_all()
