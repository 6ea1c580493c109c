"""Figures of what is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from image_store.domain.generation.ledger import ProviderPerformance
    from image_store.domain.upkeep.migration import MigrationTotals


@dataclass(frozen=True, slots=True)
class Amount:
    """So many images, and the bytes of their originals."""

    images: int = 0
    size_bytes: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.images + other.images, self.size_bytes + other.size_bytes)


@dataclass(frozen=True, slots=True)
class Statistics:
    """What one owner or all owners store, the trash included."""

    total: Amount = Amount()
    parts: dict[str, dict[str, Amount]] = field(default_factory=dict)
    """By `kind`, `format`, `visibility` and `model`, and then by their values; none of them empty."""
    trash: Amount = Amount()
    days: dict[date, Amount] = field(default_factory=dict)
    """What is still stored of the images of each day."""
    generated: Mapping[date, Sequence["ProviderPerformance"]] = field(default_factory=dict)
    """What each provider has made on each day, and what it cost; images that are deleted have cost as much."""
    migration: "MigrationTotals | None" = None
    """What is moved out of records and what is left; only in the figures of all owners."""
