"""Bringing images further: leases, providers, retries, what is kept and what is paid (E1–E8)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from image_store.domain.errors import (
    ImageStoreError,
    InvalidImage,
    QuotaExceeded,
    StorageUnavailable,
    UnsupportedMediaType,
)
from image_store.domain.generation.breaker import Breaker
from image_store.domain.generation.budget import Budgets, Spending
from image_store.domain.generation.catalogue import models_of
from image_store.domain.generation.jobs import WAITING_LIFETIME, Job, JobItemState, JobStatus
from image_store.domain.generation.providers import GeneratedImage, Provider, ProviderKey, Reason, Unit
from image_store.domain.generation.requests import ModelPreference
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Kind, State
from image_store.domain.images.quota import Quota
from image_store.domain.work import GenerateImage
from image_store.services.generation.choice import ModelCandidate
from image_store.services.generation.health import CallHistory, CallPermit
from image_store.services.generation.worker.changes import LEASE, LONGEST_DELAY
from tests.fakes.generating import POLLINATIONS_MICROS, Generating, a_request, failing
from tests.faults.faults import Killed
from tests.faults.world import OWNER, PICTURE

A, B, C = Provider.POLLINATIONS, Provider.CLOUDFLARE, Provider.OPENAI


@pytest.fixture
def generating() -> Generating:
    return Generating()


# What succeeds ------------------------------------------------------------------------------------------


def test_a_job_ends_with_its_images_stored_with_all_that_is_known_of_them(generating: Generating) -> None:
    """E1, A5, B6."""
    attributes = Attributes(kind=Kind.GENERATED, groups=("post:p1", "prompt:q1"), tags=("sea",), title="Sea")
    job = generating.begin(a_request("A ship\nat sea", negative_prompt="rain", seed=7, attributes=attributes))

    generating.work_off()

    item = generating.item(job)
    assert generating.job(job).status is JobStatus.SUCCEEDED
    assert item.image_id is not None
    image = generating.store.repository.records[item.image_id]
    assert (image.record.state, image.record.kind, image.record.owner) == (State.READY, Kind.GENERATED, OWNER)
    assert generating.store.private.objects[image.record.original_key].data == PICTURE
    assert image.record.filename == "a-ship-at-sea.png"
    assert image.details.groups == ("post:p1", "prompt:q1")
    assert (image.details.alt_text, image.details.alt_text_given) == ("A ship at sea", False)
    assert image.details.generation == {
        "prompt": "A ship\nat sea",
        "negative_prompt": "rain",
        "model": "flux",
        "provider": "pollinations",
        "seed": 7,
        "size": "1024x1024",
        "quality": None,
        "params": {"a": 1},
        "reference_ids": [],
        "request": {"provider": None, "model": None, "seed": 7, "size": None, "quality": None},
        "generated_at": "2026-03-01T12:00:00.000Z",
        "cost_usd": None,
        "duration_ms": 0,
        "original_url": None,
    }
    assert generating.result_keys() == []


def test_an_images_cost_is_what_the_provider_counted() -> None:
    """E4."""
    generating = later_in_the_year()
    job = generating.begin(preference=ModelPreference(provider=C))

    generating.work_off()

    item = generating.item(job)
    # 10 × 5 + 439 × 30
    assert (item.cost, item.provider, item.model) == (13_220, C, "gpt-image-2.5-flare")
    assert generating.jobs.spending(OWNER, on=generating.clock.now().date())[0] == Spending(13_220, 0)
    assert list(generating.jobs.ledger.values()) == [13_220]


def test_a_provider_that_counts_nothing_costs_what_the_table_says() -> None:
    """E4."""
    generating = later_in_the_year()
    job = generating.begin(preference=ModelPreference(provider=B))

    generating.work_off()

    assert generating.item(job).cost == 634  # 4 tiles and 4 steps


def test_a_cost_that_nobody_knows_is_none_and_never_0(generating: Generating) -> None:
    """E4: there were no prices in March."""
    job = generating.begin()

    generating.work_off()

    assert generating.item(job).cost is None
    assert generating.job(job).cost is None
    (outcome,) = generating.outcomes
    assert outcome.entry is not None
    assert outcome.entry.cost_micros is None


def test_an_image_is_made_from_others(generating: Generating) -> None:
    """E6."""
    reference = generating.store.upload(Attributes(kind=Kind.REFERENCE))
    job = generating.begin(a_request(reference_ids=(reference.record.id,)))

    generating.work_off()

    assert generating.job(job).status is JobStatus.SUCCEEDED
    ((request, _),) = generating.providers[C].asked
    assert [each.data for each in request.references] == [PICTURE]


def test_a_reference_that_is_deleted_meanwhile_ends_the_image_unpaid(generating: Generating) -> None:
    reference = generating.store.upload(Attributes(kind=Kind.REFERENCE))
    job = generating.begin(a_request(reference_ids=(reference.record.id,)))
    generating.store.delete(reference)

    generating.work_off()

    item = generating.item(job)
    assert (item.state, item.error and item.error.code) == (JobItemState.FAILED, "image_not_found")
    assert generating.paid() == 0


def test_variations_are_images_of_their_own_with_seeds_of_their_own(generating: Generating) -> None:
    """E6."""
    job = generating.begin(a_request(seed=41), times=3)

    generating.work_off()

    assert generating.job(job).counts[JobItemState.SUCCEEDED] == 3
    assert [request.seed for request, _ in generating.providers[A].asked] == [41, 42, 43]
    assert len({generating.item(job, index).image_id for index in range(3)}) == 3


def test_a_paid_image_is_stored_whatever_the_quota_says_by_then() -> None:
    generating = Generating(quota=Quota(images=1, size_bytes=len(PICTURE)))
    job = generating.begin()
    with pytest.raises(QuotaExceeded):
        generating.store.upload()

    generating.work_off()

    assert generating.job(job).status is JobStatus.SUCCEEDED
    with pytest.raises(QuotaExceeded):
        generating.store.upload()


def test_an_owners_own_key_is_used_for_that_owner_alone() -> None:
    """E8."""
    generating = later_in_the_year()
    generating.keys.put(OWNER, A, ProviderKey("mine"))
    own, others = generating.begin(), generating.begin(owner="another")

    generating.work_off()

    assert [key.secret for _, key in generating.providers[A].asked] == ["mine", "deployment-pollinations"]
    today = generating.clock.now().date()
    assert generating.jobs.spending(OWNER, on=today)[0] == Spending(0, 0)
    assert generating.jobs.spending("another", on=today)[0] == Spending(POLLINATIONS_MICROS, 0)
    assert generating.job(own).cost == generating.job(others).cost == POLLINATIONS_MICROS


def test_an_own_key_opens_a_provider_that_the_deployment_does_not_have() -> None:
    """E8."""
    generating = Generating(order=())
    generating.keys.put(OWNER, Provider.GOOGLE, ProviderKey("mine"))
    job = generating.begin()

    generating.work_off()

    assert generating.item(job).provider is Provider.GOOGLE
    assert generating.job(job).status is JobStatus.SUCCEEDED


# Retries ------------------------------------------------------------------------------------------------

TRANSIENT = [Reason.RATE_LIMITED, Reason.UNAVAILABLE, Reason.TIMEOUT, Reason.CONNECTION, Reason.BAD_ANSWER]


@pytest.mark.parametrize("reason", TRANSIENT)
def test_what_may_pass_is_tried_again_twice_with_growing_pauses(reason: Reason) -> None:
    """E3."""
    generating = Generating(order=(A,))
    generating.let(A, failing(reason))
    job = generating.begin()

    generating.step()
    first = list(generating.queue.delays)
    generating.step()
    second = list(generating.queue.delays)
    generating.work_off()

    item = generating.item(job)
    assert (first, second) == ([timedelta(seconds=1)], [timedelta(seconds=2)])
    assert (item.state, item.calls, item.retries) == (JobItemState.FAILED, 3, 2)
    assert item.error is not None
    assert (item.error.code, item.error.reason, item.error.provider) == (
        "provider_failed",
        reason,
        "pollinations",
    )
    assert generating.paid() == 0


@pytest.mark.parametrize("reason", [Reason.REFUSED, Reason.BAD_REQUEST])
def test_what_lies_in_the_request_is_tried_once_and_nowhere_else(
    generating: Generating, reason: Reason
) -> None:
    """E3."""
    generating.let(A, failing(reason))
    job = generating.begin()

    generating.work_off()

    item = generating.item(job)
    assert (item.state, item.calls) == (JobItemState.FAILED, 1)
    assert item.error is not None
    assert item.error.reason == reason
    assert generating.asked(B) == 0


@pytest.mark.parametrize("reason", [Reason.BAD_KEY, Reason.NO_BALANCE, Reason.NO_MODEL])
def test_what_lies_in_an_account_is_done_by_another_provider_at_once(
    generating: Generating, reason: Reason
) -> None:
    """E2."""
    generating.let(A, failing(reason))
    job = generating.begin()

    generating.step()
    assert generating.queue.delays == [timedelta(0)]
    generating.work_off()

    item = generating.item(job)
    assert (item.state, item.provider, item.retries) == (JobItemState.SUCCEEDED, B, 0)
    assert generating.asked(A) == 1


def test_a_provider_without_a_key_is_passed_over(generating: Generating) -> None:
    generating.no_key_for.add(A)
    job = generating.begin()

    generating.work_off()

    assert (generating.item(job).provider, generating.asked(A)) == (B, 0)


def test_when_no_account_is_good_the_image_fails_with_the_last_reason(generating: Generating) -> None:
    for provider in (A, B, C):
        generating.let(provider, failing(Reason.NO_BALANCE))
    job = generating.begin()

    generating.work_off()

    item = generating.item(job)
    assert (item.state, item.calls) == (JobItemState.FAILED, 3)
    assert item.error is not None
    assert (item.error.reason, item.error.provider) == (Reason.NO_BALANCE, C)


def test_another_provider_is_tried_after_one_that_failed_just_now(generating: Generating) -> None:
    """E2."""
    generating.let(A, failing(Reason.UNAVAILABLE))
    job = generating.begin()

    generating.work_off()

    assert (generating.item(job).provider, generating.asked(A)) == (B, 1)


def test_without_fallback_nobody_else_is_asked(generating: Generating) -> None:
    generating.let(A, failing(Reason.UNAVAILABLE))
    job = generating.begin(preference=ModelPreference(provider=A, fallback=False))

    generating.work_off()

    assert generating.item(job).state is JobItemState.FAILED
    assert (generating.asked(A), generating.asked(B)) == (3, 0)


def test_a_module_that_breaks_counts_as_an_answer_that_cannot_be_understood(generating: Generating) -> None:
    generating.let(A, KeyError("what the SDK did"))
    job = generating.begin()

    generating.work_off()

    assert generating.item(job).provider is B
    assert generating.outcomes[0].reason is Reason.BAD_ANSWER


def test_bytes_that_are_no_image_are_paid_and_not_stored() -> None:
    generating = later_in_the_year()
    object.__setattr__(
        generating.storage.uploads, "processor", Refusing(InvalidImage("These bytes are no image."))
    )
    job = generating.begin()

    generating.work_off()

    item = generating.item(job)
    assert (item.state, item.cost, item.calls) == (JobItemState.FAILED, POLLINATIONS_MICROS, 1)
    assert item.error is not None
    assert item.error.code == "invalid_image"
    assert generating.result_keys() == []
    assert generating.jobs.spending(None, on=generating.clock.now().date())[0] == Spending(2_000, 0)


def test_an_answer_that_is_no_picture_is_told_of_as_the_providers() -> None:
    generating = later_in_the_year()
    object.__setattr__(generating.storage.uploads, "processor", Refusing(UnsupportedMediaType("Send JPEG.")))
    job = generating.begin()

    generating.work_off()

    error = generating.item(job).error
    assert error is not None
    assert (error.code, error.reason, error.provider) == ("unsupported_media_type", Reason.BAD_ANSWER, A)
    assert "Send JPEG" not in error.detail


class Refusing:
    """Finds no image in anything."""

    def __init__(self, error: ImageStoreError) -> None:
        self._error = error

    def process(self, data: bytes, media_type: object, recipes: object, *, provenance: object) -> None:
        raise self._error


# Circuit breakers ---------------------------------------------------------------------------------------


def test_a_breaker_opens_falls_back_and_recovers(generating: Generating) -> None:
    """E2."""
    generating.let(A, failing(Reason.UNAVAILABLE))
    generating.begin(times=8)
    generating.work_off()
    assert generating.asked(A) == 5
    assert generating.health.rows[A].open_until is not None

    generating.begin(times=2)
    generating.work_off()
    assert generating.asked(A) == 5

    generating.clock.instant += timedelta(seconds=31)
    generating.begin(times=2)
    generating.work_off()
    assert generating.asked(A) == 6  # one probe, and it failed

    generating.let(A, GeneratedImage(data=PICTURE))
    generating.clock.instant += timedelta(minutes=2)
    job = generating.begin(times=3)
    generating.work_off()
    assert {generating.item(job, index).provider for index in range(3)} == {A}
    assert generating.health.rows[A].open_until is None


def test_while_a_probe_runs_nobody_else_tries(generating: Generating) -> None:
    generating.let(A, failing(Reason.UNAVAILABLE))
    generating.begin(times=5)
    generating.work_off()
    generating.clock.instant += timedelta(seconds=31)
    before = generating.asked(A)
    meanwhile = generating.begin()

    def probe(_: object) -> GeneratedImage:
        generating.do(GenerateImage(meanwhile.id, 0))
        return GeneratedImage(data=PICTURE)

    generating.providers[A].answer = probe
    generating.queue.waiting.clear()
    generating.queue.delays.clear()
    generating.begin()
    generating.work_off()

    assert generating.asked(A) == before + 1
    assert generating.item(meanwhile).provider is B


def test_a_provider_that_asks_for_a_pause_gets_it(generating: Generating) -> None:
    """E3."""
    generating = Generating(order=(A,))
    generating.let(A, failing(Reason.RATE_LIMITED, timedelta(seconds=20)), GeneratedImage(data=PICTURE))
    began = generating.clock.now()
    job = generating.begin()

    generating.work_off()

    item = generating.item(job)
    assert (item.state, item.calls, item.retries) == (JobItemState.SUCCEEDED, 2, 1)
    assert generating.clock.now() - began >= timedelta(seconds=20)


def test_when_everybody_pauses_for_too_long_the_image_fails(generating: Generating) -> None:
    generating = Generating(order=(A,), retries=5)
    generating.let(A, failing(Reason.UNAVAILABLE))
    job = generating.begin(times=3)

    generating.work_off()

    assert generating.job(job).status is JobStatus.FAILED
    assert generating.paid() == 0
    assert max(generating.queue.delays, default=timedelta(0)) <= LONGEST_DELAY


def test_an_owners_bad_key_does_not_close_the_provider_for_others(generating: Generating) -> None:
    """E8."""
    generating.keys.put(OWNER, A, ProviderKey("bad"))
    generating.let(A, failing(Reason.BAD_KEY))
    generating.begin(times=10)

    generating.work_off()

    assert generating.health.rows[A].failures == 0


def test_a_call_that_was_under_way_does_not_decide_for_the_probe(generating: Generating) -> None:
    """E2: it began before the breaker opened, and ends while the probe runs."""
    early = generating.begin()

    def slow(_: object) -> GeneratedImage:
        generating.clock.instant += timedelta(seconds=1)
        generating.let(A, failing(Reason.UNAVAILABLE))
        generating.begin(times=5)
        generating.work_off()
        generating.clock.instant += timedelta(seconds=31)
        assert generating.health.save(A, generating.health.rows[A].probing(generating.clock.now()))
        return GeneratedImage(data=PICTURE)

    generating.providers[A].answer = slow
    generating.step()

    assert generating.item(early).state is JobItemState.SUCCEEDED
    assert generating.health.rows[A].open_until is not None
    assert generating.health.rows[A].probe_until is not None


def test_a_probe_that_is_not_made_after_all_lets_the_next_one_try(generating: Generating) -> None:
    """E2: its reference is gone, or another worker was quicker."""
    reference = generating.store.upload(Attributes(kind=Kind.REFERENCE))
    generating.let(C, failing(Reason.UNAVAILABLE))
    generating.begin(
        *[a_request(f"Picture {number}") for number in range(5)], preference=ModelPreference(provider=C)
    )
    generating.work_off()
    generating.clock.instant += timedelta(seconds=31)
    job = generating.begin(a_request(reference_ids=(reference.record.id,)))
    generating.store.deletion.delete(OWNER, reference.record.id, permanent=True)

    generating.step()

    assert generating.item(job).state is JobItemState.FAILED
    assert generating.health.rows[C].may_probe(generating.clock.now())


def pausing_no_more(generating: Generating, provider: Provider) -> None:
    """Let a provider's breaker open, and its pause pass."""
    generating.let(provider, failing(Reason.UNAVAILABLE))
    generating.begin(
        *[a_request(f"Picture {number}") for number in range(5)],
        preference=ModelPreference(provider=provider, fallback=False),
    )
    for _ in range(5):
        generating.step()
    generating.queue.waiting.clear()
    generating.queue.delays.clear()
    assert generating.health.rows[provider].open_until is not None
    generating.clock.instant += timedelta(seconds=31)
    generating.let(provider, GeneratedImage(data=PICTURE))


