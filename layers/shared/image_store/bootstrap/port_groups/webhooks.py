"""Chooses the adapters of the ports of webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store.bootstrap.lazy import lazy_property
from image_store.bootstrap.port_groups.callers import CallerPorts
from image_store.entrypoints.callers.actors import current_actor

if TYPE_CHECKING:
    from image_store.ports.webhooks import Deliveries, DeliveryTurns, EndpointRules, Replays, Webhooks


class WebhookPorts(CallerPorts):
    """Where webhooks and their deliveries are kept."""

    @lazy_property
    def webhooks(self) -> Webhooks:
        from image_store.adapters.dynamodb.webhooks.registry import DynamoWebhooks

        return DynamoWebhooks(self.table, actor=current_actor)

    @lazy_property
    def deliveries(self) -> Deliveries:
        from image_store.adapters.dynamodb.webhooks.deliveries import DynamoDeliveries

        return DynamoDeliveries(self.table)

    @lazy_property
    def delivery_turns(self) -> DeliveryTurns:
        from image_store.adapters.dynamodb.webhooks.turns import DynamoDeliveryTurns

        return DynamoDeliveryTurns(self.table)

    @lazy_property
    def replays(self) -> Replays:
        from image_store.adapters.dynamodb.webhooks.turns import DynamoReplays

        return DynamoReplays(self.table)

    @lazy_property
    def endpoint_rules(self) -> EndpointRules:
        from image_store.adapters.remote.addresses import AddressRules
        from image_store.adapters.remote.endpoint_rules import RemoteEndpointRules

        remote = self._settings.remote
        networks = (*remote.networks, *remote.webhook_networks)
        return RemoteEndpointRules(AddressRules(hosts=remote.hosts, networks=networks))
