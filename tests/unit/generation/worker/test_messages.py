"""Messages that come twice, workers that die, and the end of a job (E4)."""

from dataclasses import replace
from datetime import timedelta

from image_store.domain.generation.budget import Spending
from image_store.domain.generation.jobs import JobItemState, JobStatus
from image_store.domain.generation.providers import ProviderPicture, Reason, Unit
from image_store.domain.work import GenerateImage
from image_store.services.generation.worker.changes import LEASE, LONGEST_DELAY
from tests.fakes.generating import FIRST, SECOND, THIRD, Generating, a_request, failing, priced_generation
from tests.faults.faults import Killed
from tests.samples import OWNER, PICTURE


def test_a_message_that_comes_twice_is_done_once(generating: Generating) -> None:
    job = generating.begin()
    work = GenerateImage(job.id, 0)

    generating.work_off()
    generating.do(work)

    assert (generating.paid(), generating.item(job).calls) == (1, 1)


def test_of_two_workers_with_one_image_only_one_calls_the_provider(generating: Generating) -> None:
    """E5."""
    job = generating.begin()
    work = GenerateImage(job.id, 0)

    def meanwhile(_: object) -> ProviderPicture:
        generating.do(work)
        return ProviderPicture(data=PICTURE)

    generating.providers[FIRST].answer = meanwhile
    generating.work_off()

    assert generating.calls(FIRST) == 1
    assert generating.job(job).status is JobStatus.SUCCEEDED


def test_a_worker_that_lost_its_lease_changes_nothing_any_more(generating: Generating) -> None:
    """The fence: whoever was stopped for longer than its lease."""
    job = generating.begin()
    work = GenerateImage(job.id, 0)
    answers = iter([True, False])

    def stopped_for_long(_: object) -> ProviderPicture:
        if next(answers):
            generating.clock.instant += LEASE
            generating.do(work)
            generating.queue.clear()
        return ProviderPicture(data=PICTURE)

    generating.providers[FIRST].answer = stopped_for_long
    generating.step()

    item = generating.item(job)
    assert item.state is JobItemState.QUEUED
    assert item.image_id is None
    assert generating.jobs.ledger == {}


def test_a_call_whose_worker_died_is_repeated_when_its_lease_ends(generating: Generating) -> None:
    """E5: the one case that may be paid twice."""
    job = generating.begin()
    work = GenerateImage(job.id, 0)
    generating.let(FIRST, Killed(), ProviderPicture(data=PICTURE))
    generating.do_until_killed(work)

    generating.do(work)
    assert generating.calls(FIRST) == 1
    generating.clock.instant += LEASE
    generating.do(work)
    generating.work_off()

    assert generating.job(job).status is JobStatus.SUCCEEDED
    assert generating.outcomes[0].reason is Reason.LOST
    assert generating.item(job).retries == 1


def test_workers_that_keep_dying_end_the_image(generating: Generating) -> None:
    """E5: how often it may be paid for is limited."""
    generating.let(FIRST, Killed())
    generating.let(SECOND, Killed())
    generating.let(THIRD, Killed())
    job = generating.begin()
    work = GenerateImage(job.id, 0)

    for _ in range(3):
        generating.do_until_killed(work)
        generating.clock.instant += LEASE + timedelta(seconds=5)
        generating.do(work)
        generating.clock.instant += timedelta(seconds=5)

    item = generating.item(job)
    assert (item.state, item.calls) == (JobItemState.FAILED, 3)


def test_fifty_images_survive_a_provider_that_dies_in_the_middle() -> None:
    """E1, E2: nothing is lost, nothing is paid twice, and the budget is the ledger's sum."""
    generating = priced_generation()
    alive = [True] * 20

    def dying(_: object) -> ProviderPicture:
        if alive:
            alive.pop()
            return ProviderPicture(data=PICTURE, usage={Unit.IMAGE: 1})
        raise failing(Reason.CONNECTION)

    generating.providers[FIRST].answer = dying
    job = generating.begin(*[a_request(f"Picture {number}") for number in range(50)])

    generating.work_off()

    done = generating.job(job)
    assert done.status is JobStatus.SUCCEEDED
    made_by = [generating.item(job, index).provider for index in range(50)]
    assert (made_by.count(FIRST), made_by.count(SECOND)) == (20, 30)
    assert generating.paid() == 50
    assert generating.calls(FIRST) == 25  # five failures open the breaker
    assert sum(cost or 0 for cost in generating.jobs.ledger.values()) == done.cost
    spent, _ = generating.jobs.spending(OWNER, on=generating.clock.now().date())
    assert spent == Spending(done.cost or 0, 0)


def test_an_image_of_a_cancelled_job_that_would_be_tried_again_is_not(generating: Generating) -> None:
    """E7."""
    job = generating.begin()

    def cancel(_: object) -> ProviderPicture:
        generating.requests.cancel(OWNER, job.id)
        raise failing(Reason.UNAVAILABLE)

    generating.providers[FIRST].answer = cancel
    generating.work_off()

    assert generating.item(job).state is JobItemState.CANCELLED
    assert generating.job(job).status is JobStatus.CANCELLED


def test_what_runs_when_its_job_is_cancelled_is_kept(generating: Generating) -> None:
    """E7: it is paid for."""
    job = generating.begin(times=2)

    def cancel(_: object) -> ProviderPicture:
        generating.requests.cancel(OWNER, job.id)
        return ProviderPicture(data=PICTURE)

    generating.providers[FIRST].answer = cancel
    generating.work_off()

    states = [generating.item(job, index).state for index in range(2)]
    assert states == [JobItemState.SUCCEEDED, JobItemState.CANCELLED]
    assert generating.paid() == 1


def test_a_waiting_image_of_a_job_whose_cancelling_died_is_cancelled(generating: Generating) -> None:
    job = generating.begin()
    generating.jobs.cancel(job.id, at=generating.clock.now())

    generating.work_off()

    assert (generating.item(job).state, generating.paid()) == (JobItemState.CANCELLED, 0)


def test_work_for_an_unknown_image_is_dropped(generating: Generating) -> None:
    generating.do(GenerateImage("019ca945-0a00-7000-8000-000000000009", 0))

    assert generating.queue.waiting == []


def test_work_that_comes_too_early_is_sent_again(generating: Generating) -> None:
    job = generating.begin()
    row = generating.jobs.rows[job.id, 0]
    generating.jobs.rows[job.id, 0] = replace(row, not_before=generating.clock.now() + timedelta(minutes=20))
    generating.queue.clear()

    generating.do(GenerateImage(job.id, 0))

    assert generating.queue.delays == [LONGEST_DELAY]
    assert generating.paid() == 0
