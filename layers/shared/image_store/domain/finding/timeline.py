"""The timeline of an owner: how many images each month and day has."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Month:
    """A month in UTC in which images were made that are not in the trash."""

    first_day: date
    days: dict[date, int]
    """The number of images of each day that has any, the newest day first."""

    @property
    def images(self) -> int:
        """The number of images of the month."""
        return sum(self.days.values())


@dataclass(frozen=True, slots=True)
class Timeline:
    """Some months, the newest first; months without images are left out."""

    months: tuple[Month, ...]
    continues_before: date | None
    """The first day of the last month that was read; earlier months follow. None at the end."""
