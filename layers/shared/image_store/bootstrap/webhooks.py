"""Assembles the services of webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store.bootstrap.lazy import lazy_property

if TYPE_CHECKING:
    from image_store.bootstrap.assembly import Application
    from image_store.services.webhooks.administration import WebhookAdministration


class WebhookServices:
    """The services of webhooks."""

    def __init__(self, application: Application) -> None:
        self._areas = application
        self._ports = application.ports

    @lazy_property
    def administration(self) -> WebhookAdministration:
        from image_store.services.webhooks.administration import WebhookAdministration

        return WebhookAdministration(
            webhooks=self._ports.webhooks,
            deliveries=self._ports.deliveries,
            replays=self._ports.replays,
            turns=self._ports.delivery_turns,
            queue=self._ports.delivery_queue,
            cipher=lambda: self._ports.cipher,
            rules=self._ports.endpoint_rules,
            cursors=self._areas.finding.cursors,
            clock=self._ports.clock,
            ids=self._ports.ids,
        )
