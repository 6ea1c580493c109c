"""Paid results that could not be stored at once, and the limits of money."""

import pytest

from image_store.domain.errors import StorageUnavailable
from image_store.domain.generation.budget import Budgets, Spending
from image_store.domain.generation.jobs import JobItemState, JobStatus
from image_store.domain.generation.providers import ProviderKey
from image_store.domain.generation.requests import ModelPreference
from image_store.domain.work import GenerateImage
from image_store.services.generation.worker.changes import LEASE
from tests.fakes.generating import (
    FIRST,
    POLLINATIONS_MICROS,
    SECOND,
    Generating,
    a_request,
    priced_generation,
)
from tests.faults.faults import Killed
from tests.samples import OWNER


def test_a_spooled_result_is_stored_and_nobody_is_paid_again(generating: Generating) -> None:
    """E5."""
    job = generating.begin()
    work = GenerateImage(job.id, 0)

    def die() -> None:
        raise Killed

    generating.store.repository.meanwhile = die
    generating.do_until_killed(work)
    assert len(generating.result_keys()) == 1

    generating.clock.instant += LEASE
    generating.do(work)

    assert generating.job(job).status is JobStatus.SUCCEEDED
    assert generating.paid() == 1
    assert generating.item(job).calls == 1
    assert generating.result_keys() == []


def test_a_bucket_that_is_away_for_a_moment_costs_no_second_call(generating: Generating) -> None:
    """E5."""
    job = generating.begin()
    generating.store.private.away = True

    def come_back(seconds: float) -> None:
        generating.slept.append(seconds)
        generating.store.private.away = len(generating.slept) < 3

    object.__setattr__(generating.results, "sleep", come_back)
    generating.work_off()

    assert generating.slept == [0.5, 1.0, 2.0]
    assert (generating.job(job).status, generating.paid()) == (JobStatus.SUCCEEDED, 1)


def test_a_worker_waits_for_an_unavailable_bucket_until_its_time_is_up(generating: Generating) -> None:
    generating.begin()
    generating.store.private.away = True
    generating.queue.delays.clear()
    work = generating.queue.waiting.pop()
    assert isinstance(work, GenerateImage)

    with pytest.raises(StorageUnavailable):
        generating.do(work)

    assert sum(generating.slept) >= 290


def test_a_paid_image_waits_for_a_store_that_is_away(generating: Generating) -> None:
    """E5: as long as it takes."""
    generating = priced_generation()
    job = generating.begin()
    work = GenerateImage(job.id, 0)
    away = [True] * 5

    class SometimesAway:
        def accept(self, upload: object) -> object:
            if away:
                away.pop()
                raise StorageUnavailable("The table is away.")
            return real.accept(upload)  # type: ignore[arg-type]

    real = generating.storage.uploads
    object.__setattr__(generating.storage, "uploads", SometimesAway())
    generating.do(work)
    item = generating.item(job)
    assert (item.state, item.is_call_recorded, item.cost) == (JobItemState.QUEUED, True, POLLINATIONS_MICROS)
    assert generating.jobs.spending(OWNER, on=generating.clock.now().date())[0] == Spending(2_000, 0)

    generating.work_off()

    assert generating.job(job).status is JobStatus.SUCCEEDED
    assert generating.paid() == 1
    assert list(generating.jobs.ledger.values()) == [POLLINATIONS_MICROS]
    assert generating.job(job).cost == POLLINATIONS_MICROS


def test_an_image_that_its_owner_deletes_at_once_stays_deleted(generating: Generating) -> None:
    job = generating.begin()
    work = GenerateImage(job.id, 0)
    real = generating.storage.uploads

    class DiesAfterwards:
        def accept(self, upload: object) -> object:
            image = real.accept(upload)  # type: ignore[arg-type]
            generating.store.delete(image, permanent=True)
            raise Killed

    object.__setattr__(generating.storage, "uploads", DiesAfterwards())
    generating.do_until_killed(work)
    object.__setattr__(generating.storage, "uploads", real)
    generating.clock.instant += LEASE
    generating.do(work)

    item = generating.item(job)
    assert (item.state, item.image_id, generating.paid()) == (JobItemState.SUCCEEDED, None, 1)


def test_no_provider_is_called_that_would_cost_more_than_is_reserved() -> None:
    """E4."""
    generating = priced_generation(Budgets(owner_daily=1_000_000))
    generating.keys.put(OWNER, FIRST, ProviderKey("mine"))
    job = generating.begin(preference=ModelPreference(provider=FIRST, fallback=False))
    generating.keys.remove(OWNER, FIRST)

    generating.work_off()

    assert generating.item(job).state is JobItemState.FAILED
    assert generating.paid() == 0


def test_a_model_of_unknown_price_is_passed_over_where_budgets_hold() -> None:
    """E4."""
    generating = priced_generation(Budgets(owner_daily=1_000_000))
    job = generating.begin(a_request(size="1536x1024"), preference=ModelPreference(provider=SECOND))

    generating.work_off()

    assert generating.item(job).cost is not None
