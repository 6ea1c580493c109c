"""Budgets keep the limits of which their events tell, also while cleanup looks at jobs and knows only some limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_store.domain.generation.jobs import LONGEST_LOOK
from tests.fakes.dynamodb import all_items
from tests.functions.deployment import event

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.functions.deployment import Deployment


def budgets(store: Deployment) -> dict[tuple[str, str], Any]:
    """The rows of budgets."""
    return {
        (row["pk"]["S"], row["sk"]["S"]): row
        for row in all_items(store.client, store.table)
        if row["pk"]["S"].startswith("BUDGET#")
    }


def test_cleanup_sends_a_lost_job_again_and_leaves_the_limits_of_its_budgets(
    deployed: Callable[..., Deployment],
) -> None:
    store = deployed(PROVIDERS="pollinations", BUDGET_OWNER_DAILY="5", BUDGET_DEPLOYMENT_DAILY="10")
    store.set_clock.instant = store.set_clock.instant.replace(
        month=11, day=21
    )  # prices are known for a while
    assert store.answer_to("generations/begin").status == 202
    before = budgets(store)
    sent = len(store.to_generate.waiting)
    store.to_generate.waiting.clear()
    store.set_clock.instant += LONGEST_LOOK
    del store.environment[
        "BUDGET_OWNER_DAILY"
    ]  # the template gives cleanup the limits of the deployment alone

    store.invoke("cleanup", event("cleanup/schedule"))

    assert len(store.to_generate.waiting) == sent > 0
    assert budgets(store) == before
    assert sorted(row["limit"]["N"] for row in before.values() if "limit" in row) == ["10000000", "5000000"]
