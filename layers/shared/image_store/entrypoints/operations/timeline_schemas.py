"""Schemas of the timeline."""

from pydantic import BaseModel, Field


class MonthAnswer(BaseModel):
    """A month in UTC with images."""

    month: str = Field(examples=["2026-03"])
    images: int
    days: dict[str, int] = Field(
        description="The images of each day that has any, by the day of the month, such as `07`.",
        examples=[{"07": 3, "21": 1}],
    )


class TimelineAnswer(BaseModel):
    """Months with images, the newest first. Images in the trash do not count; changes count within seconds."""

    items: list[MonthAnswer]
    next_cursor: str | None
