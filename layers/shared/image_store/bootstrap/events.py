"""Assembles the services of events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_store.bootstrap.lazy import lazy_property

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_store.bootstrap.assembly import Application
    from image_store.domain.events.event import Event
    from image_store.services.events.feed import EventFeed
    from image_store.services.events.recording import EventRecording


class Events:
    """The services of events."""

    def __init__(self, application: Application) -> None:
        self._areas = application
        self._ports = application.ports

    @property
    def reader(self) -> Callable[[dict[str, Any]], list[Event]]:
        """Reads the events of a record of the table's stream."""
        return self._ports.event_reader

    @lazy_property
    def recording(self) -> EventRecording:
        from image_store.services.events.recording import EventRecording

        return EventRecording(
            log=self._ports.event_log,
            bus=self._ports.event_bus,
            notify=self._areas.webhook_delivery.notifying.notify,
        )

    @lazy_property
    def feed(self) -> EventFeed:
        from image_store.services.events.feed import EventFeed

        return EventFeed(
            log=self._ports.event_log,
            cursors=self._areas.finding.cursors,
            clock=self._ports.clock,
            sleep=self._ports.sleep,
        )
