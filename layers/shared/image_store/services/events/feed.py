"""Reads the event log for its owners and for admins, and waits for new events."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from image_store.domain.errors import InvalidCursor
from image_store.domain.events.event import EVENT_RETENTION, Event, EventType
from image_store.domain.events.log import LogPosition
from image_store.ports.events import EventLog
from image_store.ports.system import Clock
from image_store.services.events.reading import LogReader
from image_store.services.finding.cursors import Cursors

LONGEST_WAIT = timedelta(seconds=20)
"""The HTTP API ends a request after 30 seconds."""
_PAUSE = timedelta(milliseconds=500)
"""Between two looks at the log, each of which costs less than a tenth of what the function costs meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQuery:
    """Which events to read: those of an owner or (None) of all."""

    owner: str | None
    after: str | None = None
    """The cursor of the page before."""
    since: datetime | None = None
    """The time at which to begin, without a cursor; by default with the oldest event that is kept."""
    types: frozenset[EventType] = frozenset()
    """Empty for all types."""
    limit: int = 50
    wait: timedelta = timedelta(0)
    """How long to wait if there is no event."""

    @property
    def binding(self) -> tuple[str | None, ...]:
        """The values that a cursor is bound to; the types may change from page to page."""
        return ("events", self.owner)


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events in the order of the log, and the cursor that continues after them."""

    events: Sequence[Event]
    next_cursor: str
    has_more: bool
    """Whether there may be more events now, also behind an empty page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFeed:
    """Pages of events; see `domain/events/log` for what a reader may rely on."""

    log: EventLog
    cursors: Cursors
    clock: Clock
    sleep: Callable[[float], None]

    def read(self, query: EventQuery, *, deadline: datetime) -> EventPage:
        """The next events; waits for the first one as long as the query says, and not beyond the deadline.

        InvalidCursor.
        """
        position = self._start(query)
        until = min(self.clock.now() + query.wait, deadline)
        reader = LogReader(log=self.log, clock=self.clock)
        while True:
            reading = reader.read(query.owner, position, types=query.types, limit=query.limit)
            position, now = reading.position, self.clock.now()
            if reading.events or now + _PAUSE > until:
                cursor = self.cursors.make(position.as_text(), query, at=now, lifetime=EVENT_RETENTION)
                return EventPage(reading.events, cursor, reading.has_more)
            if reading.has_more:
                continue
            self.sleep(_PAUSE.total_seconds())

    def _start(self, query: EventQuery) -> LogPosition:
        now = self.clock.now()
        if query.after is None:
            since = query.since or now - EVENT_RETENTION
            return LogPosition.at(max(now - EVENT_RETENTION, min(since, now)))
        text = self.cursors.read_place(query.after, query, at=now)
        try:
            return LogPosition.of_text(text).not_before(now)
        except ValueError:
            raise InvalidCursor("This cursor is not valid for this list; start again without one.") from None
