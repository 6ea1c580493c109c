"""Webhooks: endpoints that are told about the events of an owner, or of all owners.

Requests to an endpoint are signed as Standard Webhooks 1.0.0 asks (https://www.standardwebhooks.com). The secret is
made here, shown once and kept sealed. After a rotation both secrets sign for a while.
"""

import base64
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from image_store.domain.deadlines import has_passed
from image_store.domain.events.event import Event, EventType

MAX_WEBHOOKS = 20
"""Webhooks of one owner."""
MAX_URL_CHARS = 2_000
MAX_DESCRIPTION_CHARS = 200
MAX_OVERLAP = timedelta(days=7)
USUAL_OVERLAP = timedelta(hours=24)
SUBSCRIPTIONS_CACHED_FOR = timedelta(seconds=10)
"""How long whoever records events may use the subscriptions that it knows."""

SECRET_PREFIX = "whsec_"  # noqa: S105 - what every secret begins with

_ID = re.compile(r"[0-9a-f]{16}", re.ASCII)


class WebhookScope(StrEnum):
    """Whose events a webhook is told about."""

    OWN = "own"
    ALL = "all"
    """Those of all owners and of the store as a whole; only admins may create and change such a webhook."""


class DisabledReason(StrEnum):
    """Why nothing is sent to a webhook."""

    BY_OWNER = "by_owner"
    GONE = "gone"
    """The endpoint answered 410 Gone."""
    FAILING = "failing"
    """Every delivery failed for five days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An endpoint, and what it is told about."""

    id: str
    owner: str
    url: str
    created_at: datetime
    created_by: str
    """The name of the actor who made it."""
    updated_at: datetime
    active_since: datetime
    """When it was created or last enabled: events that were logged before are only sent by a replay."""
    sealed_secret: str
    version: int = 1
    scope: WebhookScope = WebhookScope.OWN
    types: frozenset[EventType] | None = None
    """None for all types, also for those that later versions of the store add."""
    description: str | None = None
    disabled_reason: DisabledReason | None = None
    previous_sealed_secret: str | None = None
    """The secret before the last rotation."""
    previous_until: datetime | None = None
    deleted_at: datetime | None = None

    @property
    def is_enabled(self) -> bool:
        """Whether events are sent to it."""
        return self.disabled_reason is None and self.deleted_at is None

    @property
    def log_owner(self) -> str | None:
        """Whose log it is told about; None for that of all owners."""
        return None if self.scope is WebhookScope.ALL else self.owner

    @property
    def subscription(self) -> "Subscription":
        """What it is told about."""
        return Subscription(
            webhook_id=self.id,
            owner=self.owner,
            scope=self.scope,
            types=self.types,
            is_enabled=self.is_enabled,
        )

    def sealed_secrets(self, now: datetime) -> tuple[str, ...]:
        """The secrets that sign at this time, the newest first."""
        if self.overlap_end(now) is not None and self.previous_sealed_secret is not None:
            return (self.sealed_secret, self.previous_sealed_secret)
        return (self.sealed_secret,)

    def overlap_end(self, now: datetime) -> datetime | None:
        """How long the secret before the last rotation signs too; None if it does not sign any more."""
        until = self.previous_until
        return None if until is None or has_passed(until, now, longest=MAX_OVERLAP) else until

    def rotated(self, sealed_secret: str, *, now: datetime, overlap: timedelta) -> "Webhook":
        """The webhook with a new secret; the old one signs too during the overlap, and one before that no longer."""
        return replace(
            self,
            sealed_secret=sealed_secret,
            previous_sealed_secret=self.sealed_secret if overlap else None,
            previous_until=now + overlap if overlap else None,
        )

    def enabled(self, *, now: datetime) -> "Webhook":
        """The webhook that hears about events from now on; unchanged if it is enabled."""
        return self if self.is_enabled else replace(self, disabled_reason=None, active_since=now)

    def disabled(self, reason: DisabledReason) -> "Webhook":
        """The webhook to which nothing more is sent; a webhook that is disabled keeps its reason."""
        return replace(self, disabled_reason=reason) if self.is_enabled else self


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What a webhook is told about, without its endpoint."""

    webhook_id: str
    owner: str
    scope: WebhookScope
    types: frozenset[EventType] | None
    is_enabled: bool

    def concerns(self, event: Event) -> bool:
        """Whether the event is to be sent to the webhook."""
        is_of_it = self.scope is WebhookScope.ALL or (event.owner is not None and event.owner == self.owner)
        return self.is_enabled and is_of_it and (self.types is None or event.type in self.types)


def secret_text(random: str) -> str:
    """The secret for 256 random bits in URL-safe Base64, in the form of Standard Webhooks: `whsec_` and Base64."""
    key = base64.urlsafe_b64decode(random + "=" * (-len(random) % 4))
    return SECRET_PREFIX + base64.b64encode(key).decode("ascii")


def secret_context(owner: str, webhook_id: str) -> Mapping[str, str]:
    """The encryption context that binds a sealed secret to its webhook."""
    return {"purpose": "webhook", "owner": owner, "webhook": webhook_id}


def is_webhook_id(text: str) -> bool:
    """Whether a text can be the id of a webhook."""
    return _ID.fullmatch(text) is not None


def concerned(subscriptions: Collection[Subscription], events: Collection[Event]) -> frozenset[str]:
    """The ids of the webhooks to which one of these events is to be sent."""
    return frozenset(
        each.webhook_id for each in subscriptions if any(each.concerns(event) for event in events)
    )
