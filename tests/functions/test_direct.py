"""The functions that begin and complete direct uploads, in a request and behind it (A14)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest

from image_store.adapters.imaging import PillowProcessor
from image_store.domain.work import CompleteUpload
from image_store.services.images.direct_uploads import COMPLETION_LIFETIME
from tests.functions.deployment import (
    API,
    IMAGE_ID,
    Answer,
    Context,
    Deployment,
    assert_refused,
    event,
    sent_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from image_store.domain.delivery.renditions import Recipe
    from image_store.domain.images.media import MediaType
    from image_store.domain.images.processing import ProcessedImage
    from image_store.domain.images.provenance import Provenance

PICTURE = sent_bytes("upload/raw")
NO_TIME = Context(remaining=timedelta(seconds=4))

REFUSED = {
    "direct/too-large": (413, "payload_too_large"),
    "direct/no-picture": (400, "invalid_request"),
    "direct/broken-checksum": (400, "invalid_request"),
    "direct/no-subject": (401, "invalid_token"),
}


class WorriedProcessor(PillowProcessor):
    """Finds something to say about everything."""

    def process(
        self,
        data: bytes,
        media_type: MediaType | None,
        recipes: Mapping[str, Recipe],
        *,
        provenance: Provenance | None = None,
    ) -> ProcessedImage:
        processed = super().process(data, media_type, recipes, provenance=provenance)
        return replace(processed, warnings=("It is too long.",))


class InterruptedProcessor(PillowProcessor):
    """Calls something while it processes the first picture."""

    def __init__(self, interrupt: Callable[[], object]) -> None:
        super().__init__()
        self._interrupts = [interrupt]

    def process(
        self,
        data: bytes,
        media_type: MediaType | None,
        recipes: Mapping[str, Recipe],
        *,
        provenance: Provenance | None = None,
    ) -> ProcessedImage:
        while self._interrupts:
            self._interrupts.pop()()
        return super().process(data, media_type, recipes, provenance=provenance)


def put(store: Deployment, begun: Answer, data: bytes = PICTURE) -> None:
    """Send bytes where the ticket says."""
    key = unquote(urlsplit(begun.json["upload"]["url"]).path.removeprefix("/"))
    store.private_bucket.put(key, data, content_type="image/png", cache_control="", metadata={})


def test_a_ticket_names_method_address_and_headers(store: Deployment) -> None:
    """The link pins size, type, checksum and write-once."""
    answer = store.answer_to("direct/begin")

    assert (answer.status, answer.headers["Cache-Control"]) == (201, "no-store")
    assert answer.headers["Location"] == f"{API}/v1/uploads/{IMAGE_ID}/complete"
    assert (answer.json["id"], answer.json["upload"]["method"]) == (IMAGE_ID, "PUT")
    assert answer.json["upload"]["headers"]["If-None-Match"] == "*"
    assert answer.json["expires_at"] == "2026-03-01T12:30:00.000Z"
    assert not store.private_bucket.objects


@pytest.mark.parametrize(("most", "status"), [(len(PICTURE), 201), (len(PICTURE) - 1, 413)])
def test_no_ticket_is_given_for_more_bytes_than_the_deployment_accepts(
    deployed: Callable[..., Deployment], most: int, status: int
) -> None:
    """A3, A14: refused before anything is sent."""
    store = deployed(MAX_BYTES=str(most))

    answer = store.answer_to("direct/begin")

    assert answer.status == status


def test_completed_bytes_are_an_image_and_no_longer_staged(store: Deployment) -> None:
    put(store, store.answer_to("direct/begin"))

    answer = store.answer_to("direct/complete")

    assert (answer.status, answer.json["id"]) == (201, IMAGE_ID)
    assert (answer.json["filename"], answer.json["tags"]) == ("Квадраты.png", ["squares"])
    assert {key.partition("/")[0] for key in store.private_bucket.objects} == {"images"}
    assert store.answer_to("retrieve/image").json == answer.json


def test_warnings_about_the_bytes_come_when_the_upload_is_complete(store: Deployment) -> None:
    store.ports.processor = WorriedProcessor()
    put(store, store.answer_to("direct/begin"))

    answer = store.answer_to("direct/complete")

    assert answer.json["warnings"] == ["It is too long."]


def test_completing_twice_answers_the_same_image(store: Deployment) -> None:
    put(store, store.answer_to("direct/begin"))

    first, again = store.answer_to("direct/complete"), store.answer_to("direct/complete")

    assert (first.status, again.status) == (201, 201)
    assert first.json == again.json


def test_completing_before_anything_arrived_says_so_and_may_be_repeated(store: Deployment) -> None:
    begun = store.answer_to("direct/begin")

    early = store.answer_to("direct/complete")
    put(store, begun)
    answer = store.answer_to("direct/complete")

    assert_refused(early, 409, "upload_incomplete")
    assert answer.status == 201


def test_other_bytes_than_announced_never_become_an_image(store: Deployment) -> None:
    """A4: a wrong checksum is impossible to commit."""
    put(store, store.answer_to("direct/begin"), PICTURE[:-1] + b"!")

    answers = [store.answer_to("direct/complete") for _ in range(2)]

    for answer in answers:
        assert_refused(answer, 422, "checksum_mismatch")
    assert_refused(store.answer_to("retrieve/image"), 404, "image_not_found")


def test_the_upload_of_another_user_is_not_found(store: Deployment) -> None:
    """A8."""
    put(store, store.answer_to("direct/begin"))
    before = store.contents()

    answer = store.answer_to("direct/complete-of-somebody-else")

    assert_refused(answer, 404, "upload_not_found")
    assert store.contents() == before


def test_an_upload_whose_time_is_over_is_not_found(store: Deployment) -> None:
    put(store, store.answer_to("direct/begin"))
    store.set_clock.instant += COMPLETION_LIFETIME

    answer = store.answer_to("direct/complete")

    assert_refused(answer, 404, "upload_not_found")


@pytest.mark.parametrize("name", REFUSED)
def test_an_invalid_upload_is_refused_and_leaves_nothing(store: Deployment, name: str) -> None:
    answer = store.answer_to(name)

    assert_refused(answer, *REFUSED[name])
    assert store.is_empty()


def test_what_takes_too_long_for_a_request_is_completed_behind_it(store: Deployment) -> None:
    put(store, store.answer_to("direct/begin"))

    progress = store.call(event("direct/complete"), function="direct", context=NO_TIME)
    done = store.invoke("work", event("work/complete-upload"))
    answer = store.answer_to("direct/complete")

    assert (progress.status, answer.status) == (202, 201)
    assert store.handed_over.waiting == [CompleteUpload(IMAGE_ID)]
    assert done == {"batchItemFailures": []}
    assert answer.json["status"] == "ready"


def test_a_large_upload_is_handed_over_only_once_it_has_arrived(store: Deployment) -> None:
    begun = store.answer_to("direct/begin-large")

    early = store.answer_to("direct/complete")
    put(store, begun)
    progress = store.answer_to("direct/complete")

    assert_refused(early, 409, "upload_incomplete")
    assert progress.status == 202
    assert store.handed_over.waiting == [CompleteUpload(IMAGE_ID)]


def test_work_that_begins_before_its_request_has_noted_it_is_done_at_once(store: Deployment) -> None:
    note = event("direct/complete")
    store.ports.processor = InterruptedProcessor(lambda: store.call(note, function="direct", context=NO_TIME))
    put(store, store.answer_to("direct/begin"))

    done = store.invoke("work", event("work/complete-upload"))

    assert done == {"batchItemFailures": []}
    assert store.answer_to("direct/complete").json["status"] == "ready"


def test_work_without_time_left_is_delivered_again(store: Deployment) -> None:
    put(store, store.answer_to("direct/begin"))
    sent = event("work/complete-upload")

    answer = store.invoke("work", sent, context=NO_TIME)

    assert answer == {"batchItemFailures": [{"itemIdentifier": sent["Records"][0]["messageId"]}]}
    assert_refused(store.answer_to("retrieve/image"), 404, "image_not_found")


def test_work_for_an_upload_that_is_gone_is_done(store: Deployment) -> None:
    answer = store.invoke("work", event("work/unknown-upload"))

    assert answer == {"batchItemFailures": []}
    assert store.is_empty()


def test_unknown_messages_go_to_the_dead_letter_queue(store: Deployment) -> None:
    sent = event("work/not-work")

    answer = store.invoke("work", sent)

    assert [item["itemIdentifier"] for item in answer["batchItemFailures"]] == [
        message["messageId"] for message in sent["Records"]
    ]
