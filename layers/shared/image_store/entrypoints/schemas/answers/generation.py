"""Jobs and providers as they are answered."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from image_store.domain.providers import Provider


class JobProgress(BaseModel):
    """Numbers of images."""

    total: int
    queued: int
    running: int
    succeeded: int
    failed: int
    cancelled: int


class JobError(BaseModel):
    """Why an image was not made."""

    code: str
    detail: str
    reason: str | None
    provider: str | None


class JobItem(BaseModel):
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
    error: JobError | None


class JobSummary(BaseModel):
    """A job in a list."""

    id: str
    status: Literal["queued", "running", "succeeded", "partial", "failed", "cancelled"]
    progress: JobProgress
    cost_usd: float | None
    provider: Provider | None
    model: str | None
    prompt: str | None = Field(
        description="The first 200 characters of the first prompt; null where prompts are encrypted."
    )
    image_id: str | None = Field(description="The first image that was made; null while there is none.")
    created_at: datetime
    updated_at: datetime


class Job(JobSummary):
    """A job."""

    items: list[JobItem]


class JobPage(BaseModel):
    """A page of a list of jobs."""

    items: list[JobSummary]
    next_cursor: str | None


class ModelPrice(BaseModel):
    """What so many units cost."""

    unit: str
    amount: str
    per: int
    currency: str
    valid_from: str
    source: str


class ProviderModel(BaseModel):
    """A model, and what it can do; without prices its cost is not known."""

    name: str
    max_prompt: int
    max_references: int
    sizes: list[str]
    qualities: list[str]
    seeds: bool
    prices: list[ModelPrice]


class ProviderInfo(BaseModel):
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
    models: list[ProviderModel]


class SpentMoney(BaseModel):
    """What is spent, and what is set aside for images that are not made yet."""

    spent_usd: float
    reserved_usd: float


class OwnSpending(BaseModel):
    """The caller's spending, in UTC."""

    today: SpentMoney
    month: SpentMoney


class ProviderList(BaseModel):
    """All providers in their order, and the caller's spending."""

    items: list[ProviderInfo]
    prices_version: str
    spending: OwnSpending
