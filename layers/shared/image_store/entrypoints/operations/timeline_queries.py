"""Query parameters of the timeline."""

from datetime import date

from pydantic import Field

from image_store.entrypoints.http.fields import Strict


class TimelineQuery(Strict):
    """From where on to return months."""

    cursor: str | None = Field(
        None, pattern=r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])$", description="`next_cursor` of the previous page."
    )

    @property
    def before(self) -> date | None:
        """The first day of the month before which to begin."""
        return date.fromisoformat(f"{self.cursor}-01") if self.cursor else None
