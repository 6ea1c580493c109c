"""The function that makes what is missing (B2)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from image_store.domain.errors import DeadlineExceeded, InvalidRequest, StorageUnavailable
from tests.functions.deployment import IMAGE_ID, Context, Deployment, event

if TYPE_CHECKING:
    from image_store.domain.images.image import ImageRecord


def record(store: Deployment) -> ImageRecord:
    stored_record = store.repository.get_record(IMAGE_ID)
    assert stored_record is not None
    return stored_record


def test_a_rendition_is_made_once(store: Deployment) -> None:
    store.answer_to("upload/raw")

    for _ in range(2):
        store.invoke("render", event("render/rendition"))

    assert [rendition.public_filename for rendition in record(store).renditions if rendition.making] == [
        "w640.avif"
    ]


def test_nothing_is_made_of_what_is_not_there(store: Deployment) -> None:
    store.invoke("render", event("render/rendition"))

    assert store.private_bucket.objects == {}


def test_what_the_store_did_not_send_is_refused(store: Deployment) -> None:
    with pytest.raises(InvalidRequest):
        store.invoke("render", event("render/nothing"))


def test_why_nothing_was_made_is_logged(store: Deployment, caplog: pytest.LogCaptureFixture) -> None:
    """F4: nobody hears of it otherwise, since the nearest rendition stands in."""
    store.answer_to("upload/raw")
    del store.private_bucket.objects[record(store).original_key]

    with pytest.raises(StorageUnavailable):
        store.invoke("render", event("render/rendition"))

    line = caplog.records[-1]
    assert (line.levelname, line.getMessage()) == ("ERROR", "nothing made")
    assert vars(line).items() >= {"code": "storage_unavailable", "image_id": IMAGE_ID}.items()


def test_a_function_without_time_left_stores_nothing(store: Deployment) -> None:
    store.answer_to("upload/raw")

    with pytest.raises(DeadlineExceeded):
        store.invoke("render", event("render/rendition"), context=Context(remaining=timedelta(seconds=4)))

    assert [rendition for rendition in record(store).renditions if rendition.making] == []
