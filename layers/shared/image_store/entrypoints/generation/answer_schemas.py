"""Jobs and providers as they are answered."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from image_store.domain.generation.providers import Provider


class JobProgressAnswer(BaseModel):
    """Numbers of images."""

    total: int
    queued: int
    running: int
    succeeded: int
    failed: int
    cancelled: int


class JobErrorAnswer(BaseModel):
    """Why an image was not made."""

    code: str
    detail: str
    reason: str | None
    provider: str | None


class JobItemAnswer(BaseModel):
    """One image of a job. `cost_usd` is null when it is not known, or nothing was paid."""

    index: int
    request_index: int
    prompt: str | None = Field(description="The first 200 characters; null where prompts are encrypted.")
    status: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    provider: Provider | None
    model: str | None
    attempts: int
    duration_ms: int | None
    cost_usd: float | None
    image_id: str | None
    error: JobErrorAnswer | None


class JobSummaryAnswer(BaseModel):
    """A job in a list."""

    id: str
    status: Literal["queued", "running", "succeeded", "partial", "failed", "cancelled"]
    progress: JobProgressAnswer
    cost_usd: float | None
    provider: Provider | None
    model: str | None
    prompt: str | None = Field(
        description="The first 200 characters of the first prompt; null where prompts are encrypted."
    )
    image_id: str | None = Field(description="The first image that was made; null while there is none.")
    created_at: datetime
    updated_at: datetime


class JobAnswer(JobSummaryAnswer):
    """A job."""

    items: list[JobItemAnswer]


class JobPageAnswer(BaseModel):
    """A page of a list of jobs."""

    items: list[JobSummaryAnswer]
    next_cursor: str | None


class ModelPriceAnswer(BaseModel):
    """What so many units cost."""

    unit: str
    amount: str
    per: int
    currency: str
    valid_from: str
    source: str


class ProviderModelAnswer(BaseModel):
    """A model, and what it can do; without prices its cost is not known."""

    name: str
    max_prompt: int
    max_references: int
    sizes: list[str]
    qualities: list[str]
    seeds: bool
    prices: list[ModelPriceAnswer]


class ProviderInfoAnswer(BaseModel):
    """A provider; success rate and time are of the last seven days and everybody's calls."""

    provider: Provider
    configured: bool
    own_key: bool
    health: Literal["unknown", "ok", "degraded", "down"] = Field(
        description="`unknown` when it was not called in the last seven days."
    )
    success_rate: float | None = Field(
        description="Refusals for the content of a request do not count, nor do failures of owners' own keys."
    )
    average_ms: int | None
    models: list[ProviderModelAnswer]


class SpentMoneyAnswer(BaseModel):
    """What is spent, and what is set aside for images that are not made yet."""

    spent_usd: float
    reserved_usd: float


class OwnSpendingAnswer(BaseModel):
    """The caller's spending, in UTC."""

    today: SpentMoneyAnswer
    month: SpentMoneyAnswer


class ProviderListAnswer(BaseModel):
    """All providers in their order, and the caller's spending."""

    items: list[ProviderInfoAnswer]
    prices_version: str
    spending: OwnSpendingAnswer
