"""Schemas of requests about webhooks."""

from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from image_store.domain.events.event import EventType
from image_store.domain.webhooks.deliveries import DeliveryStatus
from image_store.domain.webhooks.webhook import (
    MAX_DESCRIPTION_CHARS,
    MAX_OVERLAP,
    MAX_URL_CHARS,
    USUAL_OVERLAP,
    WebhookScope,
)
from image_store.entrypoints.http.fields import Line, MergePatch, Strict
from image_store.entrypoints.http.scalars import Flag, Moment, Whole

_HOUR = timedelta(hours=1)

Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_URL_CHARS,
        description="Where events are sent: an https address without a user.",
        examples=["https://example.com/hooks"],
    ),
]

Types = Annotated[
    list[EventType],
    Field(
        min_length=1,
        max_length=len(EventType),
        description="Only events of these types; null for all, those of later versions included.",
    ),
]

Description = Annotated[
    Line, Field(min_length=1, max_length=MAX_DESCRIPTION_CHARS, description="What it is for.")
]


class WebhookRequest(Strict):
    """A webhook to create."""

    url: Url
    types: Types | None = None
    description: Description | None = None
    scope: WebhookScope = Field(
        WebhookScope.OWN,
        description="`all` for the events of all owners and of the store as a whole; it needs an admin.",
    )


class WebhookPatch(MergePatch):
    """A merge patch (RFC 7396) of a webhook; null removes the description, or the choice of types."""

    url: Url = ""
    types: Types | None = None
    description: Description | None = None
    enabled: Flag = Field(
        default=True, description="A webhook that is enabled again hears about events from then on."
    )

    @property
    def changes(self) -> dict[str, Any]:
        """The fields that were sent, as the service takes them."""
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        if sent.get("types") is not None:
            sent["types"] = frozenset(sent["types"])
        return sent


class WebhookRotationRequest(Strict):
    """A new secret for a webhook."""

    overlap_hours: Whole = Field(
        USUAL_OVERLAP // _HOUR,
        ge=0,
        le=MAX_OVERLAP // _HOUR,
        description="How long the old secret signs too.",
    )

    @property
    def overlap(self) -> timedelta:
        """How long the old secret signs too."""
        return self.overlap_hours * _HOUR


class WebhookReplayRequest(Strict):
    """What to send again: exactly one of `event_id`, `after` and `failed`."""

    event_id: str | None = Field(
        None, min_length=1, max_length=64, description="One event that was sent to the webhook before."
    )
    after: Moment | None = Field(
        None, description="All events that were recorded from here on, at most 30 days ago."
    )
    until: Moment | None = Field(None, description="With `after`: up to here; by default up to now.")
    failed: Flag | None = Field(None, description="`true`: all deliveries that failed.")

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        choices = (self.event_id is not None, self.after is not None, self.failed is True)
        if self.failed is False or sum(choices) != 1:
            raise ValueError("exactly one of event_id, after and failed: true is needed")
        if self.until is not None and self.after is None:
            raise ValueError("until needs after")
        return self


class WebhookDeliveriesQuery(Strict):
    """A page of the deliveries of a webhook, by the time of the events, the newest first."""

    limit: Whole = Field(50, ge=1, le=100)
    cursor: str | None = Field(None, min_length=1, max_length=500)
    status: DeliveryStatus | None = Field(None, description="Only deliveries of this status.")
