"""Jobs, images and ledger entries as services write them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from image_store.domain.generation.budget import BudgetHold, Budgets, KeyBudget, Spending
from image_store.domain.generation.jobs import (
    Job,
    JobItem,
    JobItemChange,
    JobItemState,
    JobName,
    initial_counts,
)
from image_store.domain.generation.ledger import CallOutcome, LedgerEntry, ProviderCall
from image_store.domain.generation.providers import Provider
from image_store.domain.generation.requests import GenerationRequest
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Kind, Visibility
from image_store.ports.generation import Generations

NOON = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
TODAY = NOON.date()
JOB = "019ca945-0a00-7000-8000-000000000001"
OTHER = "019ca945-0a01-7000-8000-000000000002"
OWNER = "Ова #1/ÿ"
REQUEST = GenerationRequest(
    prompt="A cat 🐈",
    negative_prompt="rain",
    size="1024x768",
    quality="high",
    background="transparent",
    output_format="webp",
    seed=7,
    has_own_seed=True,
    variation=1,
    reference_ids=("a", "b"),
    attributes=Attributes(
        kind=Kind.GENERATED,
        visibility=Visibility.PUBLIC,
        tags=("x", "y"),
        groups=("post:p1",),
        metadata={"a": 1.5},
        expires_at=NOON + timedelta(days=3),
    ),
)
CALL = ProviderCall(
    id="00000000000000aa",
    provider=Provider.OPENAI,
    model="gpt-image-2.5-flare",
    own_key=False,
    started_at=NOON,
)
FREE = Budgets()


def job_of(items: int, job_id: str = JOB, owner: str = OWNER) -> Job:
    return Job(id=job_id, owner=owner, created_at=NOON, updated_at=NOON, counts=initial_counts(items))


def new_item(
    index: int = 0, *, job_id: str = JOB, owner: str = OWNER, micros: int = 100, key: KeyBudget | None = None
) -> JobItem:
    return JobItem(
        job_id=job_id,
        index=index,
        request_index=index // 2,
        owner=owner,
        request=REQUEST,
        change=f"made-{job_id}-{index}",
        not_before=NOON,
        deadline=NOON + timedelta(minutes=30),
        hold=BudgetHold(micros=micros, on=TODAY, key=key),
        promised=True,
    )


def create(
    jobs: Generations,
    items: int = 1,
    *,
    job_id: str = JOB,
    owner: str = OWNER,
    micros: int = 100,
    budgets: Budgets = FREE,
    most_images: int = 0,
    names: tuple[JobName, ...] = (),
    key: KeyBudget | None = None,
) -> list[JobItem]:
    new_items = [
        new_item(index, job_id=job_id, owner=owner, micros=micros, key=key) for index in range(items)
    ]
    jobs.create(
        job_of(items, job_id, owner),
        new_items,
        budgets=budgets,
        most_images=most_images,
        names=names,
        due_at=NOON + timedelta(minutes=10),
    )
    return new_items


def change(
    jobs: Generations,
    before: JobItem,
    state: JobItemState,
    *,
    outcome: CallOutcome | None = None,
    **more: Any,
) -> JobItem:
    after = before.moved_to(state, change=f"{before.change}-{state}", **more)
    at = NOON + timedelta(minutes=1)
    jobs.change([JobItemChange(before=before, after=after, outcome=outcome)], at=at, budgets=FREE)
    return after


def entry(cost: int | None = 60, call: ProviderCall = CALL) -> LedgerEntry:
    return LedgerEntry(
        call=call,
        cost_micros=cost,
        usage={"image": 1},
        prices="2026-11-21",
        duration_ms=1500,
        seed=7,
        size="1024x1024",
        quality=None,
        params={},
        generated_at=NOON,
    )


def paid(cost: int | None = 60, call: ProviderCall = CALL) -> CallOutcome:
    return CallOutcome(call=call, duration_ms=1500, succeeded=True, entry=entry(cost, call))


def running(jobs: Generations, item: JobItem, call: ProviderCall = CALL) -> JobItem:
    return change(
        jobs,
        item,
        JobItemState.RUNNING,
        call=call,
        lease_until=NOON + timedelta(minutes=6),
        calls=item.calls + 1,
    )


def succeed(jobs: Generations, item: JobItem, cost: int | None = 60, call: ProviderCall = CALL) -> JobItem:
    return change(
        jobs,
        item,
        JobItemState.SUCCEEDED,
        outcome=paid(cost, call),
        hold=None,
        image_id="i",
        cost_micros=cost or 0,
        unknown_costs=int(cost is None),
    )


def read(jobs: Generations, job_id: str = JOB) -> Job:
    stored_job = jobs.job(job_id)
    assert stored_job is not None
    return stored_job


def spending(jobs: Generations, owner: str | None = OWNER) -> Spending:
    day, month = jobs.spending(owner, on=TODAY)
    assert day == month
    return day
