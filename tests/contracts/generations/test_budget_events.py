"""A budget's row holds its limit, so that its part of the stream says when the budget is reached."""

from dataclasses import dataclass
from typing import Any

import pytest

from image_store.adapters.dynamodb.events.changes import events_of
from image_store.adapters.dynamodb.generation.jobs import DynamoGenerations
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.errors import BudgetExceeded, BudgetUsedUp
from image_store.domain.events.event import Event, EventType
from image_store.domain.generation.budget import Budgets, KeyBudget
from image_store.domain.generation.jobs import JobItemChange, JobItemState
from image_store.domain.generation.ledger import CallOutcome
from image_store.domain.generation.providers import Reason
from tests.contracts.generations.jobs import (
    CALL,
    FREE,
    NOON,
    OTHER,
    OWNER,
    change,
    create,
    entry,
    running,
    succeed,
)
from tests.fakes.dynamodb import all_items, new_table
from tests.fakes.stream import Streaming

KEY_ID = "0123456789abcdef"


@dataclass
class Store:
    """Jobs in a table whose stream is recorded."""

    jobs: DynamoGenerations
    client: Any
    table: str

    def reached(self) -> list[Event]:
        """The events of budgets since the last call."""
        changes, self.client.told = self.client.told, []
        events = [event for record in changes for event in events_of(record)]
        return [event for event in events if event.type is EventType.BUDGET_REACHED]

    def limits(self) -> dict[str, str | None]:
        """What each budget's row says of its limit."""
        rows = [row for row in all_items(self.client, self.table) if row["pk"]["S"].startswith("BUDGET#")]
        return {f"{row['pk']['S']}#{row['sk']['S']}": row.get("limit", {}).get("N") for row in rows}


@pytest.fixture
def store(moto: Any) -> Store:
    client, table = Streaming(moto, at=NOON.timestamp()), new_table(moto)
    jobs = DynamoGenerations(DynamoTable(table, client=lambda: client, sleep=lambda _: None))
    return Store(jobs, client, table)


def described(events: list[Event]) -> set[tuple[Any, ...]]:
    return {
        (event.owner, event.data["budget"], event.data["key_id"], event.data["period"], event.data["percent"])
        for event in events
    }


LIMITS: list[tuple[dict[str, int], KeyBudget | None, tuple[str | None, str, str | None, str]]] = [
    ({"owner_daily": 250}, None, (OWNER, "owner", None, "2026-11-21")),
    ({"owner_monthly": 250}, None, (OWNER, "owner", None, "2026-11")),
    ({"deployment_daily": 250}, None, (None, "deployment", None, "2026-11-21")),
    ({"deployment_monthly": 250}, None, (None, "deployment", None, "2026-11")),
    ({}, KeyBudget(key_id=KEY_ID, daily=250), (None, "key", KEY_ID, "2026-11-21")),
    ({}, KeyBudget(key_id=KEY_ID, monthly=250), (None, "key", KEY_ID, "2026-11")),
]


@pytest.mark.parametrize(("limits", "key", "budget"), LIMITS, ids=str)
def test_each_budget_that_a_hold_brings_to_eighty_percent_has_an_event(
    store: Store, limits: dict[str, int], key: KeyBudget | None, budget: tuple[Any, ...]
) -> None:
    create(store.jobs, budgets=Budgets(**limits), key=key)
    below = store.reached()

    create(store.jobs, job_id=OTHER, budgets=Budgets(**limits), key=key)

    assert below == []
    assert described(store.reached()) == {(*budget, 80)}


def test_the_last_of_a_budget_reaches_both_parts_at_once(store: Store) -> None:
    create(store.jobs, 2, budgets=Budgets(owner_daily=200))

    events = store.reached()

    assert [event.data["percent"] for event in events] == [80, 100]
    assert {(event.data["committed_usd"], event.data["limit_usd"]) for event in events} == {(0.0002, 0.0002)}


