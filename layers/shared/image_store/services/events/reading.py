"""Reads the events behind a position of the log; see `domain/events/log` for what a reader may rely on."""

from collections.abc import Sequence
from dataclasses import dataclass

from image_store.domain.events.event import Event, EventType
from image_store.domain.events.log import (
    MAX_SHOWN,
    SETTLING,
    LoggedEvent,
    LogPosition,
    first_place_at,
    tag_of,
)
from image_store.ports.events import EventLog
from image_store.ports.system import Clock

MAX_EXAMINED = 1_000
"""How many events one reading examines to find those of the chosen types."""
_PAGE_ROWS = 100


@dataclass(frozen=True, slots=True)
class Reading:
    """Events in the order of the log, and where to go on."""

    events: Sequence[Event]
    position: LogPosition
    has_more: bool
    """Whether there may be more events now, also if there are none in this reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReader:
    """Reads the log from any position."""

    log: EventLog
    clock: Clock

    def read(
        self, owner: str | None, position: LogPosition, *, types: frozenset[EventType], limit: int
    ) -> Reading:
        """At most `limit` events behind a position, of an owner or (None) of all; of all types if `types` is empty."""
        # Before the first read, so that whatever is settled by now is in what is read.
        settled = first_place_at(self.clock.now() - SETTLING)
        page = _Page(position, settled, types=types, limit=limit)
        after = position.after
        rows = _PAGE_ROWS if types else min(_PAGE_ROWS, limit + len(position.shown))
        for _ in range(MAX_EXAMINED // rows):
            logged = self.log.read(owner, after=after, limit=rows)
            for row in logged.rows:
                if not page.take(row):
                    return page.reading(has_more=True)
            if logged.resume_after is None:
                page.end()
                return page.reading(has_more=False)
            after = logged.resume_after
            page.skip_to(after)
            if page.is_full:
                break
        return page.reading(has_more=True)


class _Page:
    """Takes rows in order until it is full."""

    def __init__(
        self, position: LogPosition, settled: str, *, types: frozenset[EventType], limit: int
    ) -> None:
        self._events: list[Event] = []
        self._types = types
        self._limit = limit
        self._after = position.after
        self._settled = settled
        self._left = set(position.shown)
        """Tags of the position whose rows it has not come to."""
        self._shown: set[str] = set()

    @property
    def is_full(self) -> bool:
        """Whether the page has as many events as it may have."""
        return len(self._events) == self._limit

    def reading(self, *, has_more: bool) -> Reading:
        """What it has taken, and how far it has come."""
        return Reading(self._events, LogPosition(self._after, frozenset(self._shown | self._left)), has_more)

    def take(self, row: LoggedEvent) -> bool:
        """Show a row if the page is about it; False if the page is full and the row has to wait."""
        event = row.event
        tag = tag_of(event)
        is_settled = row.place <= self._settled
        was_shown = tag in self._left or tag in self._shown
        is_wanted = not self._types or event.type in self._types
        if is_wanted and not was_shown:
            is_remembered_full = len(self._left) + len(self._shown) >= MAX_SHOWN
            if self.is_full or (is_remembered_full and not is_settled):
                return False
            self._events.append(event)
        self._left.discard(tag)
        if is_settled:
            self._after = row.place
        elif is_wanted or was_shown:
            self._shown.add(tag)
        return True

    def skip_to(self, place: str) -> None:
        """Continue behind a place up to which all rows were examined, as far as it is settled."""
        self._after = max(self._after, min(place, self._settled))

    def end(self) -> None:
        """Continue behind everything that is settled, as there are no more rows."""
        self.skip_to(self._settled)
        self._left.clear()
