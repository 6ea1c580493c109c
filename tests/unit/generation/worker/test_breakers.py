"""Circuit breakers: pauses of providers, and the probe that ends one (E3)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from image_store.domain.errors import StorageUnavailable
from image_store.domain.generation.breaker import Breaker
from image_store.domain.generation.catalogue import models_of
from image_store.domain.generation.jobs import WAITING_LIFETIME, JobItemState, JobStatus
from image_store.domain.generation.providers import Provider, ProviderKey, ProviderPicture, Reason
from image_store.domain.generation.requests import ModelPreference
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Kind
from image_store.domain.work import GenerateImage
from image_store.services.generation.choice import ModelCandidate
from image_store.services.generation.health import CallHistory, CallPermit
from image_store.services.generation.worker.changes import LONGEST_DELAY
from tests.fakes.generating import FIRST, SECOND, THIRD, Generating, a_request, failing
from tests.samples import OWNER, PICTURE


def test_a_breaker_opens_falls_back_and_recovers(generating: Generating) -> None:
    """E2."""
    generating.let(FIRST, failing(Reason.UNAVAILABLE))
    generating.begin(times=8)
    generating.work_off()
    assert generating.calls(FIRST) == 5
    assert generating.health.rows[FIRST].open_until is not None

    generating.begin(times=2)
    generating.work_off()
    assert generating.calls(FIRST) == 5

    generating.clock.instant += timedelta(seconds=31)
    generating.begin(times=2)
    generating.work_off()
    assert generating.calls(FIRST) == 6  # one probe, and it failed

    generating.let(FIRST, ProviderPicture(data=PICTURE))
    generating.clock.instant += timedelta(minutes=2)
    job = generating.begin(times=3)
    generating.work_off()
    assert {generating.item(job, index).provider for index in range(3)} == {FIRST}
    assert generating.health.rows[FIRST].open_until is None


def test_while_a_probe_runs_nobody_else_tries(generating: Generating) -> None:
    generating.let(FIRST, failing(Reason.UNAVAILABLE))
    generating.begin(times=5)
    generating.work_off()
    generating.clock.instant += timedelta(seconds=31)
    before = generating.calls(FIRST)
    meanwhile = generating.begin()

    def probe(_: object) -> ProviderPicture:
        generating.do(GenerateImage(meanwhile.id, 0))
        return ProviderPicture(data=PICTURE)

    generating.providers[FIRST].answer = probe
    generating.queue.clear()
    generating.begin()
    generating.work_off()

    assert generating.calls(FIRST) == before + 1
    assert generating.item(meanwhile).provider is SECOND


def test_a_provider_that_asks_for_a_pause_gets_it(generating: Generating) -> None:
    """E3."""
    generating = Generating(order=(FIRST,))
    generating.let(FIRST, failing(Reason.RATE_LIMITED, timedelta(seconds=20)), ProviderPicture(data=PICTURE))
    began = generating.clock.now()
    job = generating.begin()

    generating.work_off()

    item = generating.item(job)
    assert (item.state, item.calls, item.retries) == (JobItemState.SUCCEEDED, 2, 1)
    assert generating.clock.now() - began >= timedelta(seconds=20)


def test_when_everybody_pauses_for_too_long_the_image_fails(generating: Generating) -> None:
    generating = Generating(order=(FIRST,), retries=5)
    generating.let(FIRST, failing(Reason.UNAVAILABLE))
    job = generating.begin(times=3)

    generating.work_off()

    assert generating.job(job).status is JobStatus.FAILED
    assert generating.paid() == 0
    assert max(generating.queue.delays, default=timedelta(0)) <= LONGEST_DELAY


def test_an_owners_bad_key_does_not_close_the_provider_for_others(generating: Generating) -> None:
    """E8."""
    generating.keys.put(OWNER, FIRST, ProviderKey("bad"))
    generating.let(FIRST, failing(Reason.BAD_KEY))
    generating.begin(times=10)

    generating.work_off()

    assert generating.health.rows[FIRST].failures == 0


def test_a_call_that_was_under_way_does_not_decide_for_the_probe(generating: Generating) -> None:
    """E2: it began before the breaker opened, and ends while the probe runs."""
    early = generating.begin()

    def slow(_: object) -> ProviderPicture:
        generating.clock.instant += timedelta(seconds=1)
        generating.let(FIRST, failing(Reason.UNAVAILABLE))
        generating.begin(times=5)
        generating.work_off()
        generating.clock.instant += timedelta(seconds=31)
        assert generating.health.save(FIRST, generating.health.rows[FIRST].with_probe(generating.clock.now()))
        return ProviderPicture(data=PICTURE)

    generating.providers[FIRST].answer = slow
    generating.step()

    assert generating.item(early).state is JobItemState.SUCCEEDED
    assert generating.health.rows[FIRST].open_until is not None
    assert generating.health.rows[FIRST].probe_until is not None


def test_a_probe_that_is_not_made_after_all_lets_the_next_one_try(generating: Generating) -> None:
    """E2: its reference is gone, or another worker was quicker."""
    reference = generating.store.upload(Attributes(kind=Kind.REFERENCE))
    generating.let(THIRD, failing(Reason.UNAVAILABLE))
    generating.begin(
        *[a_request(f"Picture {number}") for number in range(5)], preference=ModelPreference(provider=THIRD)
    )
    generating.work_off()
    generating.clock.instant += timedelta(seconds=31)
    job = generating.begin(a_request(reference_ids=(reference.record.id,)))
    generating.store.deletion.delete(OWNER, reference.record.id, permanent=True)

    generating.step()

    assert generating.item(job).state is JobItemState.FAILED
    assert generating.health.rows[THIRD].may_probe(generating.clock.now())


def pausing_no_more(generating: Generating, provider: Provider) -> None:
    """Let a provider's breaker open, and its pause pass."""
    generating.let(provider, failing(Reason.UNAVAILABLE))
    generating.begin(
        *[a_request(f"Picture {number}") for number in range(5)],
        preference=ModelPreference(provider=provider, fallback=False),
    )
    for _ in range(5):
        generating.step()
    generating.queue.clear()
    assert generating.health.rows[provider].open_until is not None
    generating.clock.instant += timedelta(seconds=31)
    generating.let(provider, ProviderPicture(data=PICTURE))


