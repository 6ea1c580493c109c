"""Query parameters of statistics."""

from enum import StrEnum

from pydantic import Field

from image_store.entrypoints.http.days import DaysQuery


class StatsScope(StrEnum):
    """Whose statistics to return."""

    OWN = "own"
    ALL = "all"


class StatsQuery(DaysQuery):
    """Which statistics to return; days are in UTC, `from` is inclusive, `to` is not.

    An instant within a day stands for the whole day.
    """

    scope: StatsScope = Field(StatsScope.OWN, description="`all` needs an admin.")