def test_a_key_that_cannot_be_read_leaves_the_image_and_the_probe_to_the_next_one(
    generating: Generating,
) -> None:
    """E2, E5: nobody was called, so nothing may have been paid for."""
    pausing_no_more(generating, A)
    job = generating.begin()

    def away(*_: object) -> ProviderKey:
        raise StorageUnavailable("The key service is away.", retry_after=timedelta(seconds=1))

    real = generating.run.calls.deployment_key
    object.__setattr__(generating.run.calls, "deployment_key", away)
    with pytest.raises(StorageUnavailable):
        generating.do(GenerateImage(job.id, 0))
    object.__setattr__(generating.run.calls, "deployment_key", real)

    assert (generating.item(job).state, generating.item(job).calls) == (JobItemState.QUEUED, 0)
    assert generating.health.rows[A].may_probe(generating.clock.now())


def test_an_image_waits_no_longer_for_an_own_key_than_for_a_provider(generating: Generating) -> None:
    generating.keys.put(OWNER, A, ProviderKey("own"))
    job = generating.begin()

    def away(*_: object) -> ProviderKey | None:
        raise StorageUnavailable("The key service is away.", retry_after=timedelta(seconds=1))

    generating.keys.get = away  # type: ignore[assignment, method-assign]
    generating.clock.instant += WAITING_LIFETIME
    generating.do(GenerateImage(job.id, 0))

    assert generating.item(job).state is JobItemState.FAILED


