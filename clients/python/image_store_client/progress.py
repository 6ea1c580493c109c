"""What uploads and downloads report about how far they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

UploadPhase: TypeAlias = Literal["hashing", "sending", "finishing"]


@dataclass(frozen=True, slots=True)
class UploadProgress:
    """How far one upload is, in bytes.

    `loaded` begins again with each phase, and when bytes must be sent again. An image of up to 4 MB is not hashed.
    """

    loaded: int
    total: int
    """The size of the image; 0 for an address that the store fetches."""
    phase: UploadPhase
    """`hashing`: it is read for its checksum. `sending`: it is on its way. `finishing`: the store has all bytes."""


@dataclass(frozen=True, slots=True)
class UploadState:
    """How far one of many uploads is, in bytes."""

    loaded: int
    total: int
    """The size of the image; 0 for an address, and for a stream until it is read."""
    phase: Literal["waiting", "hashing", "sending", "finishing", "stored", "failed"]


@dataclass(frozen=True, slots=True)
class UploadManyProgress:
    """How far many uploads are, in bytes: all together, and each in the order of the sources."""

    loaded: int
    """The bytes that were sent, with all bytes of uploads that have ended."""
    total: int
    """The bytes of all sources whose size is known."""
    uploads: Sequence[UploadState]
    """The states as they are at the time of reading; copy what you keep."""


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    """How far one download is; `loaded` begins again when the connection was lost."""

    loaded: int
    total: int | None
    """All bytes; None for a rendition."""


OnUploadProgress: TypeAlias = Callable[[UploadProgress], object]
OnUploadManyProgress: TypeAlias = Callable[[UploadManyProgress], object]
OnDownloadProgress: TypeAlias = Callable[[DownloadProgress], object]
