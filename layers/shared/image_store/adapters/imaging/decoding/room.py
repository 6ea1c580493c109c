"""Limits how many pixels are decoded at once, because a batch decodes in several threads."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class PixelRoom:
    """Room for a number of pixels, shared by threads; a picture that does not fit waits for others to finish."""

    def __init__(self, pixels: int) -> None:
        self.pixels = pixels
        self._free = pixels
        self._changed = Condition()

    @contextmanager
    def reserve(self, pixels: int) -> Iterator[None]:
        """Reserve room for a picture; one that is larger than the whole room takes all of it."""
        reserved = min(max(pixels, 0), self.pixels)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= reserved)
            self._free -= reserved
        try:
            yield
        finally:
            with self._changed:
                self._free += reserved
                self._changed.notify_all()
