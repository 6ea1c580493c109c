"""Generation jobs: what is written is read, and each change happens once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from image_store.domain.errors import Conflict
from image_store.domain.generation.budget import BudgetHold, Spending
from image_store.domain.generation.jobs import (
    JobItemChange,
    JobItemError,
    JobItemState,
    JobName,
    JobStatus,
    NamedJob,
)
from image_store.domain.generation.ledger import CallOutcome, ProviderPerformance
from image_store.domain.generation.providers import Provider, Reason
from image_store.domain.generation.requests import ModelPreference
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
    job_of,
    new_item,
    paid,
    read,
    running,
    spending,
    succeed,
)
from tests.fakes.generations import MemoryGenerations


def test_a_job_and_its_images_read_as_they_were_written(jobs: Generations) -> None:
    first, second = create(jobs, 2)

    items = jobs.items(JOB)
    assert items == (job_of(2), [replace(first, request=None), replace(second, request=None)])
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
    items = jobs.items(JOB)
    assert items is not None
    assert items[0].image_id == "i"


def test_an_unknown_job_is_not_found(jobs: Generations) -> None:
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
        unable_providers=(Provider.GOOGLE,),
        provider=Provider.OPENAI,
        model="m",
        duration_ms=3,
        error=JobItemError("provider_failed", "No.", Reason.TIMEOUT.value, "openai"),
        is_call_recorded=True,
        hold=None,
    )

    stored_item = jobs.item(JOB, 0)
    assert stored_item is not None
    assert stored_item[1] == after


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


def test_of_two_concurrent_changes_one_succeeds(jobs: Generations) -> None:
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
    assert read(jobs).is_cancelled
    failed = change(jobs, running(jobs, item), JobItemState.FAILED, hold=None)

    again = failed.moved_to(JobItemState.QUEUED, change="again", hold=BudgetHold(micros=5, on=TODAY))
    jobs.change([JobItemChange(before=failed, after=again)], at=NOON, budgets=FREE, due_at=NOON)

    assert not read(jobs).is_cancelled
    assert spending(jobs) == Spending(0, 5)


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


def test_an_expired_name_can_be_taken_again(jobs: Generations) -> None:
    create(jobs, names=(JobName("digest", "print", NOON - timedelta(seconds=1)),))

    create(jobs, job_id=OTHER, names=(JobName("digest", "print", NOON + timedelta(hours=1)),))

    assert jobs.named("digest", at=NOON) == NamedJob(OTHER, "print", NOON)


def test_only_who_saw_a_name_can_shorten_it_once(jobs: Generations) -> None:
    create(jobs, names=(JobName("digest", "print", NOON + timedelta(days=400)),))
    seen = jobs.named("digest", at=NOON)
    assert seen is not None

    jobs.bring_forward("digest", seen, to=NOON + timedelta(hours=1))
    jobs.bring_forward("digest", seen, to=NOON + timedelta(days=1))

    named_job = jobs.named("digest", at=NOON)
    assert named_job is not None
    whole = NOON.replace(microsecond=0)
    assert (seen.until, named_job.until) == (whole + timedelta(days=400), whole + timedelta(hours=1))


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
