"""The quota of an owner, and its usage."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Quota:
    """The most an owner may store; 0 means no limit."""

    images: int = 0
    size_bytes: int = 0
    enforced: bool = True
    """Whether an image beyond the quota is refused; paid results are counted and stored anyway."""

    @property
    def is_set(self) -> bool:
        """Whether usage is counted; without a quota it is not needed."""
        return bool(self.images or self.size_bytes)

    def without_refusals(self) -> "Quota":
        """The same quota for images that are counted and never refused."""
        return replace(self, enforced=False)


@dataclass(frozen=True, slots=True)
class Usage:
    """What an owner stores: images in PENDING, READY and TRASHED, and the bytes of their originals."""

    images: int
    size_bytes: int
