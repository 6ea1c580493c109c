"""Chooses the adapters of the ports of events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store.bootstrap.lazy import lazy_property
from image_store.bootstrap.port_groups.backup import BackupPorts
from image_store.bootstrap.port_groups.webhooks import WebhookPorts

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from image_store.domain.events.event import Event
    from image_store.ports.events import EventBus, EventLog


class EventPorts(BackupPorts, WebhookPorts):
    """Where events come from and go to."""

    @lazy_property
    def event_reader(self) -> Callable[[dict[str, Any]], list[Event]]:
        from image_store.adapters.dynamodb.events.changes import events_of

        return events_of

    @lazy_property
    def event_log(self) -> EventLog:
        from image_store.adapters.dynamodb.events.log import DynamoEventLog

        return DynamoEventLog(self.table, now=self.clock.now)

    @lazy_property
    def event_bus(self) -> EventBus | None:
        if not self._settings.events.bus:
            return None
        from image_store.adapters.eventbridge.bus import EventBridgeBus

        return EventBridgeBus(self._settings.events.bus, client=lambda: self.clients.events)