def test_a_probe_that_succeeds_is_heard_of_when_its_answer_cannot_be_kept(generating: Generating) -> None:
    """E2."""
    pausing_no_more(generating, A)
    job = generating.begin()
    generating.store.private.away = True

    with pytest.raises(StorageUnavailable):
        generating.do(GenerateImage(job.id, 0))

    assert generating.health.rows[A].open_until is None


@pytest.mark.parametrize("is_made", [True, False])
def test_a_probe_is_told_of_whoever_else_writes_the_breaker_meanwhile(
    generating: Generating, is_made: bool
) -> None:
    """E2: or it would hold off all others until it counts as dead."""
    pausing_no_more(generating, A)
    candidate = ModelCandidate(A, models_of(A)[0], own_key=False, holds=0)
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
        generating.run.calls.watch.went_well(chosen, began=generating.clock.now())
    else:
        generating.run.calls.watch.let_go(chosen)

    assert generating.health.rows[A].probe_until is None
    assert (generating.health.rows[A].open_until is None) is is_made


def test_whoever_is_no_probe_does_not_end_anothers(generating: Generating) -> None:
    """E2."""
    candidate = ModelCandidate(A, models_of(A)[0], own_key=False, holds=0)
    early = generating.run.calls.watch.choose([candidate], CallHistory())
    pausing_no_more(generating, A)
    probe = generating.run.calls.watch.choose([candidate], CallHistory())
    assert isinstance(early, CallPermit)
    assert isinstance(probe, CallPermit)

    generating.run.calls.watch.let_go(early)

    assert generating.health.rows[A].probe_until is not None


