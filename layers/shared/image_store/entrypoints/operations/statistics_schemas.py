"""Figures as they are answered."""

from datetime import date

from pydantic import BaseModel, Field

from image_store.domain.generation.providers import Provider
from image_store.entrypoints.operations.statistics_queries import StatsScope


class AmountAnswer(BaseModel):
    """So many images, and the bytes of their originals."""

    images: int
    size_bytes: int


class DayAmountAnswer(AmountAnswer):
    """What is still stored of the images of a day."""

    date: date


class ProviderDayAnswer(BaseModel):
    """What a provider did on a day, counted when it answered."""

    succeeded: int
    failed: int = Field(description="Calls, those that were repeated among them.")
    average_ms: int | None = Field(description="Of those that succeeded.")
    cost_usd: float = Field(description="Deleted images have cost as much.")
    unknown_costs: int = Field(description="Calls whose price is in no table, and in no sum.")


class GenerationDayAnswer(BaseModel):
    """What providers did on a day."""

    date: date
    by_provider: dict[Provider, ProviderDayAnswer]


class GenerationDaysAnswer(BaseModel):
    """What providers did."""

    days: list[GenerationDayAnswer]


class MigrationTotalsAnswer(BaseModel):
    """Records of all sources; of each source its last migration counts."""

    moved: int
    left: int = Field(description="Not looked at yet. A source that is still being counted counts as 0.")
    failed: int


class StatsAnswer(AmountAnswer):
    """What is stored. `images` and `size_bytes` hold all, the trash too; the parts follow changes within seconds."""

    scope: StatsScope
    by_kind: dict[str, AmountAnswer]
    by_format: dict[str, AmountAnswer]
    by_visibility: dict[str, AmountAnswer]
    by_model: dict[str, AmountAnswer] = Field(description="At most 1,000 models.")
    trash: AmountAnswer = Field(description="How much of it is in the trash.")
    days: list[DayAmountAnswer]
    generation: GenerationDaysAnswer
    migration: MigrationTotalsAnswer | None = Field(None, description="Only with `scope=all`.")
