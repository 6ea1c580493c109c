"""How days become the months of a timeline, and where a long one is divided (I2)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from image_store.domain.finding.timeline import Month
from image_store.ports.operations import Figures
from image_store.services.operations.timelines import MAX_DAYS, Timelines

if TYPE_CHECKING:
    from image_store.domain.operations.statistics import Amount, Statistics

NEWEST = date(2026, 3, 20)


class DaysInMemory(Figures):
    """Days with images; no other figures."""

    def __init__(self, days: dict[date, int]) -> None:
        self._days = sorted(days.items(), reverse=True)

    def days_before(self, owner: str, *, before: date, limit: int) -> list[tuple[date, int]]:
        return [entry for entry in self._days if entry[0] < before][:limit]

    def of_owner(self, owner: str, *, since: date, until: date) -> Statistics:
        raise NotImplementedError

    def of_all(self, *, since: date, until: date) -> Statistics:
        raise NotImplementedError

    def total(self) -> Amount:
        raise NotImplementedError


def every_day(number: int) -> dict[date, int]:
    """So many days, one after the other, with one image each."""
    return {NEWEST - timedelta(days=age): 1 for age in range(number)}


def test_days_and_months_without_images_are_left_out() -> None:
    days = {NEWEST: 2, date(2026, 3, 1): 0, date(2026, 2, 1): 0, date(2025, 3, 31): 1}

    timeline = Timelines(DaysInMemory(days)).of_owner("alice", before=None)

    assert timeline.months == (
        Month(date(2026, 3, 1), {NEWEST: 2}),
        Month(date(2025, 3, 1), {date(2025, 3, 31): 1}),
    )
    assert timeline.continues_before is None
    assert [month.images for month in timeline.months] == [2, 1]


def test_a_long_timeline_is_divided_between_months_and_no_day_is_lost() -> None:
    timelines = Timelines(DaysInMemory(every_day(2 * MAX_DAYS + 1)))
    months: list[Month] = []
    before, requests = None, 0
    while requests == 0 or before is not None:
        timeline = timelines.of_owner("alice", before=before)
        months += timeline.months
        before, requests = timeline.continues_before, requests + 1

    assert requests == 3
    assert sum(month.images for month in months) == 2 * MAX_DAYS + 1
    assert len({month.first_day for month in months}) == len(months)


def test_as_many_days_as_a_request_reads_may_be_all_of_them() -> None:
    timelines = Timelines(DaysInMemory(every_day(MAX_DAYS)))

    first = timelines.of_owner("alice", before=None)
    rest = timelines.of_owner("alice", before=first.continues_before)

    assert sum(month.images for month in first.months + rest.months) == MAX_DAYS
    assert rest.continues_before is None


def test_months_of_deleted_images_do_not_end_a_timeline() -> None:
    days = {NEWEST - timedelta(days=age): 0 for age in range(MAX_DAYS)} | {date(2001, 1, 1): 5}
    timelines = Timelines(DaysInMemory(days))

    first = timelines.of_owner("alice", before=None)

    assert (first.months, first.continues_before is None) == ((), False)
    assert [month.images for month in timelines.of_owner("alice", before=first.continues_before).months] == [
        5
    ]
