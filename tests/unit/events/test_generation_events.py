"""The events of job items, jobs and budgets: one for each end, and one for each part of a budget that is reached."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from image_store.domain.events.event import Event, EventType
from image_store.domain.events.generations import BudgetState, budget_events, item_events, job_events
from image_store.domain.generation.jobs import Job, JobItem, JobItemState
from tests.contracts.generations.jobs import JOB, NOON, OWNER, job_of, new_item

LATER = NOON + timedelta(minutes=1)
DAILY = BudgetState(
    name="BUDGET#OWNER#alice#2026-11-21",
    holder="owner",
    owner="alice",
    key_id=None,
    period="2026-11-21",
    committed_micros=0,
    limit_micros=1_000,
)


def reached(before: int, after: int, budget: BudgetState = DAILY) -> list[Event]:
    return budget_events(
        replace(budget, committed_micros=before), replace(budget, committed_micros=after), at=LATER
    )


def percents(events: list[Event]) -> list[int]:
    return [event.data["percent"] for event in events]


@pytest.mark.parametrize(
    ("before", "after", "parts"),
    [
        (0, 799, []),
        (0, 800, [80]),
        (799, 800, [80]),
        (800, 999, []),
        (800, 1_000, [100]),
        (0, 1_000, [80, 100]),
        (999, 1_200, [100]),
        (1_000, 1_200, []),
        (1_000, 790, []),
        (900, 900, []),
    ],
)
def test_a_part_of_a_budget_has_an_event_with_the_change_that_comes_to_it(
    before: int, after: int, parts: list[int]
) -> None:
    assert percents(reached(before, after)) == parts


@pytest.mark.parametrize(("limit", "last_below"), [(1, 0), (3, 2), (7, 5)])
def test_a_part_that_is_no_whole_number_is_reached_by_the_next_one(limit: int, last_below: int) -> None:
    budget = replace(DAILY, limit_micros=limit)

    assert 80 not in percents(reached(0, last_below, budget))
    assert 80 in percents(reached(last_below, last_below + 1, budget))


def test_a_budget_without_a_limit_has_no_events() -> None:
    assert reached(0, 10**9, replace(DAILY, limit_micros=0)) == []


def test_a_reached_budget_says_whose_it_is_and_what_is_used() -> None:
    (event,) = reached(0, 900)

    assert (event.type, event.owner, event.created_at) == (EventType.BUDGET_REACHED, "alice", LATER)
    assert event.data == {
        "budget": "owner",
        "key_id": None,
        "period": "2026-11-21",
        "percent": 80,
        "committed_usd": 0.0009,
        "limit_usd": 0.001,
    }


def test_a_part_that_is_reached_again_in_its_period_has_the_same_id() -> None:
    (first,) = reached(0, 800)
    (again,) = budget_events(None, replace(DAILY, committed_micros=900), at=LATER + timedelta(hours=3))

    assert first.id == again.id


def test_a_limit_that_falls_to_what_is_used_is_reached_with_the_same_change() -> None:
    before = replace(DAILY, committed_micros=500)

    events = budget_events(before, replace(before, limit_micros=500), at=LATER)

    assert percents(events) == [80, 100]
    assert {event.data["limit_usd"] for event in events} == {0.0005}


def test_a_limit_that_rises_takes_a_part_back_and_is_reached_again_under_another_id() -> None:
    (low,) = reached(0, 800)
    raised = replace(DAILY, limit_micros=2_000, committed_micros=800)

    unreached = budget_events(replace(DAILY, committed_micros=800), raised, at=LATER)
    (high,) = budget_events(raised, replace(raised, committed_micros=1_600), at=LATER)

    assert unreached == []
    assert high.data["percent"] == low.data["percent"]
    assert high.id != low.id


@pytest.mark.parametrize(
    "other",
    [
        {"name": "BUDGET#OWNER#bob#2026-11-21"},
        {"name": "BUDGET#OWNER#alice#2026-11-22", "period": "2026-11-22"},
        {"name": "BUDGET#OWNER#alice#2026-11", "period": "2026-11"},
    ],
    ids=str,
)
def test_budgets_and_periods_have_ids_of_their_own(other: dict[str, Any]) -> None:
    parts = [*reached(0, 1_000), *reached(0, 1_000, replace(DAILY, **other))]

    assert len({event.id for event in parts}) == 4


@pytest.mark.parametrize(
    ("period", "start"),
    [("2026-11-21", datetime(2026, 11, 21, tzinfo=UTC)), ("2026-11", datetime(2026, 11, 1, tzinfo=UTC))],
)
def test_the_id_has_the_time_at_which_the_period_began(period: str, start: datetime) -> None:
    (event,) = reached(0, 800, replace(DAILY, period=period))

    assert int(event.id.replace("-", "")[:12], 16) == start.timestamp() * 1000


def running() -> JobItem:
    return new_item().moved_to(JobItemState.RUNNING, change="run")


def ended(state: JobItemState) -> JobItem:
    return running().moved_to(state, change="end", hold=None)


@pytest.mark.parametrize("state", [JobItemState.SUCCEEDED, JobItemState.FAILED, JobItemState.CANCELLED])
def test_an_item_that_ends_has_one_event(state: JobItemState) -> None:
    (event,) = item_events(running(), ended(state), at=LATER)

    assert (event.type, event.owner) == (EventType.GENERATION_ITEM_FINISHED, OWNER)
    assert (event.data["generation_id"], event.data["index"]) == (JOB, 0)
    assert event.data["status"] == state.value


def test_no_other_change_of_an_item_has_an_event() -> None:
    end = ended(JobItemState.FAILED)

    assert item_events(None, new_item(), at=LATER) == []
    assert item_events(new_item(), running(), at=LATER) == []
    assert item_events(end, replace(end, version=end.version + 1), at=LATER) == []
    assert item_events(end, end.moved_to(JobItemState.QUEUED, change="again"), at=LATER) == []
    assert item_events(end, None, at=LATER) == []


def test_an_item_that_ends_again_has_another_event() -> None:
    first = ended(JobItemState.FAILED)
    retried = first.moved_to(JobItemState.QUEUED, change="again")
    second = retried.moved_to(JobItemState.CANCELLED, change="end again")

    events = item_events(running(), first, at=LATER) + item_events(retried, second, at=LATER)

    assert len({event.id for event in events}) == 2


def job_with(*, version: int = 1, **counts: int) -> Job:
    items = {state: counts.get(state.value, 0) for state in JobItemState}
    return replace(job_of(sum(counts.values())), counts=items, version=version, updated_at=LATER)


def test_a_job_has_an_event_when_its_last_item_ends() -> None:
    (event,) = job_events(
        job_with(succeeded=1, running=1), job_with(succeeded=1, failed=1, version=2), at=NOON
    )

    assert (event.type, event.owner, event.created_at) == (EventType.GENERATION_FINISHED, OWNER, LATER)
    assert event.data == {
        "generation_id": JOB,
        "status": "partial",
        "counts": {"succeeded": 1, "failed": 1},
        "cost_usd": 0.0,
    }


def test_no_other_change_of_a_job_has_an_event() -> None:
    done = job_with(succeeded=2)

    assert job_events(None, job_with(queued=2), at=NOON) == []
    assert job_events(job_with(running=2), job_with(succeeded=1, running=1), at=NOON) == []
    assert job_events(done, replace(done, version=2), at=NOON) == []
    assert job_events(done, None, at=NOON) == []
