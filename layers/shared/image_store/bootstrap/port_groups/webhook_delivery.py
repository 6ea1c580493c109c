"""Chooses the adapters that send events to webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store.bootstrap.lazy import lazy_property
from image_store.bootstrap.port_groups.remote import RemotePorts
from image_store.entrypoints.operations.observability import logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_store.ports.webhook_sending import Sender
    from image_store.ports.webhooks import DeliveryQueue
    from image_store.services.webhooks.turns import RoundResult


class WebhookDeliveryPorts(RemotePorts):
    """How webhooks are woken, and how requests reach them."""

    @lazy_property
    def delivery_queue(self) -> DeliveryQueue:
        from image_store.adapters.sqs import SqsDeliveryQueue

        return SqsDeliveryQueue(self._settings.queues.delivery, client=lambda: self.clients.sqs)

    @lazy_property
    def webhook_sender(self) -> Sender:
        from image_store.adapters.remote.addresses import AddressRules
        from image_store.adapters.remote.posting import HttpSender

        remote = self._settings.remote
        rules = AddressRules(hosts=remote.hosts, networks=(*remote.networks, *remote.webhook_networks))
        return HttpSender(rules, clock=self.clock, report=self._report_silence)

    @lazy_property
    def report_round(self) -> Callable[[RoundResult], None]:
        """Counts what happened in a round of a webhook."""
        from image_store.entrypoints.webhooks.metrics import round_counter

        return round_counter(self._settings.metrics_namespace)

    def _report_silence(self, reason: str, url: str) -> None:
        # The path of a webhook's address may contain a secret of its owner.
        logger.info("a webhook has not answered", reason=reason, origin="/".join(url.split("/", 3)[:3]))
