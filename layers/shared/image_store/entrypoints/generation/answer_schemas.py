"""Schemas of answers about jobs and providers."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from image_store.domain.generation.providers import Background, OutputFormat, Provider
from image_store.domain.images.image import Visibility


class JobProgressAnswer(BaseModel):
    """The number of images in each state."""

    total: int
    queued: int
    running: int
    succeeded: int
    failed: int
    cancelled: int


class JobErrorAnswer(BaseModel):
    """Why an image was not made."""

    code: str = Field(
        description="`content_refused` if the policy of a provider does not allow the image, `provider_failed` for "
        "other failures of providers, otherwise the code of what kept it from being stored."
    )
    detail: str
    reason: str | None = Field(description="Why the last call of a provider failed.")
    provider: str | None


class JobItemRequestAnswer(BaseModel):
    """How one image of a job was requested, in the form of an item of a new request.

    It is in plain text also where prompts are encrypted.
    """

    prompt: str
    negative_prompt: str | None
    size: str | None
    quality: str | None
    background: Background | None
    output_format: OutputFormat | None
    seed: int = Field(description="-1 if none was requested.")
    reference_ids: list[str]
    visibility: Visibility
    filename: str | None
    title: str | None
    alt_text: str | None
    category: str | None
    tags: list[str]
    groups: dict[str, list[str]]
    metadata: dict[str, Any]
    cache_control: str | None
    expires_at: datetime | None


class JobItemAnswer(BaseModel):
    """One image of a job. `cost_usd` is null if it is unknown or nothing was paid."""

    index: int
    request_index: int
    prompt: str | None = Field(description="The first 200 characters; null if prompts are encrypted.")
    status: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    provider: Provider | None
    model: str | None
    attempts: int
    duration_ms: int | None
    cost_usd: float | None
    image_id: str | None
    error: JobErrorAnswer | None
    request: JobItemRequestAnswer | None = Field(
        description="Null unless you ask for it with `requests`, or if it is no longer kept."
    )


class JobSummaryAnswer(BaseModel):
    """A job in a list."""

    id: str
    status: Literal["queued", "running", "succeeded", "partial", "failed", "cancelled"]
    progress: JobProgressAnswer
    cost_usd: float | None
    provider: Provider | None
    model: str | None
    prompt: str | None = Field(
        description="The first 200 characters of the first prompt; null if prompts are encrypted."
    )
    image_id: str | None = Field(description="The first image of the job; null if there is none yet.")
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
    """The price of a number of units."""

    unit: str
    amount: str
    per: int
    currency: str
    valid_from: str
    source: str


class ImageEstimateAnswer(BaseModel):
    """The estimated cost of one image without prompt and references."""

    sizes: list[str] = Field(description="Those of `size_presets` that cost this.")
    quality: str | None = Field(description="Null for a model without a choice.")
    cost_usd: float


class CostEstimateAnswer(BaseModel):
    """What images are expected to cost. The provider counts what they do cost."""

    images: list[ImageEstimateAnswer] = Field(description="The default quality first.")
    reference_usd: float = Field(description="What each reference image adds.")
    prompt_usd: float = Field(description="What each 1,000 characters of the prompt add.")


class ProviderModelAnswer(BaseModel):
    """A model with its limits and prices. Without prices, its cost is unknown."""

    name: str
    max_prompt: int
    max_references: int
    sizes: list[str]
    size_presets: list[str] = Field(
        description="Sizes to choose from, the default first: those of the model, or common ones that it can make."
    )
    qualities: list[str]
    backgrounds: list[Background]
    output_formats: list[OutputFormat] = Field(
        description="The default first. A model with one format makes no other."
    )
    seeds: bool
    prices: list[ModelPriceAnswer]
    estimate: CostEstimateAnswer | None = Field(description="Null if a price is not known.")


class ProviderInfoAnswer(BaseModel):
    """A provider. Success rate and average time cover all calls of the last seven days."""

    provider: Provider
    configured: bool
    own_key: bool
    health: Literal["unknown", "ok", "degraded", "down"] = Field(
        description="`unknown` if it was not called in the last seven days."
    )
    success_rate: float | None = Field(
        description="Without refusals for the content of a request and failures of owners' own keys."
    )
    average_ms: int | None
    models: list[ProviderModelAnswer]


class SpentMoneyAnswer(BaseModel):
    """Money that is spent, and money that is held for unfinished images."""

    spent_usd: float
    reserved_usd: float
    budget_usd: float | None = Field(description="What an owner may spend; null without such a limit.")


class OwnSpendingAnswer(BaseModel):
    """The caller's spending, in UTC."""

    today: SpentMoneyAnswer
    month: SpentMoneyAnswer


class ProviderListAnswer(BaseModel):
    """All providers in their order, and the caller's spending."""

    items: list[ProviderInfoAnswer]
    prices_version: str
    spending: OwnSpendingAnswer
