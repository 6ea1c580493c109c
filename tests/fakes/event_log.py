"""The event log in memory."""

from bisect import bisect_right, insort
from collections.abc import Sequence

from image_store.domain.events.event import Event
from image_store.domain.events.log import LoggedEvent, LogPage, place_of
from image_store.ports.events import EventLog
from image_store.ports.system import Clock


class MemoryEventLog(EventLog):
    """Events in memory, written at the time of a clock."""

    def __init__(self, clock: Clock) -> None:
        self.rows: list[LoggedEvent] = []
        """In the order of their places."""
        self._clock = clock

    def append(self, events: Sequence[Event]) -> None:
        for event in events:
            self.add(place_of(event.id, self._clock.now()), event)

    def add(self, place: str, event: Event) -> None:
        """Let an event appear at a place."""
        insort(self.rows, LoggedEvent(place, event), key=_place)

    def read(self, owner: str | None, *, after: str, limit: int) -> LogPage:
        rows = self.rows[bisect_right(self.rows, after, key=_place) :]
        behind = [row for row in rows if owner is None or row.event.owner == owner]
        page = behind[:limit]
        return LogPage(tuple(page), page[-1].place if len(behind) > limit else None)


def _place(row: LoggedEvent) -> str:
    return row.place
