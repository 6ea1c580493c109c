"""What owners ask of generation: admission, joining, budgets, cancelling, trying again, and the sweep (E1–E7)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from image_store.domain.errors import (
    BudgetExceeded,
    BudgetUsedUp,
    Conflict,
    IdempotencyMismatch,
    ImageNotFound,
    InvalidCursor,
    InvalidRequest,
    JobNotFound,
    ProviderFailed,
    QuotaExceeded,
)
from image_store.domain.generation.budget import Budgets, KeyBudget, Spending
from image_store.domain.generation.catalogue import models_of
from image_store.domain.generation.jobs import JobItemState, JobStatus
from image_store.domain.generation.providers import Provider, ProviderKey, ProviderPicture, Reason
from image_store.domain.generation.requests import ModelPreference
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Kind, Visibility
from image_store.domain.images.quota import Quota
from image_store.domain.images.reservation import IdempotencyKey
from image_store.domain.work import GenerateImage, Work
from image_store.services.generation.worker.changes import LEASE
from tests.fakes.generating import (
    FIRST,
    POLLINATIONS_MICROS,
    SECOND,
    THIRD,
    Generating,
    a_request,
    failing,
    priced_generation,
)
from tests.samples import OWNER, PICTURE

KEY = IdempotencyKey(name="key", fingerprint="body")


@pytest.fixture
def generating() -> Generating:
    return priced_generation()


# Beginning ----------------------------------------------------------------------------------------------


def test_a_job_waits_with_each_of_its_images_on_its_way(generating: Generating) -> None:
    """E1."""
    job = generating.begin(a_request("One"), a_request("Two"), times=2)

    assert (job.status, job.total) == (JobStatus.QUEUED, 4)
    assert generating.queue.waiting == [GenerateImage(job.id, index, 1) for index in range(4)]
    assert [generating.item(job, index).request_index for index in range(4)] == [0, 0, 1, 1]
    assert generating.paid() == 0


def test_the_estimated_cost_is_reserved_before_any_provider_is_called(generating: Generating) -> None:
    """E4: for the dearest of those who may do it."""
    generating.begin(times=2)

    spending_before = generating.spent()
    assert spending_before.spent == 0
    assert spending_before.reserved == 2 * (439 * 30 + 3 * 5)


def test_a_job_of_51_images_is_refused(generating: Generating) -> None:
    with pytest.raises(InvalidRequest):
        generating.begin(*[a_request()] * 6, times=9)

    assert generating.queue.waiting == []


@pytest.mark.parametrize(
    "preference",
    [ModelPreference(model="no-such-model"), ModelPreference(provider=Provider.GOOGLE, model="flux")],
)
def test_a_preference_for_what_does_not_exist_is_refused(
    generating: Generating, preference: ModelPreference
) -> None:
    with pytest.raises(InvalidRequest):
        generating.begin(preference=preference)


def test_a_model_that_is_not_listed_can_be_asked_of_openai_and_has_no_price(generating: Generating) -> None:
    """E2, E4."""
    job = generating.begin(preference=ModelPreference(provider=THIRD, model="my-own-model"))

    generating.work_off()

    item = generating.item(job)
    assert (item.model, item.cost) == ("my-own-model", None)


def test_a_model_names_its_provider(generating: Generating) -> None:
    job = generating.begin(preference=ModelPreference(model="gpt-image-2"))

    generating.work_off()

    assert (generating.item(job).provider, generating.item(job).model) == (THIRD, "gpt-image-2")


def test_without_any_key_nobody_can_be_asked() -> None:
    with pytest.raises(ProviderFailed):
        Generating(order=()).begin()


@pytest.mark.parametrize(
    "image_request",
    [
        a_request("x" * 40_000),
        a_request(size="9000x16"),
        a_request(reference_ids=tuple(str(n) for n in range(17))),
    ],
)
def test_what_no_model_can_do_is_refused(generating: Generating, image_request: object) -> None:
    if image_request.reference_ids:  # type: ignore[attr-defined]
        stored = tuple(generating.store.upload().record.id for _ in range(17))
        image_request = a_request(reference_ids=stored)

    with pytest.raises(InvalidRequest):
        generating.begin(image_request)  # type: ignore[arg-type]


def test_a_negative_prompt_that_is_said_in_words_has_to_fit_with_them() -> None:
    generating = Generating(order=(Provider.CLOUDFLARE,))
    flux, native = models_of(Provider.CLOUDFLARE)
    fits, exceeds = (
        a_request("x" * (flux.max_prompt - 9 - 6 + more), negative_prompt="people") for more in (0, 1)
    )

    jobs = [generating.begin(request) for request in (fits, exceeds)]
    generating.work_off()

    assert [generating.item(job).model for job in jobs] == [flux.name, native.name]


def test_a_long_prompt_goes_to_who_takes_it(generating: Generating) -> None:
    job = generating.begin(a_request("x" * 5_000))

    generating.work_off()

    assert generating.item(job).provider is THIRD


def test_references_must_be_images_of_the_same_owner(generating: Generating) -> None:
    """E6, A8."""
    others = generating.store.upload(owner="another").record.id
    trashed = generating.store.upload()
    generating.store.delete(trashed)

    for name in (others, trashed.record.id, "019ca945-0a00-7000-8000-00000000ffff", "../x"):
        with pytest.raises(ImageNotFound):
            generating.begin(a_request(reference_ids=(name,)))


def test_attributes_that_no_image_may_have_are_refused_before_anything_is_spent(
    generating: Generating,
) -> None:
    past = Attributes(kind=Kind.GENERATED, expires_at=generating.clock.now())

    with pytest.raises(InvalidRequest):
        generating.begin(a_request(attributes=past))


def refuse(works: Sequence[Work]) -> Sequence[Work]:
    """What a queue does that is away."""
    return works


def test_a_job_is_there_although_the_queue_is_away(generating: Generating) -> None:
    generating.queue.send_all = refuse  # type: ignore[method-assign]
    job = generating.begin(times=2)
    del generating.queue.send_all

    generating.clock.instant += timedelta(minutes=10)
    swept = generating.look_after()
    generating.work_off()

    assert (swept.looked_at, swept.sent) == (1, 2)
    assert generating.job(job).status is JobStatus.SUCCEEDED


# Budgets and quota --------------------------------------------------------------------------------------


def test_a_budget_refuses_what_it_has_no_room_for() -> None:
    """E4."""
    generating = priced_generation(Budgets(owner_daily=2 * POLLINATIONS_MICROS), order=(FIRST,))
    generating.begin(times=2)

    with pytest.raises(BudgetUsedUp):
        generating.begin()
    generating.begin(owner="another")
    with pytest.raises(BudgetExceeded):
        generating.begin(times=3, owner="third")

    assert generating.spent() == Spending(0, 2 * POLLINATIONS_MICROS)
    assert generating.used_up == ["owner"]


def test_an_unknown_price_is_refused_where_there_is_a_budget() -> None:
    """E4."""
    generating = priced_generation(Budgets(deployment_monthly=10_000_000))

    with pytest.raises(BudgetExceeded):
        generating.begin(preference=ModelPreference(provider=THIRD, model="my-own-model", fallback=False))


def test_a_keys_budget_holds_settles_and_refuses_what_the_key_orders() -> None:
    generating = priced_generation(Budgets())
    key = KeyBudget(key_id="0123456789abcdef", daily=2 * POLLINATIONS_MICROS)
    cheap = ModelPreference(provider=Provider.POLLINATIONS, fallback=False)
    generating.begin(times=2, preference=cheap, key_budget=key)

    with pytest.raises(BudgetUsedUp) as refused:
        generating.begin(owner="another", preference=cheap, key_budget=key)
    generating.begin(owner="another", preference=cheap)

    assert refused.value.budget == "key"
    assert generating.used_up == ["key"]


def test_an_unknown_price_is_refused_to_a_key_with_a_budget() -> None:
    generating = priced_generation(Budgets())
    own_model = ModelPreference(provider=THIRD, model="my-own-model", fallback=False)

    with pytest.raises(BudgetExceeded, match="this API key has budgets"):
        generating.begin(preference=own_model, key_budget=KeyBudget(key_id="0123456789abcdef", monthly=10**9))
    generating.begin(preference=own_model)


def test_an_unknown_price_counts_as_the_deployment_says() -> None:
    """E4."""
    generating = priced_generation(Budgets(deployment_monthly=10_000_000, unknown_price_reserve=70_000))
    job = generating.begin(preference=ModelPreference(provider=THIRD, model="my-own-model", fallback=False))
    assert generating.spent() == Spending(0, 70_000)

    generating.work_off()

    assert generating.job(job).cost is None
    assert generating.spent() == Spending(70_000, 0)


def test_images_are_counted_to_the_quota_before_they_are_made() -> None:
    """E1."""
    generating = priced_generation(quota=Quota(images=3))
    generating.begin(times=2)
    generating.store.upload()

    with pytest.raises(QuotaExceeded):
        generating.begin()
    with pytest.raises(QuotaExceeded):
        generating.store.upload()


# Joining ------------------------------------------------------------------------------------------------


def test_the_same_request_is_joined_while_it_has_not_ended(generating: Generating) -> None:
    """E5."""
    first = generating.begin(a_request(), a_request(seed=2), join=True)
    again = generating.begin(a_request(), a_request(seed=2), join=True)
    assert again.id == first.id
    assert generating.begin(a_request(), a_request(seed=3), join=True).id != first.id
    assert generating.begin(a_request(), a_request(seed=2), join=True, owner="another").id != first.id

    generating.work_off()

    assert generating.begin(a_request(), a_request(seed=2), join=True).id != first.id


def test_a_key_that_joined_a_job_still_finds_it_after_its_end(generating: Generating) -> None:
    """E5."""
    first = generating.begin(join=True)
    generating.begin(join=True, idempotency=KEY)
    generating.work_off()

    assert generating.begin(join=True, idempotency=KEY).id == first.id
    assert generating.paid() == 1


def test_a_key_has_more_than_a_request(generating: Generating) -> None:
    first = generating.begin(join=True, idempotency=KEY)
    generating.work_off()
    generating.begin(join=True)

    assert generating.begin(join=True, idempotency=KEY).id == first.id


def test_the_same_image_can_be_requested_again(generating: Generating) -> None:
    first = generating.begin(a_request(seed=1), join=True)

    assert generating.begin(a_request(seed=1), join=False).id != first.id


def test_a_cancelled_job_is_not_joined(generating: Generating) -> None:
    first = generating.begin(join=True)
    generating.requests.cancel(OWNER, first.id)

    assert generating.begin(join=True).id != first.id


def test_an_idempotency_key_finds_its_job_even_after_its_end(generating: Generating) -> None:
    first = generating.begin(idempotency=KEY)
    generating.work_off()

    assert generating.begin(idempotency=KEY).id == first.id
    with pytest.raises(IdempotencyMismatch):
        generating.begin(idempotency=replace(KEY, fingerprint="another"))
    generating.clock.instant += timedelta(hours=25)
    assert generating.begin(idempotency=KEY).id != first.id


def test_a_repeated_request_sends_what_the_first_could_not(generating: Generating) -> None:
    generating.queue.send_all = refuse  # type: ignore[method-assign]
    first = generating.begin(idempotency=KEY)
    del generating.queue.send_all

    generating.begin(idempotency=KEY)
    generating.work_off()

    assert generating.job(first).status is JobStatus.SUCCEEDED
    assert generating.paid() == 1


def test_of_two_equal_requests_at_once_one_begins(generating: Generating) -> None:
    """E5."""
    create = generating.jobs.create
    first: list[str] = []

    def somebody_was_first(*arguments: object, **more: object) -> None:
        generating.jobs.create = create  # type: ignore[method-assign]
        first.append(generating.begin(join=True).id)
        create(*arguments, **more)  # type: ignore[arg-type]

    generating.jobs.create = somebody_was_first  # type: ignore[method-assign]

    assert [generating.begin(join=True).id] == first


# Seeing -------------------------------------------------------------------------------------------------


def test_a_job_is_seen_by_its_owner_alone(generating: Generating) -> None:
    """A8."""
    job = generating.begin()

    for owner, name in (("another", job.id), (OWNER, "019ca945-0a00-7000-8000-00000000ffff"), (OWNER, "x")):
        for ask in (
            generating.requests.job,
            generating.requests.items,
            generating.requests.cancel,
            generating.requests.retry,
        ):
            with pytest.raises(JobNotFound):
                ask(owner, name)


def test_jobs_are_listed_page_by_page(generating: Generating) -> None:
    ids = []
    for _ in range(3):
        ids.append(generating.begin().id)
        generating.clock.instant += timedelta(seconds=1)

    first, cursor = generating.requests.page(OWNER, cursor=None, limit=2)
    second, end = generating.requests.page(OWNER, cursor=cursor, limit=2)

    assert [job.id for job in (*first.jobs, *second.jobs)] == ids[::-1]
    assert end is None
    with pytest.raises(InvalidCursor):
        generating.requests.page("another", cursor=cursor, limit=2)


def test_providers_are_listed_with_their_health_and_figures(generating: Generating) -> None:
    """E2, C4."""
    generating.keys.put(OWNER, Provider.GOOGLE, ProviderKey("mine"))
    generating.let(FIRST, failing(Reason.UNAVAILABLE))
    generating.begin(times=5)
    generating.work_off()

    overview = generating.overview.read(OWNER)

    by_name = {provider_status.provider: provider_status for provider_status in overview.providers}
    others = [provider for provider in Provider if provider not in {FIRST, SECOND, THIRD}]
    assert [provider_status.provider for provider_status in overview.providers] == [
        FIRST,
        SECOND,
        THIRD,
        *others,
    ]
    assert [provider_status.is_configured for provider_status in overview.providers] == [True, True, True] + [
        False
    ] * len(others)
    assert by_name[Provider.GOOGLE].has_own_key
    assert by_name[FIRST].breaker.health(overview.at) == "down"
    assert (by_name[FIRST].performance.failed, by_name[SECOND].performance.succeeded) == (5, 5)
    assert overview.today == Spending(5 * 634, 0)


# Cancelling ---------------------------------------------------------------------------------------------


def test_cancelling_ends_what_has_not_begun_and_frees_what_was_held(generating: Generating) -> None:
    """E7."""
    job = generating.begin(times=3)

    cancelled, items = generating.requests.cancel(OWNER, job.id)
    generating.work_off()

    assert cancelled.status is JobStatus.CANCELLED
    assert {item.state for item in items} == {JobItemState.CANCELLED}
    assert generating.spent() == Spending(0, 0)
    assert generating.paid() == 0
    assert generating.requests.cancel(OWNER, job.id)[0].status is JobStatus.CANCELLED


def test_a_job_that_has_ended_stays_as_it_is(generating: Generating) -> None:
    job = generating.begin()
    generating.work_off()

    assert generating.requests.cancel(OWNER, job.id)[0].status is JobStatus.SUCCEEDED


def test_cancelling_loses_to_a_worker_that_was_faster(generating: Generating) -> None:
    job = generating.begin(times=2)
    cancel = generating.jobs.cancel

    def meanwhile(job_id: str, **more: object) -> None:
        generating.step()
        cancel(job_id, **more)  # type: ignore[arg-type]

    generating.jobs.cancel = meanwhile  # type: ignore[method-assign]
    _, items = generating.requests.cancel(OWNER, job.id)

    assert [item.state for item in items] == [JobItemState.SUCCEEDED, JobItemState.CANCELLED]


# Trying again -------------------------------------------------------------------------------------------


def test_only_what_failed_is_made_again(generating: Generating) -> None:
    """E7."""
    answers: list[ProviderPicture | Exception] = [
        ProviderPicture(data=PICTURE),
        failing(Reason.REFUSED),
        ProviderPicture(data=PICTURE),
    ]
    generating.providers[FIRST].answer = lambda _: answers.pop(0)
    job = generating.begin(times=3)
    generating.work_off()
    assert generating.job(job).status is JobStatus.PARTIAL
    answers.append(ProviderPicture(data=PICTURE))

    again, _ = generating.requests.retry(OWNER, job.id)
    assert again.status is JobStatus.RUNNING
    generating.work_off()

    assert generating.job(job).status is JobStatus.SUCCEEDED
    assert generating.calls(FIRST) == 4
    assert generating.item(job, 1).calls == 2
    assert generating.item(job, 1).error is None
    assert generating.spent() == Spending(3 * POLLINATIONS_MICROS, 0)


def test_what_is_tried_again_needs_room_in_the_budget() -> None:
    """E4, E7."""
    generating = priced_generation(Budgets(owner_daily=POLLINATIONS_MICROS), order=(FIRST,))
    generating.let(FIRST, failing(Reason.REFUSED))
    job = generating.begin()
    generating.work_off()
    generating.begin()

    with pytest.raises(BudgetUsedUp):
        generating.requests.retry(OWNER, job.id)

    assert generating.used_up == ["owner"]
    assert generating.job(job).status is JobStatus.FAILED


def test_what_failed_is_read_by_one_query_however_much_it_is(
    generating: Generating, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E7."""
    generating.let(FIRST, failing(Reason.REFUSED))
    job = generating.begin(times=50)
    generating.work_off()
    monkeypatch.setattr(generating.jobs, "item", refuse_to_read)

    again, _ = generating.requests.retry(OWNER, job.id)

    assert again.counts[JobItemState.QUEUED] == 50


