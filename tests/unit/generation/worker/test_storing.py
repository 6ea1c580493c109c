"""What a worker stores of an image, its references and its cost (E1)."""

import pytest

from image_store.domain.errors import QuotaExceeded
from image_store.domain.generation.budget import Spending
from image_store.domain.generation.jobs import JobItemState, JobStatus
from image_store.domain.generation.providers import Provider, ProviderKey
from image_store.domain.generation.requests import ModelPreference
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Kind, State
from image_store.domain.images.quota import Quota
from tests.fakes.generating import (
    FIRST,
    POLLINATIONS_MICROS,
    SECOND,
    THIRD,
    Generating,
    a_request,
    priced_generation,
)
from tests.samples import OWNER, PICTURE


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
        "request": {
            "provider": None,
            "model": None,
            "seed": 7,
            "size": None,
            "quality": None,
            "background": None,
            "output_format": None,
        },
        "generated_at": "2026-03-01T12:00:00.000Z",
        "cost_usd": None,
        "duration_ms": 0,
        "original_url": None,
    }
    assert generating.result_keys() == []


def test_an_images_cost_is_what_the_provider_counted() -> None:
    """E4."""
    generating = priced_generation()
    job = generating.begin(preference=ModelPreference(provider=THIRD))

    generating.work_off()

    item = generating.item(job)
    # 10 × 5 + 439 × 30
    assert (item.cost, item.provider, item.model) == (13_220, THIRD, "gpt-image-2.5-flare")
    assert generating.jobs.spending(OWNER, on=generating.clock.now().date())[0] == Spending(13_220, 0)
    assert list(generating.jobs.ledger.values()) == [13_220]


def test_a_provider_that_counts_nothing_costs_what_the_table_says() -> None:
    """E4."""
    generating = priced_generation()
    job = generating.begin(preference=ModelPreference(provider=SECOND))

    generating.work_off()

    assert generating.item(job).cost == 634  # 4 tiles and 4 steps


def test_an_unknown_cost_is_none_and_never_0(generating: Generating) -> None:
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
    ((request, _),) = generating.providers[THIRD].asked
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
    assert [request.seed for request, _ in generating.providers[FIRST].asked] == [41, 42, 43]
    assert len({generating.item(job, index).image_id for index in range(3)}) == 3


def test_a_paid_image_is_stored_even_if_the_quota_is_used_up_by_then() -> None:
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
    generating = priced_generation()
    generating.keys.put(OWNER, FIRST, ProviderKey("mine"))
    own, others = generating.begin(), generating.begin(owner="another")

    generating.work_off()

    assert [key.secret for _, key in generating.providers[FIRST].asked] == ["mine", "deployment-pollinations"]
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
