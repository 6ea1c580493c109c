"""Ports of statistics, and of what the deployment itself is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import date

    from image_store.domain.operations.owners import OwnerPage
    from image_store.domain.operations.statistics import Amount, Statistics


class Figures(Protocol):
    """Figures counted by the projector. All methods raise StorageUnavailable if DynamoDB fails."""

    def of_owner(self, owner: str, *, since: date, until: date) -> Statistics:
        """What an owner stores; days from `since` on and before `until`."""
        ...

    def of_all(self, *, since: date, until: date) -> Statistics:
        """What all owners store."""
        ...

    def days_before(self, owner: str, *, before: date, limit: int) -> list[tuple[date, int]]:
        """At most so many days before a day that have a row, the newest first, with the images outside the trash.

        A day of which all images were deleted or are in the trash has 0.
        """
        ...

    def total(self) -> Amount:
        """The total of all owners; cheaper than `of_all`."""
        ...


class Owners(Protocol):
    """The owners who have or had an image. All methods raise StorageUnavailable if DynamoDB fails."""

    def page(self, *, after: str | None, limit: int) -> OwnerPage:
        """At most so many owners that sort after this one.

        One who stores a first image is listed as soon as it is projected, within seconds.
        """
        ...


class Parameters(Protocol):
    """Texts of the deployment that are known only after it was deployed, such as the address of a function."""

    def text(self, name: str) -> str:
        """The value of a parameter; ConfigurationError if it is missing, StorageUnavailable if it cannot be read."""
        ...
