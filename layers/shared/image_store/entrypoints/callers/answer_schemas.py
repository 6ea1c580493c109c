"""Schemas of answers about API keys."""

from datetime import datetime
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
