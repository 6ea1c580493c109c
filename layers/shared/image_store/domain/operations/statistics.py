"""Statistics of stored and generated images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from image_store.domain.generation.ledger import ProviderPerformance
    from image_store.domain.images.quota import Quota
    from image_store.domain.upkeep.migration import MigrationTotals


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of images, and the bytes of their originals."""

    images: int = 0
    size_bytes: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.images + other.images, self.size_bytes + other.size_bytes)


@dataclass(frozen=True, slots=True)
class Statistics:
    """What one owner, or all owners together, store, including the trash."""

    total: Amount = Amount()
    parts: dict[str, dict[str, Amount]] = field(default_factory=dict)
    """By `kind`, `format`, `visibility` and `model`, then by value; values without images are left out."""
    trash: Amount = Amount()
    days: dict[date, Amount] = field(default_factory=dict)
    """By day of creation; only images that are still stored."""
    generated: Mapping[date, Sequence["ProviderPerformance"]] = field(default_factory=dict)
    """The calls and costs of each provider by day, including images that were deleted since."""
    quota: "Quota | None" = None
    """What the owner may store; only in the statistics of an owner."""
    migration: "MigrationTotals | None" = None
    """Only in the statistics of all owners."""
