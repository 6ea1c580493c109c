"""The events of webhooks: the store has disabled one, or its owner tests it."""

from datetime import datetime

from image_store.domain.events.event import Event, EventType, new_event
from image_store.domain.webhooks.webhook import DisabledReason, Webhook


def webhook_events(before: Webhook | None, after: Webhook | None, *, at: datetime) -> list[Event]:
    """The event of a webhook that the store has disabled with this change; what its owner does has none."""
    if before is None or after is None or not before.is_enabled or after.deleted_at is not None:
        return []
    if after.disabled_reason in (None, DisabledReason.BY_OWNER):
        return []
    return [
        new_event(
            EventType.WEBHOOK_DISABLED,
            change=("webhook", after.id, str(after.version)),
            at=after.updated_at if after.updated_at != before.updated_at else at,
            owner=after.owner,
            data={"webhook_id": after.id, "reason": after.disabled_reason.value},
        )
    ]


def new_test_event(webhook: Webhook, *, at: datetime, token: str) -> Event:
    """An event that only this webhook gets; `token` tells it from other tests."""
    return new_event(
        EventType.WEBHOOK_TEST,
        change=("test", webhook.id, token),
        at=at,
        owner=webhook.owner,
        data={"webhook_id": webhook.id},
    )
