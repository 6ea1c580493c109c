"""What owners may store, and what they do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quota:
    """The most an owner may store; 0 means no limit."""

    images: int = 0
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """What an owner stores: images in PENDING, READY and TRASHED, and the bytes of their originals."""

    images: int
    size_bytes: int
