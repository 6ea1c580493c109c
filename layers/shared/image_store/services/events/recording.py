"""Writes the events of the table's stream to the log, wakes webhooks, and then puts the events on the bus.

The stream delivers a change again until all of them have taken its events. So each is there at least once, and what the
bus or a webhook hears of is in the log too. A process remembers what it has done: when the bus fails, or the batch is
read again for another reason, the log does not get these events twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from image_store.domain.events.event import Event
from image_store.ports.events import EventBus, EventLog

_REMEMBERED = 1_000
"""The last events that a process has recorded; the stream hands over at most 100 changes at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecording:
    """Records events, in the order of their changes."""

    log: EventLog
    bus: EventBus | None
    """None if the deployment has no bus."""
    notify: Callable[[Sequence[Event]], None]
    """Has webhooks read the log, in which these events are now."""
    _logged: dict[str, None] = field(default_factory=dict)
    _notified: dict[str, None] = field(default_factory=dict)
    _sent: dict[str, None] = field(default_factory=dict)

    def record(self, events: Sequence[Event]) -> None:
        """Log events, have webhooks read them, and send them. StorageUnavailable.

        Safe to repeat: a reader sees the same ids again.
        """
        unlogged = [event for event in events if event.id not in self._logged]
        if unlogged:
            self.log.append(unlogged)
            _remember(self._logged, unlogged)
        unheard = [event for event in events if event.id not in self._notified]
        if unheard:
            self.notify(unheard)
            _remember(self._notified, unheard)
        unsent = [event for event in events if event.id not in self._sent]
        if self.bus is not None and unsent:
            self.bus.send(unsent)
            _remember(self._sent, unsent)


def _remember(known: dict[str, None], events: Sequence[Event]) -> None:
    known.update((event.id, None) for event in events)
    while len(known) > _REMEMBERED:
        del known[next(iter(known))]
