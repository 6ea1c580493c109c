"""Answers keep within Lambda's limit: what does not fit is shown smaller, and never lost."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from image_store.domain.delivery.renditions import Rendition
from image_store.domain.generation.jobs import Job, JobItemState
from image_store.domain.generation.providers import Provider
from image_store.domain.generation.requests import JobRequest, ModelPreference
from image_store.domain.images.image import ImageRecord, State
from image_store.domain.images.media import MediaType
from image_store.entrypoints.generation.openai.answers import MAX_ANSWER_BYTES, images_answer
from image_store.entrypoints.generation.openai.errors import EndpointError
from image_store.entrypoints.generation.openai.requests import BASE64, URL, ImagesJob
from image_store.services.generation.synchronous import GeneratedImage, GenerationResult
from tests.contracts.repository.images import pending
from tests.unit.generation.openai.test_openai_errors import AT, ITEM

MB = 1_000_000
IMAGES_JOB = ImagesJob(
    request=JobRequest(owner="alice", variation_sets=(), preference=ModelPreference()),
    response_format=BASE64,
    is_streamed=False,
    is_edit=False,
    model_name=None,
    quality=None,
)


def record(number: int, *, size_bytes: int, display: int = 300_000, thumb: int = 9_000) -> ImageRecord:
    """The record of an image of a size."""
    rendition = Rendition("display", MediaType.WEBP, 1024, 1024, display)
    return replace(
        pending().record,
        id=f"019ca945-0a00-7000-8000-{number:012}",
        owner="alice",
        state=State.READY,
        size_bytes=size_bytes,
        media_type=MediaType.PNG,
        width=2048,
        height=2048,
        renditions=(rendition, replace(rendition, preset="thumb", width=256, height=256, size_bytes=thumb)),
    )


def result(*records: ImageRecord, has_ended: bool = True) -> GenerationResult:
    """A job that made images."""
    state = JobItemState.SUCCEEDED if has_ended else JobItemState.RUNNING
    items = tuple(
        replace(ITEM, index=index, state=state, provider=Provider.GOOGLE, model="m", image_id=each.id)
        for index, each in enumerate(records)
    )
    counts = {each: len(items) if each is state else 0 for each in JobItemState}
    job = Job(id="j", owner="alice", created_at=AT, updated_at=AT, counts=counts)
    return GenerationResult(job, items, tuple(map(GeneratedImage, items, records)))


def read(each: ImageRecord, rendition: Rendition | None) -> bytes | None:
    """Bytes of the size that a record names."""
    return bytes(rendition.size_bytes if rendition else each.size_bytes)


def response_to(
    images: GenerationResult, job: ImagesJob = IMAGES_JOB
) -> tuple[dict[str, Any], dict[str, str]]:
    """The body and the headers of a response that Lambda takes."""
    response = images_answer(images, job, api_url="https://api.example.com", read=read)
    assert len(json.dumps(response, ensure_ascii=False).encode()) <= MAX_ANSWER_BYTES
    return json.loads(response["body"]), response["headers"]


def test_originals_are_shown_where_they_fit() -> None:
    body, headers = response_to(result(record(1, size_bytes=4_500_000)))

    assert len(base64.b64decode(body["data"][0]["b64_json"])) == 4_500_000
    assert (body["size"], body["output_format"]) == ("2048x2048", "png")
    assert "x-image-store-reduced-image-ids" not in headers


def test_the_largest_images_are_shown_smaller_until_all_fit() -> None:
    records = [record(1, size_bytes=1 * MB), record(2, size_bytes=4 * MB), record(3, size_bytes=2 * MB)]

    body, headers = response_to(result(*records))

    assert [each.get("rendition") for each in body["data"]] == [None, "display", None]
    assert headers["x-image-store-reduced-image-ids"] == records[1].id
    assert body.keys() == {"created", "data"}  # sizes and formats differ


def test_ten_images_fit_however_large_they_are() -> None:
    records = [record(number, size_bytes=90 * MB, display=4 * MB) for number in range(10)]

    body, _ = response_to(result(*records))

    assert {each["rendition"] for each in body["data"]} == {"display", "thumb"}


def test_a_rendition_that_is_larger_than_its_original_does_not_replace_it() -> None:
    body, _ = response_to(
        result(record(1, size_bytes=4 * MB, display=5 * MB, thumb=3 * MB), record(2, size_bytes=9 * MB))
    )

    assert [each.get("rendition") for each in body["data"]] == [None, "display"]


def test_a_stream_fits_too() -> None:
    records = [record(number, size_bytes=9 * MB) for number in range(3)]
    response = images_answer(
        result(*records), replace(IMAGES_JOB, is_streamed=True), api_url="https://api.example.com", read=read
    )

    assert len(json.dumps(response, ensure_ascii=False).encode()) <= MAX_ANSWER_BYTES
    assert response["body"].count("event: ") == 3


def test_images_that_were_deleted_or_made_private_since_are_left_out() -> None:
    images = result(record(1, size_bytes=MB), replace(record(2, size_bytes=MB), publication="A" * 22))

    body, _ = response_to(images, replace(IMAGES_JOB, response_format=URL))
    assert [each["image_id"] for each in body["data"]] == [images.images[1].record.id]

    with pytest.raises(EndpointError, match="deleted since"):
        images_answer(images, IMAGES_JOB, api_url="", read=lambda *_: None)


def test_a_job_that_runs_has_no_images_yet() -> None:
    with pytest.raises(EndpointError, match="as job j") as refused:
        images_answer(result(record(1, size_bytes=MB), has_ended=False), IMAGES_JOB, api_url="", read=read)

    assert (refused.value.shape.status, refused.value.shape.may_retry) == (504, True)
