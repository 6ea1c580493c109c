"""What owners may store, and what they do."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Quota:
    """The most an owner may store; 0 means no limit."""

    images: int = 0
    size_bytes: int = 0
    enforced: bool = True
    """Whether an image beyond it is refused; one that is paid for already is counted and stored."""

    @property
    def is_set(self) -> bool:
        """Whether what owners store is counted at all: without a quota nobody reads the count."""
        return bool(self.images or self.size_bytes)

    def without_refusals(self) -> "Quota":
        """The same, for images that are counted and never refused."""
        return replace(self, enforced=False)


@dataclass(frozen=True, slots=True)
class Usage:
    """What an owner stores: images in PENDING, READY and TRASHED, and the bytes of their originals."""

    images: int
    size_bytes: int
