"""Assembles the services that send events to webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store.bootstrap.lazy import lazy_property

if TYPE_CHECKING:
    from image_store.bootstrap.assembly import Application
    from image_store.services.webhooks.notifying import Notifying
    from image_store.services.webhooks.sweep import WebhookSweep
    from image_store.services.webhooks.turns import WebhookTurns


class WebhookDelivery:
    """The services that send events to webhooks."""

    def __init__(self, application: Application) -> None:
        self._ports = application.ports
        self._settings = application.settings

    @lazy_property
    def notifying(self) -> Notifying:
        from image_store.services.webhooks.notifying import Notifying

        return Notifying(
            webhooks=self._ports.webhooks, queue=self._ports.delivery_queue, clock=self._ports.clock
        )

    @lazy_property
    def turns(self) -> WebhookTurns:
        from image_store.services.events.reading import LogReader
        from image_store.services.webhooks.places import SlowPlaces
        from image_store.services.webhooks.replaying import Replaying
        from image_store.services.webhooks.sending import Sending
        from image_store.services.webhooks.turns import WebhookTurns

        ports = self._ports
        return WebhookTurns(
            webhooks=ports.webhooks,
            turns=ports.delivery_turns,
            deliveries=ports.deliveries,
            places=SlowPlaces(
                turns=ports.delivery_turns, number=max(1, self._settings.events.deliveries_at_once // 2)
            ),
            replaying=Replaying(
                replays=ports.replays, deliveries=ports.deliveries, log=ports.event_log, clock=ports.clock
            ),
            reader=LogReader(log=ports.event_log, clock=ports.clock),
            sending=Sending(sender=ports.webhook_sender, cipher=ports.cipher, clock=ports.clock),
            queue=ports.delivery_queue,
            clock=ports.clock,
            ids=ports.ids,
            jitter=ports.jitter,
            report=ports.report_round,
        )

    @lazy_property
    def sweep(self) -> WebhookSweep:
        from image_store.services.webhooks.sweep import WebhookSweep

        return WebhookSweep(
            webhooks=self._ports.webhooks,
            turns=self._ports.delivery_turns,
            deliveries=self._ports.deliveries,
            queue=self._ports.delivery_queue,
            clock=self._ports.clock,
        )
