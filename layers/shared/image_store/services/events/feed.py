"""Reads the event log for its owners and for admins, and waits for new events."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from image_store.domain.errors import InvalidCursor
from image_store.domain.events.event import EVENT_RETENTION, Event, EventType
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
from image_store.services.finding.cursors import Cursors

LONGEST_WAIT = timedelta(seconds=20)
"""The HTTP API ends a request after 30 seconds."""
MAX_EXAMINED = 1_000
"""How many events one request examines to find those of the chosen types."""
_PAGE_ROWS = 100
_FIRST_PAUSE = timedelta(milliseconds=500)
_LONGEST_PAUSE = timedelta(seconds=1)


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
        pause = _FIRST_PAUSE
        while True:
            reader, has_more = self._page(query, position)
            position, now = reader.position, self.clock.now()
            if reader.events or now + pause > until:
                cursor = self.cursors.make(position.as_text(), query, at=now, lifetime=EVENT_RETENTION)
                return EventPage(reader.events, cursor, has_more)
            if has_more:
                continue
            self.sleep(pause.total_seconds())
            pause = min(2 * pause, _LONGEST_PAUSE)

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

    def _page(self, query: EventQuery, position: LogPosition) -> tuple["_Reader", bool]:
        """Read the matching events behind a position; and whether there may be more of them."""
        # Before the first read, so that whatever is settled by now is in what is read.
        settled = first_place_at(self.clock.now() - SETTLING)
        reader = _Reader(query, position, settled)
        after = position.after
        rows = _PAGE_ROWS if query.types else min(_PAGE_ROWS, query.limit + len(position.shown))
        for _ in range(MAX_EXAMINED // rows):
            page = self.log.read(query.owner, after=after, limit=rows)
            for row in page.rows:
                if not reader.take(row):
                    return reader, True
            if page.resume_after is None:
                reader.end()
                return reader, False
            after = page.resume_after
            reader.skip_to(after)
            if reader.is_full:
                break
        return reader, True


class _Reader:
    """Reads rows in order until the page is full."""

    def __init__(self, query: EventQuery, position: LogPosition, settled: str) -> None:
        self.events: list[Event] = []
        self._query = query
        self._after = position.after
        self._settled = settled
        self._left = set(position.shown)
        """Tags of the position whose rows it has not come to."""
        self._shown: set[str] = set()

    @property
    def is_full(self) -> bool:
        """Whether the page has as many events as the query allows."""
        return len(self.events) == self._query.limit

    @property
    def position(self) -> LogPosition:
        """How far it has come."""
        return LogPosition(self._after, frozenset(self._shown | self._left))

    def take(self, row: LoggedEvent) -> bool:
        """Show a row if the query is about it; False if the page is full and the row has to wait."""
        event = row.event
        tag = tag_of(event)
        is_settled = row.place <= self._settled
        was_shown = tag in self._left or tag in self._shown
        is_wanted = not self._query.types or event.type in self._query.types
        if is_wanted and not was_shown:
            is_remembered_full = len(self._left) + len(self._shown) >= MAX_SHOWN
            if self.is_full or (is_remembered_full and not is_settled):
                return False
            self.events.append(event)
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