def test_images_that_meet_a_probe_are_made_as_soon_as_it_is_over() -> None:
    """E3: within seconds, and not when the probe would count as dead."""
    generating = Generating(order=(A,))
    generating.let(A, failing(Reason.UNAVAILABLE))
    generating.begin(times=5)
    generating.work_in_time()
    generating.let(A, GeneratedImage(data=PICTURE))
    meanwhile = generating.begin(times=3)
    at = generating.clock.now() + timedelta(minutes=10)
    generating.clock.instant = at
    generating.health.save(A, generating.health.rows[A].probing(at))
    for index in range(3):
        generating.do(GenerateImage(meanwhile.id, index))
    generating.health.save(A, generating.health.rows[A].after_success())

    generating.work_in_time()

    assert generating.job(meanwhile).status is JobStatus.SUCCEEDED
    assert generating.clock.now() - at <= timedelta(seconds=15)


def test_an_image_that_waits_for_a_provider_says_so_until_it_is_made() -> None:
    generating = Generating(order=(A,))
    generating.let(A, failing(Reason.UNAVAILABLE))
    generating.begin(times=5)
    for _ in range(5):
        generating.step()
    job = generating.begin()
    generating.do(GenerateImage(job.id, 0))
    waiting = generating.item(job)

    generating.let(A, GeneratedImage(data=PICTURE))
    generating.work_in_time()

    assert waiting.state is JobItemState.QUEUED
    assert waiting.error is not None
    assert (waiting.error.reason, waiting.error.provider) == (Reason.UNAVAILABLE, None)
    assert (generating.item(job).state, generating.item(job).error) == (JobItemState.SUCCEEDED, None)


