"""Generation under encryption: prompts are sealed from the job to the image, and what is paid is kept (A17, E5)."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import asdict, replace
from datetime import timedelta

import pytest

from image_store.adapters.dynamodb.generation import job_items
from image_store.domain.errors import ConfigurationError, StorageUnavailable
from image_store.domain.generation.jobs import WAITING_LIFETIME, Job, JobItemState, JobStatus
from image_store.domain.generation.providers import Provider, ProviderPicture, Reason
from image_store.domain.generation.requests import GenerationRequest, request_fingerprint
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, Kind
from image_store.domain.work import GenerateImage
from image_store.services.generation.worker.changes import LEASE
from image_store.services.images.fingerprints import Fingerprints
from tests.fakes.generating import Generating, failing
from tests.faults.faults import Killed
from tests.samples import OWNER, PICTURE, SIGNING_KEYS

PROVIDER = Provider.POLLINATIONS
ANALYSIS = {"response_context": "She asked for the sea", "tone_analysis": None}
REQUEST = GenerationRequest(
    prompt="A lighthouse at dusk",
    negative_prompt="people",
    attributes=Attributes(kind=Kind.GENERATED, groups=("post:p1",), title="Sea", analysis=ANALYSIS),
)
PARAMS = {"steps": "lighthouse steps"}
SECRETS = ("lighthouse", "people", "She asked", "steps")


@pytest.fixture
def generating() -> Generating:
    sealing_generation = Generating(seals=True)
    sealing_generation.let(PROVIDER, ProviderPicture(data=PICTURE, params=PARAMS))
    return sealing_generation


def image_of(generating: Generating, job: Job, index: int = 0) -> Image:
    image_id = generating.item(job, index).image_id
    assert image_id is not None
    return generating.store.repository.records[image_id]


def assert_tells_nothing(text: object) -> None:
    assert not [secret for secret in SECRETS if secret in str(text)]


def calls(generating: Generating) -> tuple[int, int]:
    """Data keys that were made, and that were asked for."""
    return generating.store.cipher.made, generating.store.cipher.asked


def test_a_job_seals_all_its_requests_with_one_data_key(generating: Generating) -> None:
    job = generating.begin(REQUEST, times=4)

    assert calls(generating) == (1, 0)
    for index in range(4):
        item = generating.item(job, index)
        assert item.request is not None
        assert item.request.sealed
        assert_tells_nothing(asdict(item))
        assert_tells_nothing(job_items.item_row(item, ttl=0))


def test_an_image_is_made_from_its_sealed_request_and_stored_sealed(generating: Generating) -> None:
    job = generating.begin(REQUEST)
    generating.work_off()

    ((request, _),) = generating.providers[PROVIDER].asked
    image = image_of(generating, job)
    details = generating.store.sealing.open(image).details

    assert (request.prompt, request.negative_prompt) == (REQUEST.prompt, REQUEST.negative_prompt)
    assert_tells_nothing(asdict(image))
    assert (image.details.alt_text, image.details.alt_text_given) == ("Sea", False)
    assert details.analysis == ANALYSIS
    assert details.generation is not None
    assert (details.generation["prompt"], details.generation["params"]) == (REQUEST.prompt, PARAMS)
    assert image.details.generation is not None
    assert image.details.generation["model"] == "flux"


def test_each_image_asks_for_its_jobs_data_key_once_and_makes_one(generating: Generating) -> None:
    generating.begin(REQUEST, times=3)

    generating.work_off()

    assert calls(generating) == (1 + 3, 3)


def test_without_encryption_a_job_is_as_it_was() -> None:
    generating = Generating()

    job = generating.begin(REQUEST)
    generating.work_off()

    assert generating.item(job).request == replace(REQUEST, seed=generating.item(job).request.seed)  # type: ignore[union-attr]
    assert calls(generating) == (0, 0)


def test_a_spooled_result_reveals_no_parameters(generating: Generating) -> None:
    bodies = []
    keep = generating.store.private.put

    def listening(key: str, data: bytes, **more: object) -> None:
        if key.startswith("paid/"):
            bodies.append(data)
        keep(key, data, **more)  # type: ignore[arg-type]

    generating.store.private.put = listening  # type: ignore[method-assign]
    job = generating.begin(REQUEST)
    generating.work_off()

    (body,) = bodies
    assert body.endswith(PICTURE)
    assert_tells_nothing(body)
    assert generating.job(job).status is JobStatus.SUCCEEDED


def test_a_spooled_result_of_a_dead_worker_becomes_the_image_it_was_paid_for(generating: Generating) -> None:
    """E5."""
    job = generating.begin(REQUEST)
    work = GenerateImage(job.id, 0)
    real = generating.storage.uploads

    class Dies:
        def accept(self, _: object) -> object:
            raise Killed

    object.__setattr__(generating.storage, "uploads", Dies())
    with pytest.raises(Killed):
        generating.do(work)
    object.__setattr__(generating.storage, "uploads", real)
    generating.clock.instant += LEASE

    generating.do(work)

    details = generating.store.sealing.open(image_of(generating, job)).details
    assert generating.paid() == 1
    assert details.generation is not None
    assert (details.generation["prompt"], details.generation["params"]) == (REQUEST.prompt, PARAMS)


def test_what_failed_is_made_again_from_its_sealed_request(generating: Generating) -> None:
    """E7."""
    generating.let(PROVIDER, failing(Reason.REFUSED), failing(Reason.REFUSED), ProviderPicture(data=PICTURE))
    job = generating.begin(REQUEST, times=2)
    generating.work_off()
    before = calls(generating)

    generating.requests.retry(OWNER, job.id)
    keys_made, keys_opened = calls(generating)
    generating.work_off()

    assert (keys_made - before[0], keys_opened - before[1]) == (0, 1)
    assert generating.job(job).status is JobStatus.SUCCEEDED
    assert {request.prompt for request, _ in generating.providers[PROVIDER].asked} == {REQUEST.prompt}


def test_a_sealed_request_opens_only_in_its_own_place(generating: Generating) -> None:
    job = generating.begin(REQUEST, times=2)
    first, second = (generating.item(job, index) for index in range(2))
    elsewhere = [
        (OWNER, job.id, replace(first, request=second.request)),
        ("owner-2", job.id, first),
        (OWNER, generating.store.ids.image_id(), first),
    ]

    for owner, job_id, item in elsewhere:
        with pytest.raises(ConfigurationError):
            generating.run.sealed_requests.open(replace(job, owner=owner, id=job_id), item)


# Joining ------------------------------------------------------------------------------------------------


def test_an_equal_request_is_joined_and_leaves_no_digest_that_could_be_tried(generating: Generating) -> None:
    """E5."""
    first = generating.begin(REQUEST, join=True)
    again = generating.begin(REQUEST, join=True)
    preference = first.preference

    plain = request_fingerprint(OWNER, (REQUEST,), preference)
    tried = {plain, hashlib.sha256(f"generation\0same\0{plain}".encode()).hexdigest()}

    assert first.id == again.id
    texts = {text for name, named in generating.jobs.names.items() for text in (name, named.fingerprint)}
    assert texts
    assert not texts & tried


def test_a_fingerprint_needs_the_key_of_the_signing_secret() -> None:
    fingerprints = Fingerprints(keys=lambda: SIGNING_KEYS)
    others = Fingerprints(keys=lambda: {"current": "k2", "k2": "another key"})

    assert fingerprints.of("A fox") == fingerprints.of("A fox")
    assert len({fingerprints.of("A fox"), fingerprints.of("A cat"), others.of("A fox")}) == 3


def test_a_signing_secret_without_a_current_key_is_a_fault_of_the_deployment() -> None:
    with pytest.raises(ConfigurationError, match="no current key"):
        Fingerprints(keys=lambda: {"k1": "key"}).of("A fox")


# Without KMS --------------------------------------------------------------------------------------------


def test_without_the_key_service_no_job_begins(generating: Generating) -> None:
    generating.store.cipher.away = True

    with pytest.raises(StorageUnavailable):
        generating.begin(REQUEST)

    assert not generating.jobs.rows
    assert not generating.queue.waiting
    assert not +generating.jobs.committed


def test_without_the_key_service_nothing_is_tried_again(generating: Generating) -> None:
    generating.let(PROVIDER, failing(Reason.REFUSED))
    job = generating.begin(REQUEST)
    generating.work_off()
    before = generating.item(job)
    generating.store.cipher.away = True

    with pytest.raises(StorageUnavailable):
        generating.requests.retry(OWNER, job.id)

    assert generating.item(job) == before


def test_an_image_waits_for_the_key_service_before_any_provider_is_called(generating: Generating) -> None:
    job = generating.begin(REQUEST)
    generating.store.cipher.away = True

    with pytest.raises(StorageUnavailable):
        generating.do(GenerateImage(job.id, 0))
    assert generating.item(job).state is JobItemState.QUEUED
    assert not generating.calls(PROVIDER)
    generating.store.cipher.away = False
    generating.do(GenerateImage(job.id, 0))

    assert generating.job(job).status is JobStatus.SUCCEEDED


def test_an_image_waits_no_longer_for_the_key_service_than_for_a_provider(generating: Generating) -> None:
    job = generating.begin(REQUEST)
    generating.store.cipher.away = True
    generating.clock.instant += WAITING_LIFETIME

    generating.do(GenerateImage(job.id, 0))

    item = generating.item(job)
    assert item.error is not None
    assert (item.state, item.error.code) == (JobItemState.FAILED, "storage_unavailable")
    assert not +generating.jobs.committed


def test_a_paid_image_waits_for_the_key_service_as_long_as_it_takes(generating: Generating) -> None:
    """E5."""
    job = generating.begin(REQUEST)

    def answer(_: object) -> ProviderPicture:
        generating.store.cipher.away = True
        return ProviderPicture(data=PICTURE, params=PARAMS)

    generating.providers[PROVIDER].answer = answer
    generating.do(GenerateImage(job.id, 0))
    assert generating.item(job).state is JobItemState.QUEUED
    assert generating.result_keys()
    generating.clock.instant += timedelta(hours=5)
    generating.step()
    assert generating.item(job).state is JobItemState.QUEUED
    generating.store.cipher.away = False
    generating.work_off()

    generation = generating.store.sealing.open(image_of(generating, job)).details.generation
    assert generating.paid() == 1
    assert generation is not None
    assert generation["params"] == PARAMS


def test_a_paid_image_whose_worker_died_is_settled_and_waits_for_the_key_service(
    generating: Generating,
) -> None:
    """E4, E5."""
    job = generating.begin(REQUEST)
    real = generating.storage.uploads

    class Dies:
        def accept(self, _: object) -> object:
            raise Killed

    object.__setattr__(generating.storage, "uploads", Dies())
    with pytest.raises(Killed):
        generating.do(GenerateImage(job.id, 0))
    object.__setattr__(generating.storage, "uploads", real)
    generating.store.cipher.away = True
    generating.clock.instant += LEASE
    generating.do(GenerateImage(job.id, 0))

    waiting = generating.item(job)
    assert (waiting.state, waiting.is_call_recorded, waiting.lease_until) == (JobItemState.QUEUED, True, None)
    generating.store.cipher.away = False
    generating.clock.instant += timedelta(seconds=30)
    generating.do(GenerateImage(job.id, 0))
    assert generating.job(job).status is JobStatus.SUCCEEDED
    assert generating.paid() == 1


def test_a_call_that_left_nothing_ends_without_the_key_service(generating: Generating) -> None:
    job = generating.begin(REQUEST)
    generating.let(PROVIDER, Killed())
    with pytest.raises(Killed):
        generating.do(GenerateImage(job.id, 0))
    generating.store.cipher.away = True
    generating.clock.instant += LEASE

    generating.do(GenerateImage(job.id, 0))

    error = generating.item(job).error
    assert error is not None
    assert error.reason == Reason.LOST


# What is said -------------------------------------------------------------------------------------------


def test_what_an_sdk_says_when_it_breaks_is_not_logged(
    generating: Generating, caplog: pytest.LogCaptureFixture
) -> None:
    job = generating.begin(REQUEST)
    generating.let(PROVIDER, RuntimeError(f"cannot draw {REQUEST.prompt}"))

    with caplog.at_level(logging.DEBUG):
        generating.work_off()

    (logged,) = [entry for entry in caplog.records if entry.message == "a provider's module failed"]
    assert (logged.__dict__["error"], logged.exc_info) == ("RuntimeError", None)
    assert logged.__dict__["where"]
    assert_tells_nothing(caplog.text)
    assert_tells_nothing(asdict(generating.item(job)))
