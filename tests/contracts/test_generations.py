"""Generation jobs and their money: the fake of the tests and DynamoGenerations alike (E1, E4, E5)."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from image_store.adapters.dynamodb.generation.jobs import DynamoGenerations
from image_store.domain.errors import (
    BudgetExceeded,
    BudgetUsedUp,
    Conflict,
    QuotaExceeded,
    StorageUnavailable,
)
from image_store.domain.generation.budget import BudgetHold, Budgets, Spending
from image_store.domain.generation.jobs import (
    Job,
    JobItem,
    JobItemChange,
    JobItemError,
    JobItemState,
    JobName,
    JobStatus,
    NamedJob,
    initial_counts,
)
from image_store.domain.generation.ledger import CallOutcome, LedgerEntry, ProviderCall, ProviderPerformance
from image_store.domain.generation.providers import Provider, Reason
from image_store.domain.generation.requests import GenerationRequest, ModelPreference
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Kind, Visibility
from image_store.ports.generation import Generations
from tests.fakes.dynamodb import all_items, mocked_client, new_table, table_form
from tests.fakes.generations import MemoryGenerations
from tests.fakes.repository import MemoryRepository
from tests.fakes.rows import DynamoRows

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


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with mocked_client() as client:
        yield client


@pytest.fixture(scope="module")
def form() -> dict[str, Any]:
    return table_form()


@pytest.fixture(params=["memory", "dynamodb"])
def jobs(request: pytest.FixtureRequest, client: Any, form: dict[str, Any]) -> Generations:
    if request.param == "memory":
        return MemoryGenerations(MemoryRepository())
    return DynamoGenerations(new_table(client, form), client=lambda: client, sleep=lambda _: None)


def job_of(items: int, job_id: str = JOB, owner: str = OWNER) -> Job:
    return Job(id=job_id, owner=owner, created_at=NOON, updated_at=NOON, counts=initial_counts(items))


def new_item(index: int = 0, *, job_id: str = JOB, owner: str = OWNER, micros: int = 100) -> JobItem:
    return JobItem(
        job_id=job_id,
        index=index,
        request_index=index // 2,
        owner=owner,
        request=REQUEST,
        change=f"made-{job_id}-{index}",
        not_before=NOON,
        deadline=NOON + timedelta(minutes=30),
        hold=BudgetHold(micros=micros, on=TODAY),
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
) -> list[JobItem]:
    made = [new_item(index, job_id=job_id, owner=owner, micros=micros) for index in range(items)]
    jobs.create(
        job_of(items, job_id, owner),
        made,
        budgets=budgets,
        most_images=most_images,
        names=names,
        due_at=NOON + timedelta(minutes=10),
    )
    return made


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
    found = jobs.job(job_id)
    assert found is not None
    return found


def spending(jobs: Generations, owner: str | None = OWNER) -> Spending:
    day, month = jobs.spending(owner, on=TODAY)
    assert day == month
    return day


# Rows ---------------------------------------------------------------------------------------------------


def test_a_job_and_its_images_read_as_they_were_written(jobs: Generations) -> None:
    first, second = create(jobs, 2)

    found = jobs.items(JOB)
    assert found == (job_of(2), [replace(first, request=None), replace(second, request=None)])
    assert jobs.items(JOB, with_requests=True) == (job_of(2), [first, second])
    assert jobs.item(JOB, 1) == (job_of(2), second)
    assert jobs.job(JOB) == job_of(2)


def test_a_job_shows_its_first_image_and_keeps_showing_it(jobs: Generations) -> None:
    first, second = create(jobs, 2)
    assert read(jobs).image_id is None

    succeed(jobs, running(jobs, second))
    shown = read(jobs).image_id
    change(jobs, running(jobs, first), JobItemState.SUCCEEDED, outcome=paid(), hold=None, image_id="another")

    assert (shown, read(jobs).image_id) == ("i", "i")
    found = jobs.items(JOB)
    assert found is not None
    assert found[0].image_id == "i"


def test_what_never_was_is_not_found(jobs: Generations) -> None:
    create(jobs)

    assert jobs.job(OTHER) is None
    assert jobs.items(OTHER) is None
    assert jobs.item(JOB, 1) is None


def test_everything_of_an_image_is_kept(jobs: Generations) -> None:
    (item,) = create(jobs)
    after = change(
        jobs,
        running(jobs, item),
        JobItemState.QUEUED,
        retries=1,
        given_up=(Provider.GOOGLE,),
        provider=Provider.OPENAI,
        model="m",
        duration_ms=3,
        error=JobItemError("provider_failed", "No.", Reason.TIMEOUT.value, "openai"),
        settled=True,
        hold=None,
    )

    found = jobs.item(JOB, 0)
    assert found is not None
    assert found[1] == after


@pytest.mark.parametrize(
    "preference", [ModelPreference(), ModelPreference(provider=Provider.GOOGLE, model="m", fallback=False)]
)
def test_a_preference_is_kept(jobs: Generations, preference: ModelPreference) -> None:
    job = replace(job_of(1), preference=preference)

    jobs.create(job, [new_item()], budgets=FREE, most_images=0, names=[], due_at=NOON)

    assert read(jobs).preference == preference


def test_a_job_counts_its_images_and_what_they_cost(jobs: Generations) -> None:
    items = create(jobs, 3)
    one = running(jobs, items[0])
    assert (read(jobs).status, read(jobs).version) == (JobStatus.RUNNING, 2)
    succeed(jobs, one)
    change(jobs, running(jobs, items[1]), JobItemState.FAILED, hold=None)
    assert read(jobs).status is JobStatus.RUNNING
    change(jobs, running(jobs, items[2]), JobItemState.FAILED, hold=None)

    job = read(jobs)
    assert job.status is JobStatus.PARTIAL
    assert (job.counts[JobItemState.SUCCEEDED], job.counts[JobItemState.FAILED], job.cost) == (1, 2, 60)
    assert job.updated_at == NOON + timedelta(minutes=1)
    assert job.version == 7


def test_a_cost_that_is_not_known_is_none(jobs: Generations) -> None:
    """E4."""
    (item,) = create(jobs)

    succeed(jobs, running(jobs, item), None)

    assert read(jobs).cost is None


def test_of_two_who_change_an_image_one_does(jobs: Generations) -> None:
    (item,) = create(jobs)
    running(jobs, item)

    with pytest.raises(Conflict):
        change(jobs, replace(item, change="another"), JobItemState.CANCELLED, hold=None)

    assert read(jobs).counts[JobItemState.RUNNING] == 1
    assert spending(jobs) == Spending(0, 100)


def test_a_change_that_is_repeated_happens_once(jobs: Generations) -> None:
    (item,) = create(jobs)
    before = running(jobs, item)

    succeed(jobs, before)
    succeed(jobs, before)

    assert spending(jobs) == Spending(60, 0)
    assert read(jobs).counts[JobItemState.SUCCEEDED] == 1


def test_a_job_that_is_created_again_is_created_once(jobs: Generations) -> None:
    create(jobs)
    if isinstance(jobs, MemoryGenerations):
        return  # nobody repeats a call to it

    create(jobs)

    assert spending(jobs) == Spending(0, 100)


def test_stopping_marks_a_job_and_going_on_ends_that(jobs: Generations) -> None:
    (item,) = create(jobs)
    jobs.cancel(JOB, at=NOON)
    assert read(jobs).cancelled
    failed = change(jobs, running(jobs, item), JobItemState.FAILED, hold=None)

    again = failed.moved_to(JobItemState.QUEUED, change="again", hold=BudgetHold(micros=5, on=TODAY))
    jobs.change([JobItemChange(before=failed, after=again)], at=NOON, budgets=FREE, due_at=NOON)

    assert not read(jobs).cancelled
    assert spending(jobs) == Spending(0, 5)


# Names --------------------------------------------------------------------------------------------------


def test_a_name_is_held_by_one_job_until_it_is_released_or_over(jobs: Generations) -> None:
    """E5."""
    name = JobName("digest", "print", NOON + timedelta(hours=1))
    create(jobs, names=(name,))

    with pytest.raises(Conflict):
        create(jobs, job_id=OTHER, names=(name,))

    assert jobs.job(OTHER) is None
    assert spending(jobs) == Spending(0, 100)
    assert jobs.named("digest", at=NOON) == NamedJob(JOB, "print", NOON)
    assert jobs.named("digest", at=NOON + timedelta(hours=2)) is None
    jobs.remove_name("digest", OTHER)
    assert jobs.named("digest", at=NOON) is not None
    jobs.remove_name("digest", JOB)
    assert jobs.named("digest", at=NOON) is None
    create(jobs, job_id=OTHER, names=(name,))


def test_a_name_that_is_over_is_taken_anew(jobs: Generations) -> None:
    create(jobs, names=(JobName("digest", "print", NOON - timedelta(seconds=1)),))

    create(jobs, job_id=OTHER, names=(JobName("digest", "print", NOON + timedelta(hours=1)),))

    assert jobs.named("digest", at=NOON) == NamedJob(OTHER, "print", NOON)


def test_a_name_is_brought_forward_once_by_whoever_saw_it(jobs: Generations) -> None:
    create(jobs, names=(JobName("digest", "print", NOON + timedelta(days=400)),))
    seen = jobs.named("digest", at=NOON)
    assert seen is not None

    jobs.bring_forward("digest", seen, to=NOON + timedelta(hours=1))
    jobs.bring_forward("digest", seen, to=NOON + timedelta(days=1))

    kept = jobs.named("digest", at=NOON)
    assert kept is not None
    whole = NOON.replace(microsecond=0)
    assert (seen.until, kept.until) == (whole + timedelta(days=400), whole + timedelta(hours=1))


def test_a_job_is_given_another_name_where_nobody_holds_it(jobs: Generations) -> None:
    create(jobs)
    create(jobs, job_id=OTHER)
    name = JobName("digest", "print", NOON + timedelta(hours=1))

    jobs.add_name(name, JOB, at=NOON)

    with pytest.raises(Conflict):
        jobs.add_name(name, OTHER, at=NOON)
    assert jobs.named("digest", at=NOON) == NamedJob(JOB, "print", NOON)
    jobs.add_name(replace(name, until=NOON + timedelta(hours=9)), OTHER, at=NOON + timedelta(hours=2))
    assert jobs.named("digest", at=NOON + timedelta(hours=2)) == NamedJob(OTHER, "print", NOON)


# Money --------------------------------------------------------------------------------------------------

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
    assert refused.value.whose == ("deployment" if of_all else "owner")


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
    taken = running(jobs, item, early)
    assert not jobs.is_settled(taken, early)

    done = succeed(jobs, taken, 60, early)

    assert jobs.is_settled(taken, early)
    assert jobs.is_settled(taken, CALL)
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


def test_forty_at_once_find_a_budget_for_ten(jobs: Generations) -> None:
    """E4: exact under races."""
    outcomes: list[bool] = []

    def begin(number: int) -> None:
        job_id = f"019ca945-0a00-7000-8000-{number:012x}"
        try:
            create(jobs, job_id=job_id, budgets=Budgets(deployment_daily=1000))
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


# Quota --------------------------------------------------------------------------------------------------


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


# Lists and statistics -----------------------------------------------------------------------------------


def test_an_owners_jobs_are_listed_page_by_page_the_newest_first(jobs: Generations) -> None:
    ids = [f"019ca945-0a0{number}-7000-8000-000000000001" for number in range(3)]
    for job_id in ids:
        create(jobs, job_id=job_id)
    create(jobs, job_id="019ca945-0a09-7000-8000-000000000001", owner="another")

    first = jobs.jobs(OWNER, after=None, limit=2)
    second = jobs.jobs(OWNER, after=first.resume_after, limit=2)

    assert [job.id for job in first.jobs] == [ids[2], ids[1]]
    assert [job.id for job in second.jobs] == [ids[0]]
    assert second.resume_after is None


def test_jobs_that_have_not_ended_are_looked_at_when_their_time_comes(jobs: Generations) -> None:
    create(jobs)

    assert list(jobs.due(NOON + timedelta(minutes=9), limit=10)) == []
    assert list(jobs.due(NOON + timedelta(minutes=10), limit=10)) == [JOB]
    jobs.schedule(read(jobs), at=NOON + timedelta(minutes=20))
    assert list(jobs.due(NOON + timedelta(minutes=10), limit=10)) == []
    jobs.schedule(read(jobs), at=None)
    assert list(jobs.due(NOON + timedelta(days=1), limit=10)) == []


def test_a_job_that_changed_since_it_was_read_is_looked_at_again(jobs: Generations) -> None:
    (item,) = create(jobs)
    seen = read(jobs)
    running(jobs, item)

    with pytest.raises(Conflict):
        jobs.schedule(seen, at=None)

    assert list(jobs.due(NOON + timedelta(minutes=10), limit=10)) == [JOB]


def test_calls_are_counted_by_provider_and_day(jobs: Generations) -> None:
    """C4: success rate, time and cost."""
    items = create(jobs, 4)
    succeed(jobs, running(jobs, items[0]))
    other = replace(CALL, id="00000000000000bb", provider=Provider.GOOGLE)
    succeed(jobs, running(jobs, items[1], other), None, other)
    failure = CallOutcome(call=CALL, duration_ms=9, succeeded=False, reason=Reason.TIMEOUT)
    change(jobs, running(jobs, items[2]), JobItemState.FAILED, outcome=failure, hold=None)
    refusal = CallOutcome(call=CALL, duration_ms=9, succeeded=False, reason=Reason.REFUSED)
    change(jobs, running(jobs, items[3]), JobItemState.FAILED, outcome=refusal, hold=None)

    for scope in (None, OWNER):
        days = jobs.performance(scope, since=TODAY - timedelta(days=30), until=TODAY + timedelta(days=1))
        assert list(days) == [TODAY]
        assert {each.provider: each for each in days[TODAY]} == {
            Provider.OPENAI: ProviderPerformance(
                provider=Provider.OPENAI, succeeded=1, failed=2, refused=1, duration_ms=1500, cost_micros=60
            ),
            Provider.GOOGLE: ProviderPerformance(
                provider=Provider.GOOGLE, succeeded=1, duration_ms=1500, unknown_costs=1
            ),
        }
    assert jobs.performance("another", since=TODAY, until=TODAY + timedelta(days=1)) == {}
    assert jobs.performance(None, since=TODAY - timedelta(days=30), until=TODAY) == {}


# DynamoGenerations alone --------------------------------------------------------------------------------


class Losing:
    """A client that loses the answers to transactions, after their effect."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def transact_write_items(self, **request: Any) -> Any:
        self._client.transact_write_items(**request)
        raise ReadTimeoutError(endpoint_url="https://dynamodb.invalid")

    def __getattr__(self, name: str) -> Callable[..., Any]:
        found: Callable[..., Any] = getattr(self._client, name)
        return found


