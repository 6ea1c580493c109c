"""A file that consists of pieces of another file, without a second copy of them."""

import io
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate


class Pieces(io.RawIOBase):
    """Reads pieces one after the other, as if they were joined. Copies only what is read."""

    def __init__(self, pieces: Sequence[bytes | memoryview]) -> None:
        """Begin at the first byte of the first piece."""
        super().__init__()
        self._pieces = [memoryview(piece) for piece in pieces if len(piece)]
        self._ends = list(accumulate(map(len, self._pieces)))
        self._at = 0

    def readable(self) -> bool:
        """Yes: it can be read."""
        return True

    def seekable(self) -> bool:
        """Yes: it can be read from any byte."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a byte; ValueError before the first one."""
        size = self._ends[-1] if self._ends else 0
        at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: size}[whence]
        if at < 0:
            raise ValueError("A file has no bytes before its first one.")
        self._at = at
        return at

    def readinto(self, buffer: "bytearray | memoryview", /) -> int:  # type: ignore[override]
        """Fill a buffer as far as there are bytes; returns the number of bytes read."""
        filled, size = 0, len(buffer)
        index = bisect_right(self._ends, self._at)
        while filled < size and index < len(self._pieces):
            piece = self._pieces[index]
            start = self._at - (self._ends[index] - len(piece))
            part = piece[start : start + size - filled]
            buffer[filled : filled + len(part)] = part
            filled += len(part)
            self._at += len(part)
            index += 1
        return filled
