"""Webhooks: endpoints of apps that the store tells about events."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from image_store_client.aio.paths import path_of
from image_store_client.paging import AsyncPages

if TYPE_CHECKING:
    from typing import Unpack

    from image_store_client.http.transport import Transport
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

WEBHOOKS = "/v1/webhooks"


class AsyncWebhooks:
    """The webhooks of the owner; `image_store_client.webhooks` verifies what an endpoint receives."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create(self, **request: Unpack[WebhookRequest]) -> NewWebhook:
        """Create a webhook; its `secret` is only in this answer.

        The request is sent once: a second try would make a second webhook.
        """
        return cast("NewWebhook", await self._transport.json("POST", WEBHOOKS, json=request, once=True))

    async def get(self, webhook_id: str) -> Webhook:
        """Return a webhook without its secret."""
        return cast("Webhook", await self._transport.json("GET", path_of(WEBHOOKS, webhook_id)))

    async def update(self, webhook_id: str, changes: WebhookPatch) -> Webhook:
        """Change address, types or description, or enable or disable it; fields that are left out stay as they are."""
        path = path_of(WEBHOOKS, webhook_id)
        return cast("Webhook", await self._transport.json("PATCH", path, json=dict(changes)))

    async def delete(self, webhook_id: str) -> None:
        """Delete a webhook for good, with its secret."""
        await self._transport.request("DELETE", path_of(WEBHOOKS, webhook_id))

    async def test(self, webhook_id: str) -> WebhookDelivery:
        """Send an event of type `webhook.test` now; `deliveries` has the result a moment later."""
        path = path_of(WEBHOOKS, webhook_id, "/test")
        return cast("WebhookDelivery", await self._transport.json("POST", path, repeatable=True))

    def deliveries(
        self, webhook_id: str, *, status: DeliveryStatus | None = None, page_size: int = 50
    ) -> AsyncPages[WebhookDelivery]:
        """List what was sent in the last 30 days, the newest event first; of one status, if you name it."""
        path = path_of(WEBHOOKS, webhook_id, "/deliveries")
        query = {"status": status, "limit": page_size}
        return AsyncPages(
            lambda cursor: self._transport.json("GET", path, params={**query, "cursor": cursor})
        )

    async def replay(self, webhook_id: str, **request: Unpack[WebhookReplayRequest]) -> WebhookReplay:
        """Send again one event (`event_id`), the events of a time (`after`, `until`), or all that failed (`failed`).

        Each has the id that it had. A webhook has one replay of many events at a time: `conflict` for a second one.
        """
        path = path_of(WEBHOOKS, webhook_id, "/replay")
        return cast("WebhookReplay", await self._transport.json("POST", path, json=request))

    async def rotate_secret(self, webhook_id: str, *, overlap_hours: int | None = None) -> NewWebhook:
        """Give a webhook a new secret; messages have a signature of the old one too during the overlap.

        The request is sent once: a second try would end the secret that the first one left in use.
        """
        body = {} if overlap_hours is None else {"overlap_hours": overlap_hours}
        path = path_of(WEBHOOKS, webhook_id, "/rotate-secret")
        return cast("NewWebhook", await self._transport.json("POST", path, json=body, once=True))

    async def list(self) -> list[Webhook]:
        """Return all webhooks, newest first."""
        return cast("list[Webhook]", (await self._transport.json("GET", WEBHOOKS))["items"])
