"""The months in which an owner has images, with the images of each day."""

from dataclasses import dataclass
from datetime import date
from itertools import groupby

from image_store.domain.finding.timeline import Month, Timeline
from image_store.ports.operations import Figures

MAX_DAYS = 2_000
"""The most days that a request reads; a month is never divided between two requests."""


@dataclass(frozen=True, slots=True)
class Timelines:
    """Reads figures that are counted when images change; a request counts nothing itself."""

    figures: Figures

    def of_owner(self, owner: str, *, before: date | None) -> Timeline:
        """The newest months before the month of a day, or of all; about a second behind changes of images."""
        days = self.figures.days_before(owner, before=before or date.max, limit=MAX_DAYS)
        months = [
            (first, {day: images for day, images in some if images > 0})
            for first, some in groupby(days, lambda entry: entry[0].replace(day=1))
        ]
        continues_before = None
        if len(days) == MAX_DAYS and len(months) > 1:
            months.pop()  # Its first days may be missing.
            continues_before = months[-1][0]
        return Timeline(tuple(Month(first, some) for first, some in months if some), continues_before)