# The budget of retries ----------------------------------------------------------------------------------


def fifty(generating: Generating) -> Job:
    """A job of fifty different images."""
    return generating.begin(*[a_request(f"Picture {number}") for number in range(50)])


def test_a_provider_that_is_away_for_ever_is_called_a_dozen_times_for_fifty_images() -> None:
    """E3: five calls open its breaker, and six probes fall into the half hour that images wait."""
    generating = Generating(order=(A,))
    generating.let(A, failing(Reason.UNAVAILABLE))
    job = fifty(generating)

    generating.work_in_time()

    assert generating.job(job).status is JobStatus.FAILED
    assert generating.asked(A) <= 5 + 6


def failing_mostly(every: int) -> Callable[[object], GeneratedImage]:
    """Makes every so many-th image, just often enough that no breaker opens."""
    calls = count(1)

    def answer(_: object) -> GeneratedImage:
        if next(calls) % every:
            raise failing(Reason.UNAVAILABLE)
        return GeneratedImage(data=PICTURE)

    return answer


def test_a_provider_that_fails_mostly_is_called_hardly_more_often_than_there_are_images() -> None:
    """E3: 10 retries from the start, one for five images and one for each minute; without a budget it were 110."""
    generating = Generating(order=(A,))
    generating.providers[A].answer = failing_mostly(4)
    began, job = generating.clock.now(), fifty(generating)

    generating.work_in_time()

    made = generating.job(job).counts[JobItemState.SUCCEEDED]
    minutes = (generating.clock.now() - began) // timedelta(minutes=1)
    assert generating.health.rows[A].open_until is None
    assert generating.asked(A) <= 50 + 10 + made // 5 + minutes
    assert sum(item.retries for item in generating.jobs.rows.values()) >= 10


