"""Schemas of responses about webhooks."""

from datetime import datetime

from pydantic import BaseModel, Field

from image_store.domain.events.event import EventType
from image_store.domain.webhooks.deliveries import DeliveryStatus
from image_store.domain.webhooks.webhook import DisabledReason, WebhookScope
from image_store.entrypoints.events.answer_schemas import EventAnswer


class WebhookReplayProgress(BaseModel):
    """A replay of many events that is under way."""

    created_at: datetime
    after: datetime | None = Field(description="Null if it sends all deliveries that failed.")
    until: datetime | None
    reached_at: datetime | None = Field(
        description="The events that were recorded before this time have been sent; null for failed deliveries."
    )


class WebhookAnswer(BaseModel):
    """A webhook: an endpoint that hears about events."""

    id: str
    url: str
    types: list[EventType] | None = Field(description="Only events of these types; null for all.")
    description: str | None
    scope: WebhookScope
    enabled: bool
    disabled_reason: DisabledReason | None = Field(
        description="Why nothing is sent: its owner has disabled it, its endpoint answered 410 Gone, or every delivery "
        "failed for five days."
    )
    failing_since: datetime | None = Field(
        description="The first failure since the endpoint last accepted an event; null while it works."
    )
    created_at: datetime
    created_by: str = Field(
        description="`subject:` and the subject of a user, or `key:` and the id of an API key."
    )
    updated_at: datetime
    previous_secret_until: datetime | None = Field(
        description="How long the secret before the last rotation signs too."
    )
    replay: WebhookReplayProgress | None = Field(
        description="The replay of many events that is under way; null if there is none."
    )


class NewWebhookAnswer(WebhookAnswer):
    """A webhook with its secret, which is in this response and in no other."""

    secret: str = Field(description="`whsec_` and Base64, as libraries for Standard Webhooks take it.")


class WebhookListAnswer(BaseModel):
    """Your webhooks, the newest first; there are at most 20."""

    items: list[WebhookAnswer]


class WebhookAttemptAnswer(BaseModel):
    """One try at sending an event."""

    at: datetime
    duration_ms: int
    status: int | None = Field(description="The HTTP status of the answer; null if there was none.")
    error: str | None = Field(description="Why there was no answer, such as `timeout` or `unreachable`.")


class WebhookDeliveryAnswer(BaseModel):
    """An event that is sent to a webhook; however often it is tried or replayed, its id stays the same."""

    event: EventAnswer
    status: DeliveryStatus
    attempts: int
    created_at: datetime = Field(description="When it was first to be sent.")
    last_attempt: WebhookAttemptAnswer | None
    next_attempt_at: datetime | None = Field(description="When a pending delivery is tried next.")


class WebhookReplayAnswer(BaseModel):
    """What is sent again."""

    event_id: str | None
    after: datetime | None
    until: datetime | None
    failed: bool


class WebhookDeliveryPageAnswer(BaseModel):
    """A page of deliveries; it may be short or empty while `next_cursor` is not null."""

    items: list[WebhookDeliveryAnswer]
    next_cursor: str | None