def test_a_key_that_cannot_be_read_leaves_the_image_and_the_probe_to_the_next_one(
    generating: Generating,
) -> None:
    """E2, E5: nobody was called, so nothing may have been paid for."""
    pausing_no_more(generating, FIRST)
    job = generating.begin()

    def away(*_: object) -> ProviderKey:
        raise StorageUnavailable("The key service is away.", retry_after=timedelta(seconds=1))

    real = generating.run.calls.deployment_key
    object.__setattr__(generating.run.calls, "deployment_key", away)
    with pytest.raises(StorageUnavailable):
        generating.do(GenerateImage(job.id, 0))
    object.__setattr__(generating.run.calls, "deployment_key", real)

    assert (generating.item(job).state, generating.item(job).calls) == (JobItemState.QUEUED, 0)
    assert generating.health.rows[FIRST].may_probe(generating.clock.now())


def test_an_image_waits_no_longer_for_an_own_key_than_for_a_provider(generating: Generating) -> None:
    generating.keys.put(OWNER, FIRST, ProviderKey("own"))
    job = generating.begin()

    def away(*_: object) -> ProviderKey | None:
        raise StorageUnavailable("The key service is away.", retry_after=timedelta(seconds=1))

    generating.keys.get = away  # type: ignore[assignment, method-assign]
    generating.clock.instant += WAITING_LIFETIME
    generating.do(GenerateImage(job.id, 0))

    assert generating.item(job).state is JobItemState.FAILED