def test_an_image_without_a_retry_says_so() -> None:
    generating = Generating(order=(A,))
    generating.providers[A].answer = failing_mostly(4)
    fifty(generating)

    generating.work_in_time()

    errors = [item.error for item in generating.jobs.rows.values() if item.error is not None]
    told = [error for error in errors if error.detail.endswith("too many of its calls have failed lately.")]
    assert told
    assert {(error.code, error.reason, error.provider) for error in told} == {
        ("provider_failed", Reason.UNAVAILABLE, A)
    }


@pytest.mark.parametrize("every", [7, 10, 50])
def test_the_hiccups_of_a_healthy_provider_are_all_tried_again(every: int) -> None:
    """E3: of 300 calls, every seventh fails."""
    generating = Generating(order=(A,))
    calls = count(1)

    def hiccup(_: object) -> GeneratedImage:
        if next(calls) % every == 0:
            raise failing(Reason.UNAVAILABLE)
        return GeneratedImage(data=PICTURE)

    generating.providers[A].answer = hiccup
    for _ in range(6):
        job = fifty(generating)
        generating.work_in_time()
        assert generating.job(job).status is JobStatus.SUCCEEDED


def test_where_no_retry_is_left_the_next_provider_makes_the_image(generating: Generating) -> None:
    """E2, E3: somebody else's first call is no retry."""
    spent = generating.health.rows[A].retries.filled(generating.clock.now(), made=0)
    while (after := spent.without_one()) is not None:
        spent = after
    generating.health.save(A, generating.health.rows[A].retrying(spent))
    generating.let(A, failing(Reason.UNAVAILABLE))
    job = generating.begin()

    generating.work_in_time()

    assert (generating.item(job).provider, generating.item(job).state) == (B, JobItemState.SUCCEEDED)
    assert generating.asked(A) == 1


def test_a_call_that_succeeds_writes_nothing_for_the_budget(generating: Generating) -> None:
    fifty(generating)

    generating.work_in_time()

    assert generating.health.rows[A].version == 0


