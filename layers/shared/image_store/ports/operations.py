"""Ports of statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import date

    from image_store.domain.operations.statistics import Amount, Statistics


class Figures(Protocol):
    """Figures counted by the projector. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def of_owner(self, owner: str, *, since: date, until: date) -> Statistics:
        """What an owner stores; days from `since` on and before `until`."""
        ...

    def of_all(self, *, since: date, until: date) -> Statistics:
        """What all owners store."""
        ...

    def total(self) -> Amount:
        """What all owners store, as one amount; cheaper."""
        ...
