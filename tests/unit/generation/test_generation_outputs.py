"""Which models are called for a background and a format, and what is said if there is none."""

import hashlib
import json
from dataclasses import asdict, replace

import pytest

from image_store.adapters.dynamodb.generation import job_items
from image_store.domain.errors import InvalidRequest
from image_store.domain.generation.requests import GenerationRequest, ModelPreference, request_fingerprint
from tests.fakes.generating import FIRST, THIRD, Generating, a_request, priced_generation
from tests.samples import OWNER

LATER_FIELDS = {"background", "output_format"}


@pytest.fixture
def generating() -> Generating:
    return priced_generation()


@pytest.mark.parametrize(
    ("image_request", "model", "fields", "message"),
    [
        (
            a_request(background="transparent"),
            "gpt-image-2",
            ["background"],
            "The model gpt-image-2 cannot follow",
        ),
        (a_request(output_format="webp"), "flux", ["output_format"], "The model flux cannot follow"),
        (a_request(size="9000x16"), None, ["size"], "No model can follow `size`."),
        (
            a_request("x" * 5_000, size="512x512"),
            None,
            ["prompt", "size"],
            "No model can follow `prompt`, `size` together.",
        ),
    ],
)
def test_a_refusal_names_the_fields_that_no_model_follows(
    generating: Generating,
    image_request: GenerationRequest,
    model: str | None,
    fields: list[str],
    message: str,
) -> None:
    preference = ModelPreference(model=model, fallback=model is None)

    with pytest.raises(InvalidRequest, match=message) as refused:
        generating.begin(a_request(), image_request, preference=preference)

    assert [location for location, _, _ in refused.value.errors] == [
        ("body", "items", 1, name) for name in fields
    ]
    assert generating.queue.waiting == []


def test_a_transparent_jpeg_is_refused_whatever_the_model(generating: Generating) -> None:
    preference = ModelPreference(provider=THIRD, model="my-own-model")

    with pytest.raises(InvalidRequest) as refused:
        generating.begin(a_request(background="transparent", output_format="jpeg"), preference=preference)

    assert refused.value.errors[0][0] == ("body", "items", 0, "output_format")


@pytest.mark.parametrize("background", ["auto", "opaque", None])
def test_what_every_model_makes_goes_to_the_first_provider(
    generating: Generating, background: str | None
) -> None:
    job = generating.begin(a_request(background=background))

    generating.work_off()

    assert generating.item(job).provider is FIRST


def test_a_transparent_background_goes_to_a_model_that_has_it(generating: Generating) -> None:
    job = generating.begin(a_request(background="transparent", output_format="webp"))

    generating.work_off()

    [(sent, _)] = generating.providers[THIRD].asked
    assert (sent.background, sent.output_format) == ("transparent", "webp")
    assert generating.item(job).model == "gpt-image-2.5-flare"
    assert not generating.providers[FIRST].asked


def test_a_model_that_is_not_listed_is_asked_for_any_background_and_format(generating: Generating) -> None:
    preference = ModelPreference(provider=THIRD, model="my-own-model", fallback=False)
    generating.begin(a_request(background="transparent", output_format="webp"), preference=preference)

    generating.work_off()

    [(sent, _)] = generating.providers[THIRD].asked
    assert (sent.model, sent.background, sent.output_format) == ("my-own-model", "transparent", "webp")


def test_a_request_that_an_earlier_version_stored_is_read_without_the_later_fields(
    generating: Generating,
) -> None:
    job = generating.begin(a_request(background="transparent", output_format="png"))
    row = job_items.item_row(generating.item(job), ttl=0)
    stored = json.loads(row["wish"]["S"])
    earlier = {name: value for name, value in stored.items() if name not in LATER_FIELDS}

    assert job_items.request_of(stored) == generating.item(job).request
    assert job_items.request_of(earlier) == replace(
        job_items.request_of(stored), background=None, output_format=None
    )


def test_a_request_without_the_later_fields_joins_a_job_of_an_earlier_version() -> None:
    """Its digest then: only the fields of that version."""
    preference = ModelPreference()
    fields = {name: value for name, value in asdict(a_request()).items() if name not in LATER_FIELDS}
    text = json.dumps([OWNER, [fields], asdict(preference)], sort_keys=True, default=str)

    assert request_fingerprint(OWNER, (a_request(),), preference) == hashlib.sha256(text.encode()).hexdigest()
    differing = [
        a_request(),
        a_request(background="auto"),
        a_request(background="opaque"),
        a_request(output_format="png"),
    ]
    assert len({request_fingerprint(OWNER, (request,), preference) for request in differing}) == 4