def refuse_to_read(*_: object) -> None:
    raise AssertionError("an image was read by itself")


def test_there_is_nothing_to_try_again_when_nothing_failed(generating: Generating) -> None:
    job = generating.begin()

    with pytest.raises(Conflict):
        generating.requests.retry(OWNER, job.id)


# The sweep ----------------------------------------------------------------------------------------------


def test_the_sweep_sends_what_nobody_works_on_and_nothing_else(generating: Generating) -> None:
    """E5."""
    job = generating.begin(times=3)
    generating.queue.clear()
    now = generating.clock.now()
    rows = generating.jobs.rows
    rows[job.id, 0] = replace(rows[job.id, 0], state=JobItemState.RUNNING, lease_until=now + LEASE)
    rows[job.id, 1] = replace(
        rows[job.id, 1], state=JobItemState.RUNNING, lease_until=now + timedelta(minutes=15)
    )
    rows[job.id, 2] = replace(rows[job.id, 2], not_before=now + timedelta(minutes=35))

    assert generating.look_after().looked_at == 0
    generating.clock.instant += timedelta(minutes=10)
    assert generating.look_after().sent == 1

    assert generating.queue.waiting == [GenerateImage(job.id, 0, 1)]
    assert generating.look_after().looked_at == 0
    generating.clock.instant += timedelta(minutes=10)
    assert generating.look_after().looked_at == 1


