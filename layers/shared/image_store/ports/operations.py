"""Ports of statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import date

    from image_store.domain.operations.statistics import Amount, Statistics


class Figures(Protocol):
    """Figures counted by the projector. All methods raise StorageUnavailable if DynamoDB fails."""

    def of_owner(self, owner: str, *, since: date, until: date) -> Statistics:
        """What an owner stores; days from `since` on and before `until`."""
        ...

    def of_all(self, *, since: date, until: date) -> Statistics:
        """What all owners store."""
        ...

    def total(self) -> Amount:
        """The total of all owners; cheaper than `of_all`."""
        ...
