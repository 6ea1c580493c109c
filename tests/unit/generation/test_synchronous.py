"""A client that waits gets what its job has made, at the latest at its deadline (E1)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from image_store.domain.generation.jobs import JobStatus
from image_store.domain.generation.requests import JobRequest, ModelPreference, VariationSet
from tests.fakes.generating import Generating, a_request, priced_generation
from tests.samples import OWNER

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_store.services.generation.synchronous import GenerationResult

WAIT = timedelta(seconds=280)


@pytest.fixture
def generating() -> Generating:
    return priced_generation()


def made(generating: Generating, *, images: int = 2, while_asleep: Callable[[], object]) -> GenerationResult:
    """What a client gets that waits for images; workers do something in each pause."""
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        generating.clock.instant += timedelta(seconds=seconds)
        while_asleep()

    generating.store.app.ports.sleep = sleep
    request = JobRequest(
        owner=OWNER,
        variation_sets=(VariationSet(request=a_request(), count=images),),
        preference=ModelPreference(),
    )
    result = generating.store.app.generation.synchronous.run(request, until=generating.clock.now() + WAIT)
    assert max(pauses, default=0) <= 0.5
    return result


def test_the_images_of_a_job_come_in_its_order(generating: Generating) -> None:
    result = made(generating, images=3, while_asleep=generating.work_off)

    assert result.job.status is JobStatus.SUCCEEDED
    assert [image.item.index for image in result.images] == [0, 1, 2]
    assert [image.record.id for image in result.images] == [item.image_id for item in result.items]
    service = generating.store.app.generation.synchronous
    assert all(service.bytes_of(image.record) for image in result.images)


def test_the_wait_ends_at_its_deadline_and_the_job_goes_on(generating: Generating) -> None:
    begun = generating.clock.now()

    result = made(generating, while_asleep=lambda: None)

    assert not result.job.has_ended
    assert generating.clock.now() - begun == WAIT
    generating.work_off()
    assert generating.requests.job(OWNER, result.job.id).status is JobStatus.SUCCEEDED


def test_bytes_that_were_deleted_are_none(generating: Generating) -> None:
    result = made(generating, images=1, while_asleep=generating.work_off)
    [image] = result.images

    generating.store.private.objects.clear()

    assert generating.store.app.generation.synchronous.bytes_of(image.record) is None