def test_the_sweep_removes_what_an_ended_job_has_left(generating: Generating) -> None:
    """A4."""
    job = generating.begin()
    generating.work_off()
    key = f"paid/{job.id}/00/0123456789abcdef"
    generating.store.strew(generating.store.private, key)

    generating.clock.instant += timedelta(minutes=10)
    assert generating.look_after().done == 0
    assert generating.result_keys() == [key]
    generating.clock.instant += timedelta(hours=1)
    assert generating.look_after().done == 1

    assert generating.result_keys() == []
    generating.clock.instant += timedelta(days=1)
    assert generating.look_after().looked_at == 0


def test_cleanup_leaves_spooled_results_alone(generating: Generating) -> None:
    """A4: an answer that waits for the store is nobody's orphan."""
    key = "paid/019ca945-0a00-7000-8000-000000000001/00/0123456789abcdef"
    generating.store.strew(generating.store.private, key)

    generating.clock.instant += timedelta(days=30)
    for _ in range(3):
        generating.store.collect()

    assert generating.result_keys() == [key]


def test_a_generated_image_may_be_published_at_once(generating: Generating) -> None:
    """A7."""
    job = generating.begin(
        a_request(attributes=Attributes(kind=Kind.GENERATED, visibility=Visibility.PUBLIC))
    )

    generating.work_off()

    image_id = generating.item(job).image_id
    assert image_id is not None
    assert generating.store.repository.records[image_id].record.publication is not None
