"""Query parameters of figures by day."""

from datetime import date, time, timedelta

from pydantic import Field

from image_store.entrypoints.http.fields import Strict
from image_store.entrypoints.http.scalars import Moment


class DaysQuery(Strict):
    """Days in UTC; `from` is inclusive, `to` is not. An instant within a day stands for the whole day."""

    since: Moment | None = Field(None, alias="from", description="By default 30 days before `to`.")
    until: Moment | None = Field(None, alias="to", description="By default tomorrow.")

    @property
    def first_day(self) -> date | None:
        """The first day to return."""
        return self.since.date() if self.since else None

    @property
    def end_day(self) -> date | None:
        """The day after the last one. The calendar's last day has none, so it is left out."""
        if self.until is None:
            return None
        has_begun = self.until.time() != time() and self.until.date() != date.max
        return self.until.date() + timedelta(days=1 if has_begun else 0)
