"""What is asked of the statistics."""

from datetime import date, time, timedelta
from enum import StrEnum

from pydantic import Field

from image_store.entrypoints.http.fields import Strict
from image_store.entrypoints.http.scalars import Moment


class StatsScope(StrEnum):
    """Whose figures are wanted."""

    OWN = "own"
    ALL = "all"


class StatsQuery(Strict):
    """Which figures are wanted; days are those of UTC, `from` is inclusive, `to` is not.

    An instant within a day counts as that whole day.
    """

    scope: StatsScope = Field(StatsScope.OWN, description="`all` needs an admin.")
    since: Moment | None = Field(None, alias="from", description="30 days before `to` when it is not given.")
    until: Moment | None = Field(None, alias="to", description="Tomorrow when it is not given.")

    @property
    def first_day(self) -> date | None:
        """The first day whose figures are wanted."""
        return self.since.date() if self.since else None

    @property
    def end_day(self) -> date | None:
        """The day after the last one; the calendar's last day has none, and is left out."""
        if self.until is None:
            return None
        begun = self.until.time() != time() and self.until.date() != date.max
        return self.until.date() + timedelta(days=1 if begun else 0)
