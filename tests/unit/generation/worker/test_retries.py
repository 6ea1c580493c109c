"""The budget of retries that a provider shares among all images."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count

import pytest

from image_store.domain.generation.jobs import Job, JobItemState, JobStatus
from image_store.domain.generation.providers import ProviderKey, ProviderPicture, Reason
from tests.fakes.generating import FIRST, SECOND, Generating, a_request, failing
from tests.samples import OWNER, PICTURE


def fifty(generating: Generating) -> Job:
    """A job of fifty different images."""
    return generating.begin(*[a_request(f"Picture {number}") for number in range(50)])


def test_a_provider_that_is_away_for_ever_is_called_a_dozen_times_for_fifty_images() -> None:
    """E3: five calls open its breaker, and six probes fall into the half hour that images wait."""
    generating = Generating(order=(FIRST,))
    generating.let(FIRST, failing(Reason.UNAVAILABLE))
    job = fifty(generating)

    generating.work_in_time()

    assert generating.job(job).status is JobStatus.FAILED
    assert generating.calls(FIRST) <= 5 + 6


def failing_mostly(every: int) -> Callable[[object], ProviderPicture]:
    """Makes every so many-th image, just often enough that no breaker opens."""
    calls = count(1)

    def answer(_: object) -> ProviderPicture:
        if next(calls) % every:
            raise failing(Reason.UNAVAILABLE)
        return ProviderPicture(data=PICTURE)

    return answer


def test_a_provider_that_fails_mostly_is_called_hardly_more_often_than_there_are_images() -> None:
    """E3: 10 retries from the start, one for five images and one for each minute; without a budget it were 110."""
    generating = Generating(order=(FIRST,))
    generating.providers[FIRST].answer = failing_mostly(4)
    began, job = generating.clock.now(), fifty(generating)

    generating.work_in_time()

    successes = generating.job(job).counts[JobItemState.SUCCEEDED]
    minutes = (generating.clock.now() - began) // timedelta(minutes=1)
    assert generating.health.rows[FIRST].open_until is None
    assert generating.calls(FIRST) <= 50 + 10 + successes // 5 + minutes
    assert sum(item.retries for item in generating.jobs.rows.values()) >= 10


def test_an_image_without_a_retry_says_so() -> None:
    generating = Generating(order=(FIRST,))
    generating.providers[FIRST].answer = failing_mostly(4)
    fifty(generating)

    generating.work_in_time()

    errors = [item.error for item in generating.jobs.rows.values() if item.error is not None]
    budget_errors = [
        error for error in errors if error.detail.endswith("too many of its calls have failed lately.")
    ]
    assert budget_errors
    assert {(error.code, error.reason, error.provider) for error in budget_errors} == {
        ("provider_failed", Reason.UNAVAILABLE, FIRST)
    }


@pytest.mark.parametrize("every", [7, 10, 50])
def test_the_hiccups_of_a_healthy_provider_are_all_tried_again(every: int) -> None:
    """E3: of 300 calls, every seventh fails."""
    generating = Generating(order=(FIRST,))
    calls = count(1)

    def hiccup(_: object) -> ProviderPicture:
        if next(calls) % every == 0:
            raise failing(Reason.UNAVAILABLE)
        return ProviderPicture(data=PICTURE)

    generating.providers[FIRST].answer = hiccup
    for _ in range(6):
        job = fifty(generating)
        generating.work_in_time()
        assert generating.job(job).status is JobStatus.SUCCEEDED


def test_where_no_retry_is_left_the_next_provider_makes_the_image(generating: Generating) -> None:
    """E2, E3: somebody else's first call is no retry."""
    spent = generating.health.rows[FIRST].retries.refilled(generating.clock.now(), image_count=0)
    while (after := spent.without_one()) is not None:
        spent = after
    generating.health.save(FIRST, generating.health.rows[FIRST].with_retries(spent))
    generating.let(FIRST, failing(Reason.UNAVAILABLE))
    job = generating.begin()

    generating.work_in_time()

    assert (generating.item(job).provider, generating.item(job).state) == (SECOND, JobItemState.SUCCEEDED)
    assert generating.calls(FIRST) == 1


def test_a_call_that_succeeds_writes_nothing_for_the_budget(generating: Generating) -> None:
    fifty(generating)

    generating.work_in_time()

    assert generating.health.rows[FIRST].version == 0


def test_the_limit_of_an_own_key_takes_nothing_from_the_budget_of_all() -> None:
    """E3, E8: one owner could otherwise use it up."""
    generating = Generating(order=(FIRST,))
    generating.keys.put(OWNER, FIRST, ProviderKey("small"))
    generating.let(FIRST, failing(Reason.RATE_LIMITED))
    generating.begin(*[a_request(f"Picture {number}") for number in range(20)])

    generating.work_in_time()

    assert generating.calls(FIRST) == 60
    assert generating.health.rows[FIRST].version == 0
