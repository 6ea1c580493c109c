"""Budgets and quotas: nothing is spent beyond them, and what was held and not spent is free again."""

import threading
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from image_store.adapters.dynamodb.generation.jobs import DynamoGenerations
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.errors import BudgetExceeded, BudgetUsedUp, QuotaExceeded
from image_store.domain.generation.budget import BudgetHold, Budgets, KeyBudget, Spending
from image_store.domain.generation.jobs import JobItemChange, JobItemState
from image_store.domain.generation.ledger import CallOutcome
from image_store.domain.generation.providers import Reason
from image_store.ports.generation import Generations
from tests.contracts.generations.jobs import (
    CALL,
    FREE,
    JOB,
    NOON,
    OTHER,
    OWNER,
    TODAY,
    change,
    create,
    entry,
    read,
    running,
    spending,
    succeed,
)
from tests.fakes.dynamodb import all_items, new_table
from tests.fakes.rows import DynamoRows

LIMITS = [
    Budgets(owner_daily=250),
    Budgets(owner_monthly=250),
    Budgets(deployment_daily=250),
    Budgets(deployment_monthly=250),
]


@pytest.mark.parametrize("budgets", LIMITS)
def test_a_budget_refuses_before_anything_is_spent(jobs: Generations, budgets: Budgets) -> None:
    """E4."""
    create(jobs, 2, budgets=budgets)

    with pytest.raises(BudgetUsedUp) as refused:
        create(jobs, job_id=OTHER, budgets=budgets)

    assert jobs.job(OTHER) is None
    assert spending(jobs) == Spending(0, 200)
    half_a_day = timedelta(hours=12) - timedelta(microseconds=123456)
    wait = half_a_day if "daily" in str(budgets).replace("daily=0", "") else half_a_day + timedelta(days=9)
    assert refused.value.retry_after == wait
    of_all = budgets.deployment_daily or budgets.deployment_monthly
    assert refused.value.budget == ("deployment" if of_all else "owner")


KEY_ID = "0123456789abcdef"


@pytest.mark.parametrize("limits", [{"daily": 250}, {"monthly": 250}], ids=str)
def test_a_keys_budget_counts_what_it_orders_for_all_owners(
    jobs: Generations, limits: dict[str, int]
) -> None:
    key = KeyBudget(key_id=KEY_ID, **limits)
    create(jobs, key=key)
    create(jobs, job_id=OTHER, owner="another", key=key)
    third = OTHER.replace("2", "3")

    with pytest.raises(BudgetUsedUp) as refused:
        create(jobs, job_id=third, owner="a third", key=key)
    create(jobs, job_id=third, owner="a third", key=KeyBudget(key_id=KEY_ID[::-1], **limits))

    half_a_day = timedelta(hours=12) - timedelta(microseconds=123456)
    assert refused.value.retry_after == half_a_day + timedelta(days=9 * ("monthly" in limits))
    assert refused.value.budget == "key"
    assert spending(jobs, "a third") == Spending(0, 100)


def test_what_a_key_did_not_spend_is_free_again(jobs: Generations) -> None:
    key = KeyBudget(key_id=KEY_ID, daily=200)
    items = create(jobs, 2, key=key)
    succeed(jobs, running(jobs, items[0]), 60)
    change(jobs, items[1], JobItemState.CANCELLED, hold=None)

    with pytest.raises(BudgetUsedUp):
        create(jobs, job_id=OTHER, micros=141, key=key)
    create(jobs, job_id=OTHER, micros=140, key=key)

    assert spending(jobs) == Spending(60, 140)


def test_items_that_a_key_ordered_under_two_limits_change_together(jobs: Generations) -> None:
    before = create(jobs, 2, key=KeyBudget(key_id=KEY_ID, daily=200))
    other = replace(before[1], hold=BudgetHold(micros=100, on=TODAY, key=KeyBudget(key_id=KEY_ID, daily=900)))
    changes = [
        JobItemChange(before=item, after=item.moved_to(JobItemState.CANCELLED, change=f"c{n}", hold=None))
        for n, item in enumerate((before[0], other))
    ]

    jobs.change(changes, at=NOON, budgets=FREE)

    create(jobs, 2, job_id=OTHER, key=KeyBudget(key_id=KEY_ID, daily=200))


