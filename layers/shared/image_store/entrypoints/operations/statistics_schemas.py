"""Schemas of statistics."""

from datetime import date

from pydantic import BaseModel, Field

from image_store.domain.generation.providers import Provider
from image_store.entrypoints.operations.statistics_queries import StatsScope


class AmountAnswer(BaseModel):
    """A number of images, and the bytes of their originals."""

    images: int
    size_bytes: int


class DayAmountAnswer(AmountAnswer):
    """The images of a day that are still stored."""

    date: date


class ProviderDayAnswer(BaseModel):
    """The calls of a provider on a day, counted when it answered."""

    succeeded: int
    failed: int = Field(description="Calls, including repeated ones.")
    average_ms: int | None = Field(description="Of calls that succeeded.")
    cost_usd: float = Field(description="Includes images that have been deleted.")
    unknown_costs: int = Field(description="Calls whose price is unknown; `cost_usd` does not include them.")


class GenerationDayAnswer(BaseModel):
    """The calls of all providers on a day."""

    date: date
    by_provider: dict[Provider, ProviderDayAnswer]


class GenerationDaysAnswer(BaseModel):
    """The calls of providers."""

    days: list[GenerationDayAnswer]


class MigrationTotalsAnswer(BaseModel):
    """Records of all sources; each source counts with its last migration."""

    moved: int
    left: int = Field(description="Not examined yet. A source that is still being counted counts as 0.")
    failed: int


class QuotaAnswer(BaseModel):
    """The most that an owner may store, the trash included; null is no limit."""

    images: int | None
    size_bytes: int | None


class StatsAnswer(AmountAnswer):
    """What is stored. `images` and `size_bytes` include the trash; the parts follow changes within seconds."""

    scope: StatsScope
    by_kind: dict[str, AmountAnswer]
    by_format: dict[str, AmountAnswer]
    by_visibility: dict[str, AmountAnswer]
    by_model: dict[str, AmountAnswer] = Field(description="At most 1,000 models.")
    trash: AmountAnswer = Field(description="The part in the trash.")
    days: list[DayAmountAnswer]
    generation: GenerationDaysAnswer
    quota: QuotaAnswer | None = Field(None, description="Only with `scope=own`.")
    migration: MigrationTotalsAnswer | None = Field(None, description="Only with `scope=all`.")
