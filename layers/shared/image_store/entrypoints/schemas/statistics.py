"""What is asked of the statistics."""

from enum import StrEnum

from pydantic import Field

from image_store.entrypoints.schemas.fields import Strict
from image_store.entrypoints.schemas.scalars import Day


class Scope(StrEnum):
    """Whose figures are wanted."""

    OWN = "own"
    ALL = "all"


class StatsQuery(Strict):
    """Which figures are wanted; days are those of UTC, `from` is inclusive, `to` is not."""

    scope: Scope = Field(Scope.OWN, description="`all` needs an admin.")
    since: Day | None = Field(None, alias="from", description="30 days before `to` when it is not given.")
    until: Day | None = Field(None, alias="to", description="Tomorrow when it is not given.")