def test_the_limit_of_an_own_key_takes_nothing_from_the_budget_of_all() -> None:
    """E3, E8: one owner could otherwise use it up."""
    generating = Generating(order=(A,))
    generating.keys.put(OWNER, A, ProviderKey("small"))
    generating.let(A, failing(Reason.RATE_LIMITED))
    generating.begin(*[a_request(f"Picture {number}") for number in range(20)])

    generating.work_in_time()

    assert generating.asked(A) == 60
    assert generating.health.rows[A].version == 0


# Two workers, and dead ones -----------------------------------------------------------------------------


def test_a_message_that_comes_twice_is_done_once(generating: Generating) -> None:
    job = generating.begin()
    work = GenerateImage(job.id, 0)

    generating.work_off()
    generating.do(work)

    assert (generating.paid(), generating.item(job).calls) == (1, 1)


def test_of_two_workers_with_one_image_one_calls(generating: Generating) -> None:
    """E5."""
    job = generating.begin()
    work = GenerateImage(job.id, 0)

    def meanwhile(_: object) -> GeneratedImage:
        generating.do(work)
        return GeneratedImage(data=PICTURE)

    generating.providers[A].answer = meanwhile
    generating.work_off()

    assert generating.asked(A) == 1
    assert generating.job(job).status is JobStatus.SUCCEEDED


def test_a_worker_that_was_taken_over_changes_nothing_any_more(generating: Generating) -> None:
    """The fence: whoever was stopped for longer than its lease."""
    job = generating.begin()
    work = GenerateImage(job.id, 0)
    answers = iter([True, False])

    def stopped_for_long(_: object) -> GeneratedImage:
        if next(answers):
            generating.clock.instant += LEASE
            generating.do(work)
            generating.queue.waiting.clear()
            generating.queue.delays.clear()
        return GeneratedImage(data=PICTURE)

    generating.providers[A].answer = stopped_for_long
    generating.step()

    item = generating.item(job)
    assert item.state is JobItemState.QUEUED
    assert item.image_id is None
    assert generating.jobs.ledger == {}


def killed_while(generating: Generating, work: GenerateImage) -> None:
    with pytest.raises(Killed):
        generating.do(work)
    generating.queue.waiting.clear()
    generating.queue.delays.clear()


def test_a_call_whose_worker_died_is_made_again_when_its_lease_is_over(generating: Generating) -> None:
    """E5: the one case that may be paid twice."""
    job = generating.begin()
    work = GenerateImage(job.id, 0)
    generating.let(A, Killed(), GeneratedImage(data=PICTURE))
    killed_while(generating, work)

    generating.do(work)
    assert generating.asked(A) == 1
    generating.clock.instant += LEASE
    generating.do(work)
    generating.work_off()

    assert generating.job(job).status is JobStatus.SUCCEEDED
    assert generating.outcomes[0].reason is Reason.LOST
    assert generating.item(job).retries == 1


def test_workers_that_keep_dying_end_the_image(generating: Generating) -> None:
    """E5: how often it may be paid for is limited."""
    generating.let(A, Killed())
    generating.let(B, Killed())
    generating.let(C, Killed())
    job = generating.begin()
    work = GenerateImage(job.id, 0)

    for _ in range(3):
        killed_while(generating, work)
        generating.clock.instant += LEASE + timedelta(seconds=5)
        generating.do(work)
        generating.clock.instant += timedelta(seconds=5)

    item = generating.item(job)
    assert (item.state, item.calls) == (JobItemState.FAILED, 3)


def test_an_answer_that_was_kept_is_stored_and_nobody_is_paid_again(generating: Generating) -> None:
    """E5."""
    job = generating.begin()
    work = GenerateImage(job.id, 0)

    def die() -> None:
        raise Killed

    generating.store.repository.meanwhile = die
    killed_while(generating, work)
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


def test_a_bucket_that_stays_away_is_waited_for_until_there_is_no_time(generating: Generating) -> None:
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
    generating = later_in_the_year()
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
    assert (item.state, item.settled, item.cost) == (JobItemState.QUEUED, True, POLLINATIONS_MICROS)
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
    killed_while(generating, work)
    object.__setattr__(generating.storage, "uploads", real)
    generating.clock.instant += LEASE
    generating.do(work)

    item = generating.item(job)
    assert (item.state, item.image_id, generating.paid()) == (JobItemState.SUCCEEDED, None, 1)


# Budgets ------------------------------------------------------------------------------------------------


