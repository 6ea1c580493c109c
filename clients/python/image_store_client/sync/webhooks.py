"""Webhooks: endpoints of apps that the store tells about events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store_client.paging import Pages

if TYPE_CHECKING:
    from typing import Unpack

    from image_store_client.aio.webhooks import AsyncWebhooks
    from image_store_client.http.runtime import Run
    from image_store_client.schemas import (
        DeliveryStatus,
        NewWebhook,
        Webhook,
        WebhookDelivery,
        WebhookPatch,
        WebhookReplay,
        WebhookReplayRequest,
        WebhookRequest,
    )


class Webhooks:
    """The webhooks of the owner; `image_store_client.webhooks` verifies what an endpoint receives."""

    def __init__(self, core: AsyncWebhooks, run: Run) -> None:
        self._core = core
        self._run = run

    def create(self, **request: Unpack[WebhookRequest]) -> NewWebhook:
        """Create a webhook; its `secret` is only in this answer.

        The request is sent once: a second try would make a second webhook.
        """
        return self._run(self._core.create(**request))

    def get(self, webhook_id: str) -> Webhook:
        """Return a webhook without its secret."""
        return self._run(self._core.get(webhook_id))

    def update(self, webhook_id: str, changes: WebhookPatch) -> Webhook:
        """Change address, types or description, or enable or disable it; fields that are left out stay as they are."""
        return self._run(self._core.update(webhook_id, changes))

    def delete(self, webhook_id: str) -> None:
        """Delete a webhook for good, with its secret."""
        self._run(self._core.delete(webhook_id))

    def test(self, webhook_id: str) -> WebhookDelivery:
        """Send an event of type `webhook.test` now; `deliveries` has the result a moment later."""
        return self._run(self._core.test(webhook_id))

    def deliveries(
        self, webhook_id: str, *, status: DeliveryStatus | None = None, page_size: int = 50
    ) -> Pages[WebhookDelivery]:
        """List what was sent in the last 30 days, the newest event first; of one status, if you name it."""
        return Pages(self._core.deliveries(webhook_id, status=status, page_size=page_size), self._run)

    def replay(self, webhook_id: str, **request: Unpack[WebhookReplayRequest]) -> WebhookReplay:
        """Send again one event (`event_id`), the events of a time (`after`, `until`), or all that failed (`failed`).

        Each has the id that it had. A webhook has one replay of many events at a time: `conflict` for a second one.
        """
        return self._run(self._core.replay(webhook_id, **request))

    def rotate_secret(self, webhook_id: str, *, overlap_hours: int | None = None) -> NewWebhook:
        """Give a webhook a new secret; messages have a signature of the old one too during the overlap.

        The request is sent once: a second try would end the secret that the first one left in use.
        """
        return self._run(self._core.rotate_secret(webhook_id, overlap_hours=overlap_hours))

    def list(self) -> list[Webhook]:
        """Return all webhooks, newest first."""
        return self._run(self._core.list())
