"""What is paid for is counted once and never lost: odd usages, charges without a picture, restored tables."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from image_store.domain.generation.budget import Spending
from image_store.domain.generation.jobs import JobItem, JobItemState, JobStatus
from image_store.domain.generation.providers import Provider, ProviderFailure, ProviderPicture, Reason, Unit
from image_store.domain.generation.requests import ModelPreference
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Kind
from image_store.domain.work import GenerateImage
from image_store.services.generation.provider_results import ProviderResult, ProviderResults
from image_store.services.generation.worker.changes import LEASE
from tests.fakes.generating import (
    FIRST,
    POLLINATIONS_MICROS,
    SECOND,
    THIRD,
    Generating,
    a_request,
    priced_generation,
)
from tests.faults.faults import Killed
from tests.samples import OWNER, PICTURE

ODD_USAGES: list[Any] = [
    {Unit.IMAGE: None},
    {Unit.IMAGE: 1.5},
    {Unit.IMAGE: "None"},
    {Unit.IMAGE: -1},
    {Unit.IMAGE: 10**40},
    {Unit.IMAGE: float("nan")},
    {Unit.IMAGE: [1]},
    {},
]


def charged(reason: Reason, usage: Any = None, *, is_paid: bool = False) -> ProviderFailure:
    return ProviderFailure(reason, "It did not work.", usage=usage, is_paid=is_paid)


# Usages -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("usage", ODD_USAGES)
def test_a_usage_that_cannot_be_read_loses_no_picture_and_costs_what_is_expected(usage: Any) -> None:
    generating = priced_generation()
    generating.let(FIRST, ProviderPicture(data=PICTURE, usage=usage))
    job = generating.begin()

    generating.work_off()

    item = generating.item(job)
    assert (item.state, item.calls, item.cost) == (JobItemState.SUCCEEDED, 1, POLLINATIONS_MICROS)
    (outcome,) = generating.outcomes
    assert outcome.entry is not None
    assert (outcome.entry.usage, outcome.entry.usage_is_readable) == (None, False)


@pytest.mark.parametrize("usage", [{"image": None}, {"image": "None"}, {"image": 1.5}])
def test_an_odd_usage_stored_by_an_earlier_version_is_ignored(usage: Any) -> None:
    generating = priced_generation()
    job = generating.begin()

    class OddResults(ProviderResults):
        def put(self, item: JobItem, result: ProviderResult, *, until: datetime) -> None:
            entry = replace(result.entry, usage=usage)
            super().put(item, replace(result, entry=entry), until=until)
            raise Killed

    results = generating.run.results
    object.__setattr__(generating.run, "results", OddResults(private=results.private, clock=results.clock))
    with pytest.raises(Killed):
        generating.work_off()
    object.__setattr__(generating.run, "results", results)
    generating.clock.instant += LEASE
    generating.do(GenerateImage(job.id, 0))

    assert generating.item(job).state is JobItemState.SUCCEEDED
    assert generating.outcomes[0].entry is not None
    assert generating.outcomes[0].entry.usage is None
    assert generating.paid() == 1


# Charges without a picture ------------------------------------------------------------------------------


def test_a_refusal_that_was_charged_for_is_counted_and_takes_from_the_budget() -> None:
    generating = priced_generation()
    generating.let(THIRD, charged(Reason.REFUSED, {Unit.TEXT_INPUT_TOKEN: 1_000}))
    job = generating.begin(preference=ModelPreference(provider=THIRD))

    generating.work_off()

    item = generating.item(job)
    assert (item.state, item.cost, generating.job(job).cost) == (JobItemState.FAILED, 5_000, 5_000)
    assert list(generating.jobs.ledger.values()) == [5_000]
    assert generating.spent() == generating.spent(None) == Spending(5_000, 0)
    assert generating.result_keys() == []


def test_what_may_be_tried_again_is_charged_for_each_time() -> None:
    generating = priced_generation()
    none = charged(Reason.BAD_ANSWER, {Unit.TEXT_INPUT_TOKEN: 1_000})
    picture = ProviderPicture(data=PICTURE, usage={Unit.IMAGE_OUTPUT_TOKEN: 439})
    generating.let(THIRD, none, none, picture)
    job = generating.begin(preference=ModelPreference(provider=THIRD, fallback=False))

    generating.work_off()

    item = generating.item(job)
    assert (item.state, item.calls, item.cost) == (JobItemState.SUCCEEDED, 3, 5_000 + 5_000 + 13_170)
    assert generating.spent() == Spending(23_170, 0)
    assert len(generating.jobs.ledger) == 3


def test_a_picture_that_did_not_arrive_whole_is_charged_for_and_not_bought_again() -> None:
    generating = priced_generation()
    generating.let(FIRST, charged(Reason.CONNECTION, is_paid=True))
    job = generating.begin()

    generating.work_off()

    item = generating.item(job)
    assert (item.state, item.calls, item.cost) == (JobItemState.FAILED, 1, POLLINATIONS_MICROS)
    assert item.error is not None
    assert (item.error.code, item.error.reason) == ("provider_failed", Reason.CONNECTION)
    assert generating.calls(SECOND) == generating.calls(THIRD) == 0
    assert generating.spent() == Spending(POLLINATIONS_MICROS, 0)


def test_a_failure_that_nothing_was_charged_for_costs_nothing() -> None:
    generating = priced_generation()
    generating.let(FIRST, charged(Reason.REFUSED))
    job = generating.begin()

    generating.work_off()

    assert generating.item(job).cost == 0
    assert not generating.jobs.ledger


def test_a_worker_that_dies_with_a_charge_in_hand_leaves_it_to_the_next() -> None:
    generating = priced_generation()
    generating.let(FIRST, charged(Reason.CONNECTION, is_paid=True))
    job = generating.begin()
    change = generating.jobs.change

    def die(changes: Any, **more: Any) -> None:
        if changes[0].outcome is not None:
            raise Killed
        change(changes, **more)

    object.__setattr__(generating.jobs, "change", die)
    with pytest.raises(Killed):
        generating.work_off()
    object.__setattr__(generating.jobs, "change", change)
    generating.clock.instant += LEASE
    generating.do(GenerateImage(job.id, 0))

    item = generating.item(job)
    assert (item.state, item.calls, item.cost) == (JobItemState.FAILED, 1, POLLINATIONS_MICROS)
    assert generating.calls(FIRST) == 1
    assert generating.result_keys() == []


# How providers do ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [Reason.REFUSED, Reason.BAD_REQUEST])
def test_a_refusal_for_the_content_lowers_no_success_rate_and_opens_no_breaker(reason: Reason) -> None:
    generating = Generating()
    generating.begin()
    generating.work_off()
    generating.let(FIRST, charged(reason))
    for number in range(10):
        generating.begin(a_request(f"Refused {number}"))
    generating.work_off()

    (shown,) = (each for each in generating.overview.read(OWNER).providers if each.provider is FIRST)

    assert shown.performance.success_rate == 1.0
    assert shown.health(generating.clock.now()) == "ok"


def test_a_provider_that_was_never_called_has_no_known_health() -> None:
    generating = Generating()
    generating.begin()
    generating.work_off()

    overview = generating.overview.read(OWNER)

    health = {each.provider: each.health(overview.at) for each in overview.providers}
    assert health == dict.fromkeys(Provider, "unknown") | {FIRST: "ok"}


# What was requested and what was done -------------------------------------------------------------------


def test_an_image_names_what_it_was_made_from() -> None:
    generating = Generating()
    reference = generating.store.upload(Attributes(kind=Kind.REFERENCE))
    job = generating.begin(a_request(reference_ids=(reference.record.id,)))

    generating.work_off()

    assert _generation(generating, job)["reference_ids"] == [reference.record.id]


def test_an_option_that_was_not_followed_is_recorded_and_gives_a_warning() -> None:
    generating = Generating(order=(SECOND,))
    job = generating.begin(
        a_request(seed=7, size="800x600", quality="high", background="opaque", output_format="jpeg"),
        preference=ModelPreference(provider=THIRD),
    )

    generating.work_off()

    generation = _generation(generating, job)
    assert generation["request"] == {
        "provider": "openai",
        "model": None,
        "seed": 7,
        "size": "800x600",
        "quality": "high",
        "background": "opaque",
        "output_format": "jpeg",
    }
    assert (generation["seed"], generation["size"], generation["quality"]) == (None, "1024x1024", None)
    assert _record(generating, job).details.warnings == (
        "cloudflare made the image in place of openai.",
        "The image is 3x2 pixels. 800x600 was requested.",
        "The model does not know the quality high. It has no choice of quality.",
        "The image is in the format png. jpeg was requested.",
        "The model takes no seed. The seed 7 was not used.",
    )


def test_an_option_that_was_followed_gives_no_warning() -> None:
    generating = Generating()
    job = generating.begin(a_request(seed=7, size="3x2"), preference=ModelPreference(provider=FIRST))

    generating.work_off()

    generation = _generation(generating, job)
    assert (generation["seed"], generation["size"]) == (7, "3x2")
    assert _record(generating, job).details.warnings == ()


def test_a_seed_that_nobody_gave_is_recorded_as_used_and_not_as_requested() -> None:
    generating = Generating()
    used, none = (
        generating.begin(),
        generating.begin(preference=ModelPreference(provider=THIRD, fallback=False)),
    )

    generating.work_off()

    assert _generation(generating, used)["seed"] >= 0
    assert _generation(generating, used)["request"]["seed"] is None
    assert _generation(generating, none)["seed"] == -1
    assert _record(generating, none).details.warnings == ()


def test_several_pictures_give_a_warning() -> None:
    generating = Generating()
    generating.let(FIRST, ProviderPicture(data=PICTURE, pictures=3))
    job = generating.begin()

    generating.work_off()

    assert _record(generating, job).details.warnings == (
        "The provider answered with 3 pictures. The first one is stored.",
    )


# Names --------------------------------------------------------------------------------------------------


def test_variations_are_named_by_their_prompt() -> None:
    generating = Generating()
    job = generating.begin(a_request("A red fox in snow"), times=2)

    generating.work_off()

    names = [_record(generating, job, index).record.filename for index in range(2)]
    assert names == ["a-red-fox-in-snow.png", "a-red-fox-in-snow-2.png"]


def test_a_name_that_was_given_stays() -> None:
    generating = Generating()
    attributes = Attributes(kind=Kind.GENERATED, filename="fox.png")
    job = generating.begin(a_request("A red fox", attributes=attributes))

    generating.work_off()

    assert _record(generating, job).record.filename == "fox.png"


@pytest.mark.parametrize(
    ("title", "name"), [("The Sea", "the-sea.png"), (None, "generated-20260301-120000.png")]
)
def test_a_prompt_that_is_sealed_names_nothing(title: str | None, name: str) -> None:
    generating = Generating(seals=True)
    attributes = Attributes(kind=Kind.GENERATED, title=title)
    job = generating.begin(a_request("A secret fox", attributes=attributes))

    generating.work_off()

    assert _record(generating, job).record.filename == name


def test_a_paid_image_that_expired_on_its_way_is_stored_all_the_same() -> None:
    generating = Generating()
    expires_at = generating.clock.now() + timedelta(minutes=1)
    job = generating.begin(a_request(attributes=Attributes(kind=Kind.GENERATED, expires_at=expires_at)))
    generating.clock.instant += timedelta(minutes=2)

    generating.work_off()

    assert generating.job(job).status is JobStatus.SUCCEEDED
    assert generating.paid() == 1


def _record(generating: Generating, job: Any, index: int = 0) -> Any:
    image_id = generating.item(job, index).image_id
    assert image_id is not None
    return generating.store.repository.records[image_id]


def _generation(generating: Generating, job: Any) -> Any:
    return json.loads(json.dumps(_record(generating, job).details.generation))