def test_nobody_is_called_who_would_cost_more_than_is_held() -> None:
    """E4."""
    generating = later_in_the_year(Budgets(owner_daily=1_000_000))
    generating.keys.put(OWNER, A, ProviderKey("mine"))
    job = generating.begin(preference=ModelPreference(provider=A, fallback=False))
    generating.keys.remove(OWNER, A)

    generating.work_off()

    assert generating.item(job).state is JobItemState.FAILED
    assert generating.paid() == 0


def test_a_model_of_unknown_price_is_passed_over_where_budgets_hold() -> None:
    """E4."""
    generating = later_in_the_year(Budgets(owner_daily=1_000_000))
    job = generating.begin(a_request(size="1536x1024"), preference=ModelPreference(provider=B))

    generating.work_off()

    assert generating.item(job).cost is not None


def later_in_the_year(budgets: Budgets = Budgets()) -> Generating:  # noqa: B008 - it is frozen
    """Generation at a time for which there are prices."""
    generating = Generating(budgets=budgets)
    generating.clock.instant = generating.clock.instant.replace(month=11, day=21)
    return generating


def test_fifty_images_survive_a_provider_that_dies_in_the_middle() -> None:
    """E1, E2: nothing is lost, nothing is paid twice, and the budget is the ledger's sum."""
    generating = later_in_the_year()
    alive = [True] * 20

    def dying(_: object) -> GeneratedImage:
        if alive:
            alive.pop()
            return GeneratedImage(data=PICTURE, usage={Unit.IMAGE: 1})
        raise failing(Reason.CONNECTION)

    generating.providers[A].answer = dying
    job = generating.begin(*[a_request(f"Picture {number}") for number in range(50)])

    generating.work_off()

    done = generating.job(job)
    assert done.status is JobStatus.SUCCEEDED
    made_by = [generating.item(job, index).provider for index in range(50)]
    assert (made_by.count(A), made_by.count(B)) == (20, 30)
    assert generating.paid() == 50
    assert generating.asked(A) == 25  # five failures open the breaker
    assert sum(cost or 0 for cost in generating.jobs.ledger.values()) == done.cost
    spent, _ = generating.jobs.spending(OWNER, on=generating.clock.now().date())
    assert spent == Spending(done.cost or 0, 0)


# Cancelling ---------------------------------------------------------------------------------------------


def test_an_image_of_a_cancelled_job_that_would_be_tried_again_is_not(generating: Generating) -> None:
    """E7."""
    job = generating.begin()

    def cancel(_: object) -> GeneratedImage:
        generating.requests.cancel(OWNER, job.id)
        raise failing(Reason.UNAVAILABLE)

    generating.providers[A].answer = cancel
    generating.work_off()

    assert generating.item(job).state is JobItemState.CANCELLED
    assert generating.job(job).status is JobStatus.CANCELLED


def test_what_runs_when_its_job_is_cancelled_is_kept(generating: Generating) -> None:
    """E7: it is paid for."""
    job = generating.begin(times=2)

    def cancel(_: object) -> GeneratedImage:
        generating.requests.cancel(OWNER, job.id)
        return GeneratedImage(data=PICTURE)

    generating.providers[A].answer = cancel
    generating.work_off()

    states = [generating.item(job, index).state for index in range(2)]
    assert states == [JobItemState.SUCCEEDED, JobItemState.CANCELLED]
    assert generating.paid() == 1


def test_a_waiting_image_of_a_job_whose_cancelling_died_is_cancelled(generating: Generating) -> None:
    job = generating.begin()
    generating.jobs.cancel(job.id, at=generating.clock.now())

    generating.work_off()

    assert (generating.item(job).state, generating.paid()) == (JobItemState.CANCELLED, 0)


def test_work_for_what_never_was_is_dropped(generating: Generating) -> None:
    generating.do(GenerateImage("019ca945-0a00-7000-8000-000000000009", 0))

    assert generating.queue.waiting == []


def test_work_that_comes_too_early_is_sent_again(generating: Generating) -> None:
    job = generating.begin()
    row = generating.jobs.rows[job.id, 0]
    generating.jobs.rows[job.id, 0] = replace(row, not_before=generating.clock.now() + timedelta(minutes=20))
    generating.queue.waiting.clear()
    generating.queue.delays.clear()

    generating.do(GenerateImage(job.id, 0))

    assert generating.queue.delays == [LONGEST_DELAY]
    assert generating.paid() == 0