def test_a_write_whose_answer_is_lost_is_settled_by_a_read(client: Any, form: dict[str, Any]) -> None:
    losing = Losing(client)
    jobs = DynamoGenerations(new_table(client, form), client=lambda: losing)

    (item,) = create(jobs)
    succeed(jobs, running(jobs, item))

    assert spending(jobs) == Spending(60, 0)


def test_a_table_that_does_not_answer_is_unavailable(form: dict[str, Any]) -> None:
    class Away:
        def __getattr__(self, _: str) -> Callable[..., Any]:
            def refuse(**_: Any) -> Any:
                raise ReadTimeoutError(endpoint_url="https://dynamodb.invalid")

            return refuse

    jobs = DynamoGenerations("none", client=Away)

    for act in (
        lambda: create(jobs),
        lambda: jobs.job(JOB),
        lambda: jobs.item(JOB, 0),
        lambda: jobs.cancel(JOB, at=NOON),
        lambda: jobs.remove_name("a", JOB),
        lambda: jobs.add_name(JobName("a", "print", NOON), JOB, at=NOON),
        lambda: jobs.schedule(job_of(1), at=None),
        lambda: list(jobs.due(NOON, limit=1)),
    ):
        with pytest.raises(StorageUnavailable):
            act()


def test_the_ledger_holds_each_paid_call_with_what_was_charged(client: Any, form: dict[str, Any]) -> None:
    """E4: the budget is the ledger's sum."""
    table = new_table(client, form)
    jobs = DynamoGenerations(table, client=lambda: client)
    items = create(jobs, 2)
    succeed(jobs, running(jobs, items[0]))
    other = replace(CALL, id="00000000000000bb")
    succeed(jobs, running(jobs, items[1], other), None, other)

    rows = [row for row in all_items(client, table) if row["pk"]["S"].startswith("LEDGER#")]

    assert {row["sk"]["S"] for row in rows} == {f"{JOB}#00#{CALL.id}", f"{JOB}#01#{other.id}"}
    assert sorted(int(row["charged"]["N"]) for row in rows) == [60, 100]
    assert [row["cost"]["N"] for row in rows if "cost" in row] == ["60"]
    assert spending(jobs).spent == 160


def test_promises_and_stored_images_share_one_quota(client: Any, form: dict[str, Any]) -> None:
    table = new_table(client, form)
    jobs = DynamoGenerations(table, client=lambda: client)
    create(jobs, 2, most_images=2)

    assert DynamoRows(table, client=lambda: client).usage(OWNER).images == 0