def test_a_refused_job_reaches_nothing(store: Store) -> None:
    create(store.jobs, budgets=Budgets(owner_daily=199))
    with pytest.raises(BudgetUsedUp):
        create(store.jobs, job_id=OTHER, budgets=Budgets(owner_daily=199))

    assert store.reached() == []


def test_a_part_that_is_reached_again_after_a_cancellation_has_the_same_id(store: Store) -> None:
    budgets = Budgets(owner_daily=100)
    (item,) = create(store.jobs, budgets=budgets)
    first = store.reached()
    change(store.jobs, item, JobItemState.CANCELLED, hold=None)
    given_back = store.reached()

    create(store.jobs, job_id=OTHER, budgets=budgets)

    assert given_back == []
    assert [event.id for event in store.reached()] == [event.id for event in first]


@pytest.mark.parametrize("lowered", [100, 60], ids=["to what is used", "below one image"])
def test_a_budget_whose_limit_falls_has_its_events_though_it_refuses_what_comes(
    store: Store, lowered: int
) -> None:
    create(store.jobs, budgets=Budgets(owner_daily=900))
    before = store.reached()
    for _ in range(2):
        with pytest.raises(BudgetExceeded):
            create(store.jobs, job_id=OTHER, budgets=Budgets(owner_daily=lowered))

    events = store.reached()

    assert before == []
    assert [event.data["percent"] for event in events] == [80, 100]
    assert {event.data["limit_usd"] for event in events} == {lowered / 1_000_000}


def test_a_refusal_of_a_limit_that_is_not_reached_has_no_event_and_makes_no_row(store: Store) -> None:
    with pytest.raises(BudgetExceeded):
        create(store.jobs, budgets=Budgets(owner_daily=60, deployment_daily=900))

    assert store.reached() == []
    assert store.limits() == {}


def test_a_charge_beside_a_hold_can_reach_a_budget_too(store: Store) -> None:
    budgets = Budgets(owner_daily=125)
    (item,) = create(store.jobs, micros=90, budgets=budgets)
    hold = running(store.jobs, item)
    charge = CallOutcome(call=CALL, duration_ms=9, succeeded=False, reason=Reason.BAD_ANSWER, entry=entry(30))
    store.client.told = []

    again = hold.moved_to(JobItemState.QUEUED, change="again", call=None, cost_micros=30)
    store.jobs.change([JobItemChange(before=hold, after=again, outcome=charge)], at=NOON, budgets=budgets)

    assert described(store.reached()) == {(OWNER, "owner", None, "2026-11-21", 80)}


def test_rows_hold_the_limits_under_which_they_were_written(store: Store) -> None:
    key = KeyBudget(key_id=KEY_ID, daily=700)
    create(store.jobs, budgets=Budgets(owner_daily=250, deployment_monthly=900), key=key)

    owner = "%D0%9E%D0%B2%D0%B0%20%231%2F%C3%BF"
    assert store.limits() == {
        f"BUDGET#OWNER#{owner}#2026-11-21": "250",
        f"BUDGET#OWNER#{owner}#2026-11": None,
        "BUDGET#DEPLOYMENT#2026-11-21": None,
        "BUDGET#DEPLOYMENT#2026-11": "900",
        f"BUDGET#KEY#{KEY_ID}#2026-11-21": "700",
        f"BUDGET#KEY#{KEY_ID}#2026-11": None,
    }


def test_a_limit_that_changes_or_ends_does_so_in_the_row(store: Store) -> None:
    create(store.jobs, budgets=Budgets(deployment_daily=900, deployment_monthly=900))
    create(store.jobs, job_id=OTHER, budgets=Budgets(deployment_daily=800))

    limits = store.limits()

    assert limits["BUDGET#DEPLOYMENT#2026-11-21"] == "800"
    assert limits["BUDGET#DEPLOYMENT#2026-11"] is None


def test_a_settlement_without_limits_leaves_a_budget_that_has_no_events(store: Store) -> None:
    (item,) = create(store.jobs, budgets=FREE)

    succeed(store.jobs, running(store.jobs, item), 170)

    assert store.reached() == []
    assert set(store.limits().values()) == {None}
