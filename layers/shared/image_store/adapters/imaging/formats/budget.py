"""Limits the work of reading the structure of one file."""

from image_store.domain.errors import InvalidImage
from image_store.domain.images.media import MediaType

_MAX_PARTS_AT_LEAST = 4_096
_BYTES_PER_PART = 1_024
_PARTS_PER_FRAME = 4
_MAX_FRAMES_COUNTED = 10_000


def cut_off(media_type: MediaType) -> InvalidImage:
    """The error for a file that ends too early."""
    return InvalidImage(f"The {media_type.name} ends before its picture does: the file is incomplete.")


def contradiction(media_type: MediaType, what: str) -> InvalidImage:
    """The error for a file that contradicts itself."""
    return InvalidImage(f"The {media_type.name} is damaged: {what}.")


class Budget:
    """Counts the parts of one file, and refuses a file whose many parts only keep a reader busy."""

    def __init__(
        self,
        media_type: MediaType,
        size_bytes: int,
        max_metadata_bytes: int,
        *,
        bytes_per_part: int = _BYTES_PER_PART,
    ) -> None:
        self._media_type = media_type
        self._parts_left = _MAX_PARTS_AT_LEAST + size_bytes // bytes_per_part
        self._max_metadata_bytes = self._metadata_left = max_metadata_bytes
        self.frames = 0

    @property
    def has_frames_enough(self) -> bool:
        """Whether there are already more frames than any deployment decodes, so that counting can stop."""
        return self.frames >= _MAX_FRAMES_COUNTED

    def take_frame(self) -> None:
        """Count a frame."""
        self.frames += 1
        self._parts_left += _PARTS_PER_FRAME

    def take_part(self) -> None:
        """Count a part; InvalidImage if there are too many for the length of the file."""
        self._parts_left -= 1
        if self._parts_left < 0:
            raise contradiction(self._media_type, "it is cut into too many small parts")

    def take_metadata(self, size_bytes: int) -> None:
        """Count bytes of metadata; InvalidImage if there are too many."""
        self._metadata_left -= size_bytes
        if self._metadata_left < 0:
            raise InvalidImage(
                f"The {self._media_type.name} carries more than "
                f"{self._max_metadata_bytes:,} bytes of metadata."
            )


def big(data: bytes, at: int, size: int) -> int:
    """A big-endian number; IndexError if the file ends before it."""
    if at + size > len(data):
        raise IndexError(at)
    return int.from_bytes(data[at : at + size], "big")


def little(data: bytes, at: int, size: int) -> int:
    """A little-endian number; IndexError if the file ends before it."""
    if at + size > len(data):
        raise IndexError(at)
    return int.from_bytes(data[at : at + size], "little")