def test_a_request_that_is_too_much_alone_does_not_become_less_by_waiting(jobs: Generations) -> None:
    with pytest.raises(BudgetExceeded) as refused:
        create(jobs, 3, budgets=Budgets(owner_daily=250))

    assert not isinstance(refused.value, BudgetUsedUp)
    assert refused.value.retry_after is None


def test_the_last_of_a_budget_can_be_taken(jobs: Generations) -> None:
    create(jobs, 2, budgets=Budgets(owner_daily=200))

    assert spending(jobs) == Spending(0, 200)


def test_budgets_of_owners_are_their_own_and_the_deployments_is_everybodys(jobs: Generations) -> None:
    create(jobs, budgets=Budgets(owner_daily=100))
    create(jobs, job_id=OTHER, owner="another", budgets=Budgets(owner_daily=100))

    assert spending(jobs, "another") == Spending(0, 100)
    assert spending(jobs, None) == Spending(0, 200)


def test_what_was_held_and_not_spent_is_free_again(jobs: Generations) -> None:
    items = create(jobs, 2, budgets=Budgets(owner_daily=200))
    succeed(jobs, running(jobs, items[0]), 60)
    change(jobs, items[1], JobItemState.CANCELLED, hold=None)

    assert spending(jobs) == spending(jobs, None) == Spending(60, 0)
    create(jobs, job_id=OTHER, micros=140, budgets=Budgets(owner_daily=200))


def test_an_image_of_unknown_price_is_charged_what_was_held(jobs: Generations) -> None:
    """E4."""
    (item,) = create(jobs)

    succeed(jobs, running(jobs, item), None)

    assert spending(jobs) == Spending(100, 0)


def test_an_image_that_costs_more_than_was_held_is_charged_in_full(jobs: Generations) -> None:
    (item,) = create(jobs)

    succeed(jobs, running(jobs, item), 170)

    assert spending(jobs) == Spending(170, 0)


def test_a_call_that_made_nothing_and_is_tried_again_is_charged_beside_what_is_held(
    jobs: Generations,
) -> None:
    (item,) = create(jobs)
    charge = CallOutcome(call=CALL, duration_ms=9, succeeded=False, reason=Reason.BAD_ANSWER, entry=entry(30))

    again = change(jobs, running(jobs, item), JobItemState.QUEUED, outcome=charge, call=None, cost_micros=30)

    assert spending(jobs) == spending(jobs, None) == Spending(30, 100)
    assert read(jobs).cost == 30
    later = replace(CALL, id="00000000000000bb")
    succeed(jobs, running(jobs, again, later), 60, later)
    assert spending(jobs) == Spending(90, 0)


def test_a_refusal_that_was_charged_for_frees_what_was_held_beyond_it(jobs: Generations) -> None:
    (item,) = create(jobs)
    charge = CallOutcome(call=CALL, duration_ms=9, succeeded=False, reason=Reason.REFUSED, entry=entry(30))

    change(jobs, running(jobs, item), JobItemState.FAILED, outcome=charge, hold=None, cost_micros=30)

    assert spending(jobs) == spending(jobs, None) == Spending(30, 0)


def test_a_call_is_settled_once_its_cost_is_in_the_ledger(jobs: Generations) -> None:
    """Also when its hold is of the month before."""
    (item,) = create(jobs)
    early = replace(CALL, started_at=NOON + timedelta(days=10))
    running_item = running(jobs, item, early)
    assert not jobs.is_settled(running_item, early)

    done = succeed(jobs, running_item, 60, early)

    assert jobs.is_settled(running_item, early)
    assert jobs.is_settled(running_item, CALL)
    assert not jobs.is_settled(done, replace(CALL, id="00000000000000cc"))