def test_a_probe_that_succeeds_is_recorded_even_if_its_result_cannot_be_spooled(
    generating: Generating,
) -> None:
    """E2."""
    pausing_no_more(generating, FIRST)
    job = generating.begin()
    generating.store.private.away = True

    with pytest.raises(StorageUnavailable):
        generating.do(GenerateImage(job.id, 0))

    assert generating.health.rows[FIRST].open_until is None


@pytest.mark.parametrize("is_made", [True, False])
def test_a_probe_is_recorded_although_others_write_the_breaker_meanwhile(
    generating: Generating, is_made: bool
) -> None:
    """E2: or it would hold off all others until it counts as dead."""
    pausing_no_more(generating, FIRST)
    candidate = ModelCandidate(models_of(FIRST)[0], own_key=False, holds=0)
    chosen = generating.run.calls.watch.choose([candidate], CallHistory())
    assert isinstance(chosen, CallPermit)
    save, others = generating.health.save, [1, 2]

    def late(provider: Provider, after: Breaker) -> bool:
        if others:
            others.pop()
            before = generating.health.rows[provider]
            assert save(provider, replace(before, version=before.version + 1))
        return save(provider, after)

    generating.health.save = late  # type: ignore[method-assign]
    if is_made:
        generating.run.calls.watch.record_success(chosen, began=generating.clock.now())
    else:
        generating.run.calls.watch.give_back(chosen)

    assert generating.health.rows[FIRST].probe_until is None
    assert (generating.health.rows[FIRST].open_until is None) is is_made


def test_a_call_that_is_not_the_probe_does_not_end_the_probe_of_another(generating: Generating) -> None:
    """E2."""
    candidate = ModelCandidate(models_of(FIRST)[0], own_key=False, holds=0)
    early = generating.run.calls.watch.choose([candidate], CallHistory())
    pausing_no_more(generating, FIRST)
    probe = generating.run.calls.watch.choose([candidate], CallHistory())
    assert isinstance(early, CallPermit)
    assert isinstance(probe, CallPermit)

    generating.run.calls.watch.give_back(early)

    assert generating.health.rows[FIRST].probe_until is not None


def test_images_that_meet_a_probe_are_made_as_soon_as_it_is_over() -> None:
    """E3: within seconds, and not when the probe would count as dead."""
    generating = Generating(order=(FIRST,))
    generating.let(FIRST, failing(Reason.UNAVAILABLE))
    generating.begin(times=5)
    generating.work_in_time()
    generating.let(FIRST, ProviderPicture(data=PICTURE))
    meanwhile = generating.begin(times=3)
    at = generating.clock.now() + timedelta(minutes=10)
    generating.clock.instant = at
    generating.health.save(FIRST, generating.health.rows[FIRST].with_probe(at))
    for index in range(3):
        generating.do(GenerateImage(meanwhile.id, index))
    generating.health.save(FIRST, generating.health.rows[FIRST].after_success())

    generating.work_in_time()

    assert generating.job(meanwhile).status is JobStatus.SUCCEEDED
    assert generating.clock.now() - at <= timedelta(seconds=15)


def test_an_image_that_waits_for_a_provider_says_so_until_it_is_made() -> None:
    generating = Generating(order=(FIRST,))
    generating.let(FIRST, failing(Reason.UNAVAILABLE))
    generating.begin(times=5)
    for _ in range(5):
        generating.step()
    job = generating.begin()
    generating.do(GenerateImage(job.id, 0))
    waiting = generating.item(job)

    generating.let(FIRST, ProviderPicture(data=PICTURE))
    generating.work_in_time()

    assert waiting.state is JobItemState.QUEUED
    assert waiting.error is not None
    assert (waiting.error.reason, waiting.error.provider) == (Reason.UNAVAILABLE, None)
    assert (generating.item(job).state, generating.item(job).error) == (JobItemState.SUCCEEDED, None)
