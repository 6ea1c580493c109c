"""Deadlines that were written by a clock that ran ahead.

Each kind of deadline has a longest wait. A deadline further ahead than that was written by a wrong clock. It counts as
passed; otherwise everything that waits for it would be blocked until then.
"""

from datetime import datetime, timedelta

from image_store.domain.images.image import ImageRecord, State
from image_store.domain.images.reservation import LONGEST_RESERVATION

CLOCK_SKEW = timedelta(minutes=1)
"""How far two correct clocks may differ."""
TOMBSTONE_GRACE = timedelta(hours=1)
"""Far longer than a function or a retrying client can still write."""

_LONGEST_WAITS = {
    State.PENDING: LONGEST_RESERVATION,
    State.DELETING: timedelta(0),
    State.TOMBSTONE: TOMBSTONE_GRACE,
}
"""READY and TRASHED images are not here, because an owner or a setting chooses their deadlines."""


def has_passed(until: datetime, now: datetime, *, longest: timedelta) -> bool:
    """Whether a deadline has passed, or is too far ahead to be correct."""
    return now >= until or is_too_far_ahead(until, now, longest=longest)


def is_too_far_ahead(until: datetime, now: datetime, *, longest: timedelta) -> bool:
    """Whether a deadline is further ahead than `longest`, which only a wrong clock can have written."""
    return until > latest_deadline(now, longest=longest)


def latest_deadline(now: datetime, *, longest: timedelta) -> datetime:
    """The latest deadline that a correct clock can have written for a wait of at most `longest`."""
    return now + longest + CLOCK_SKEW


def elapsed(since: datetime, now: datetime) -> timedelta:
    """How long ago something happened; an instant of a clock that ran ahead counts as old as it is ahead."""
    return abs(now - since)


def is_due_too_far_ahead(record: ImageRecord, now: datetime) -> bool:
    """Whether a wrong clock has written the deadline of an image."""
    longest = _LONGEST_WAITS.get(record.state)
    return (
        longest is not None
        and record.due_at is not None
        and is_too_far_ahead(record.due_at, now, longest=longest)
    )


def is_due(record: ImageRecord, now: datetime) -> bool:
    """Whether an image is due for cleanup."""
    return (record.due_at is not None and now >= record.due_at) or is_due_too_far_ahead(record, now)