def test_an_owners_own_key_spends_nothing_of_a_budget(jobs: Generations) -> None:
    """E8."""
    (item,) = create(jobs)
    own = replace(CALL, own_key=True)

    succeed(jobs, running(jobs, item, own), 60, own)

    assert spending(jobs) == Spending(0, 0)
    assert read(jobs).cost == 60


def test_an_image_is_charged_to_the_day_it_was_held_for(jobs: Generations) -> None:
    (item,) = create(jobs)
    late = replace(CALL, started_at=NOON + timedelta(days=1))

    succeed(jobs, running(jobs, item, late), 60, late)

    assert spending(jobs) == Spending(60, 0)
    day, month = jobs.spending(OWNER, on=date(2026, 11, 22))
    assert (day, month) == (Spending(0, 0), Spending(60, 0))


@pytest.mark.parametrize("key", [None, KeyBudget(key_id=KEY_ID, daily=1000)], ids=["deployment", "key"])
def test_forty_at_once_find_a_budget_for_ten(jobs: Generations, key: KeyBudget | None) -> None:
    """E4: exact under races."""
    budgets = Budgets(deployment_daily=1000) if key is None else FREE
    outcomes: list[bool] = []

    def begin(number: int) -> None:
        job_id = f"019ca945-0a00-7000-8000-{number:012x}"
        try:
            create(jobs, job_id=job_id, budgets=budgets, key=key)
        except BudgetUsedUp:
            outcomes.append(False)
        else:
            outcomes.append(True)

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (outcomes.count(True), outcomes.count(False)) == (10, 30)
    assert spending(jobs, None) == Spending(0, 1000)


def test_images_are_promised_to_a_quota_and_given_back(jobs: Generations) -> None:
    items = create(jobs, 2, most_images=3)

    with pytest.raises(QuotaExceeded):
        create(jobs, 2, job_id=OTHER, most_images=3)

    change(jobs, items[0], JobItemState.CANCELLED, hold=None)
    create(jobs, 2, job_id=OTHER, most_images=3)


def test_an_image_that_is_tried_again_is_promised_again(jobs: Generations) -> None:
    (item,) = create(jobs, most_images=1)
    failed = change(jobs, running(jobs, item), JobItemState.FAILED, hold=None)
    create(jobs, job_id=OTHER, most_images=1)
    again = failed.moved_to(JobItemState.QUEUED, change="again", hold=BudgetHold(micros=5, on=TODAY))

    with pytest.raises(QuotaExceeded):
        jobs.change(
            [JobItemChange(before=failed, after=again)], at=NOON, budgets=FREE, most_images=1, due_at=NOON
        )


def test_the_ledger_holds_each_paid_call_with_what_was_charged(moto: Any) -> None:
    """E4: the budget is the ledger's sum."""
    table = new_table(moto)
    jobs = DynamoGenerations(DynamoTable(table, client=lambda: moto))
    items = create(jobs, 2)
    succeed(jobs, running(jobs, items[0]))
    other = replace(CALL, id="00000000000000bb")
    succeed(jobs, running(jobs, items[1], other), None, other)

    rows = [row for row in all_items(moto, table) if row["pk"]["S"].startswith("LEDGER#")]

    assert {row["sk"]["S"] for row in rows} == {f"{JOB}#00#{CALL.id}", f"{JOB}#01#{other.id}"}
    assert sorted(int(row["charged"]["N"]) for row in rows) == [60, 100]
    assert [row["cost"]["N"] for row in rows if "cost" in row] == ["60"]
    assert spending(jobs).spent == 160


def test_promises_and_stored_images_share_one_quota(moto: Any) -> None:
    table = new_table(moto)
    jobs = DynamoGenerations(DynamoTable(table, client=lambda: moto))
    create(jobs, 2, most_images=2)

    assert DynamoRows(DynamoTable(table, client=lambda: moto)).usage(OWNER).images == 0
