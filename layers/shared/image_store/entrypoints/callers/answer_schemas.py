"""Schemas of answers about API keys."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from image_store.entrypoints.callers.request_schemas import KeyScope


class KeyLimitsAnswer(BaseModel):
    """What a key may use; null is no limit of its own."""

    requests_per_minute: int | None
    images_per_day: int | None
    images_per_month: int | None
    bytes_per_day: int | None
    bytes_per_month: int | None
    cost_usd_per_day: float | None
    cost_usd_per_month: float | None


class ApiKeyAnswer(BaseModel):
    """An API key without its secret."""

    id: str
    name: str
    owner: str
    scopes: list[KeyScope]
    status: Literal["active", "expired", "revoked"]
    created_at: datetime
    created_by: str = Field(
        description="`subject:` and the subject of a user, or `key:` and the id of an API key."
    )
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="Exact to an hour.")
    limits: KeyLimitsAnswer
    previous_secret_until: datetime | None = Field(
        description="Until when the secret before the last rotation works; null if it does not."
    )


class NewApiKeyAnswer(ApiKeyAnswer):
    """An API key with its secret, which no other response shows."""

    key: str = Field(description="What callers send as `Authorization: Bearer`.")


class ApiKeyPageAnswer(BaseModel):
    """A page of API keys."""

    items: list[ApiKeyAnswer]
    next_cursor: str | None


class KeyUseAnswer(BaseModel):
    """What an API key has used."""

    requests: int | None = Field(
        description="Requests that its limit of requests let through; null if it had no such limit."
    )
    images: int = Field(description="Stored images, also those that were deleted since.")
    size_bytes: int = Field(description="The bytes of their originals.")
    cost_usd: float = Field(description="What generated images took from the budgets.")


class KeyDayAnswer(KeyUseAnswer):
    """What an API key has used in a day (UTC)."""

    date: date


class KeyUsageAnswer(BaseModel):
    """What an API key has used by day, and in all of these days."""

    days: list[KeyDayAnswer] = Field(description="The earliest first; days without usage are left out.")
    total: KeyUseAnswer
