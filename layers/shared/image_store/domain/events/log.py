"""The order of the event log, and why a reader that follows it misses nothing.

An event's place in the log begins with the time at which it was written there, not with the time of its change. The
consumers of the table's stream write at the same time, so a row can appear before another that is already there. Two
rules make this safe:

- A writer looks at the clock before and after each write. If more than `LONGEST_WRITE` has passed, it writes the event
  again at a new place. A change is done with only after a write in time. If the writer stops before that, the stream
  delivers the change again.
- A reader knows that everything before `now - SETTLING` is there, and its position never passes that time. It shows
  younger events at once and remembers in its position which ones it has shown.

So every event is shown at least once, and normally exactly once, as long as the clocks of two functions differ by less
than `LARGEST_CLOCK_DIFFERENCE`.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from image_store.domain.events.event import EVENT_RETENTION, Event

LONGEST_WRITE = timedelta(seconds=1)
"""How long a write may take."""
LARGEST_CLOCK_DIFFERENCE = timedelta(seconds=4)
"""Clocks of functions differ by milliseconds (Amazon Time Sync)."""
SETTLING = LONGEST_WRITE + LARGEST_CLOCK_DIFFERENCE
"""How old a place has to be until no row can appear before it."""
MAX_SHOWN = 100
"""How many unsettled events a position remembers."""

_TAG_BYTES = 8
_TIME_FORM = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event at its place in the log; an event can be at several."""

    place: str
    event: Event

    @property
    def written_at(self) -> datetime:
        """When it was written to the log."""
        return time_of(self.place)


@dataclass(frozen=True, slots=True)
class LogPage:
    """Events in the order of the log, without those that cannot be read."""

    rows: Sequence[LoggedEvent]
    resume_after: str | None
    """The place after which the next page starts; None if there are no more rows."""


@dataclass(frozen=True, slots=True)
class LogPosition:
    """How far a reader has come."""

    after: str
    """The place up to which it has read; never unsettled."""
    shown: frozenset[str] = frozenset()
    """The tags of events behind that place that it has shown."""

    @classmethod
    def at(cls, instant: datetime) -> Self:
        """The position of a reader that begins with what is written at this time."""
        return cls(first_place_at(instant))

    def not_before(self, now: datetime) -> "LogPosition":
        """The same position, or that of the oldest event that is kept."""
        oldest = first_place_at(now - EVENT_RETENTION)
        return self if self.after >= oldest else LogPosition(oldest)

    def as_text(self) -> str:
        """The position as a text for a cursor."""
        return "~".join((self.after, *sorted(self.shown)))

    @classmethod
    def of_text(cls, text: str) -> Self:
        """The position in such a text; ValueError for any other text."""
        after, *shown = text.split("~")
        time_of(after)
        return cls(after, frozenset(shown))


def place_of(event_id: str, written_at: datetime) -> str:
    """The place of an event that is written at this time; sorts by time."""
    return f"{first_place_at(written_at)}#{event_id}"


def first_place_at(instant: datetime) -> str:
    """The first place of a time."""
    return instant.astimezone(UTC).strftime(_TIME_FORM)


def tag_of(event: Event) -> str:
    """A short name of an event, for positions."""
    digest = hashlib.sha256(event.id.encode()).digest()[:_TAG_BYTES]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def was_in_time(started_at: datetime, ended_at: datetime) -> bool:
    """Whether a write between these times of one clock keeps the promise to readers; not if the clock went back."""
    return timedelta(0) <= ended_at - started_at <= LONGEST_WRITE


def time_of(place: str) -> datetime:
    """The time at the beginning of a place; ValueError if there is none."""
    return datetime.strptime(place.partition("#")[0], _TIME_FORM).replace(tzinfo=UTC)
