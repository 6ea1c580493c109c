"""Ports of events: where they are logged and sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from image_store.domain.events.event import Event
    from image_store.domain.events.log import LogPage


class EventBus(Protocol):
    """Hands events to whoever has a rule for them."""

    def send(self, events: Sequence[Event]) -> None:
        """Send events, each at least once. Safe to repeat; StorageUnavailable if the bus did not take all of them."""
        ...


class EventLog(Protocol):
    """Events in the order in which they were written, by owner and all together.

    Raises StorageUnavailable if it does not answer.
    """

    def append(self, events: Sequence[Event]) -> None:
        """Write events, each at least once within `LONGEST_WRITE`, in this order as long as no write is repeated.

        An event of no owner is only among those of all owners. Safe to repeat: events are then there more than once.
        """
        ...

    def read(self, owner: str | None, *, after: str, limit: int) -> LogPage:
        """At most `limit` events behind a place, of an owner or (None) of all; strongly consistent."""
        ...
