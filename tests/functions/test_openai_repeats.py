"""Failures of the OpenAI endpoint, and requests that clients send again (E1, F7)."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from image_store.domain.generation.providers import Provider, ProviderFailure, Reason
from tests.functions.deployment import Deployment, event
from tests.functions.openai_requests import (
    Workers,
    answered,
    images_request,
    opened,
    refused,
    signed,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def store(deployed: Callable[..., Deployment]) -> Deployment:
    return opened(deployed)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (Reason.REFUSED, (400, "moderation_blocked", None)),
        (Reason.BAD_REQUEST, (400, "invalid_value", None)),
        (Reason.UNAVAILABLE, (502, "provider_failed", None)),
        (Reason.BAD_KEY, (502, "provider_failed", None)),
    ],
)
def test_a_failed_request_says_why_and_is_not_to_be_sent_again(
    store: Deployment, reason: Reason, expected: tuple[int, str, str | None]
) -> None:
    store.providers[Provider.POLLINATIONS].answer = lambda _: ProviderFailure(reason, "It did not work.")

    answer = answered(store, images_request())

    error = answer.json["error"]
    assert (answer.status, error["code"], error["param"]) == expected
    assert answer.headers["x-should-retry"] == "false"
    assert answer.headers["x-image-store-job-id"]


def paid(store: Deployment) -> int:
    """How many images were paid."""
    return sum(provider.paid for provider in store.providers.values())


def repeated(sent: dict[str, Any], count: str = "1") -> dict[str, Any]:
    """A request as a client of OpenAI sends it again."""
    return signed(sent, x_stainless_retry_count=count)


def test_a_repeat_while_the_images_are_made_waits_for_them_too(store: Deployment) -> None:
    workers = store.ports.sleep
    assert isinstance(workers, Workers)
    workers.are_at_work = False
    first = answered(store, images_request())

    assert (first.status, first.json["error"]["code"]) == (504, "generation_in_progress")
    assert first.headers["x-should-retry"] == "true"
    workers.are_at_work = True
    again = answered(store, repeated(images_request()))
    assert again.headers["x-image-store-job-id"] == first.headers["x-image-store-job-id"]
    assert (again.status, len(again.json["data"]), paid(store)) == (200, 2, 2)


def test_a_repeat_after_a_lost_answer_gets_it_and_pays_nothing(store: Deployment) -> None:
    first = answered(store, images_request())
    again = answered(store, repeated(images_request()))

    assert again.json["data"] == first.json["data"]
    assert paid(store) == 2


def test_a_repeat_of_an_edit_is_known_by_its_images_whatever_its_boundary(store: Deployment) -> None:
    first = answered(store, signed(event("openai/edit")))
    sent = repeated(event("openai/edit"))
    body = base64.b64decode(sent["body"]).replace(b"--x", b"--another")
    sent["body"] = base64.b64encode(body).decode()
    sent["headers"]["content-type"] = "multipart/form-data; boundary=another"

    assert answered(store, sent).json["data"] == first.json["data"]
    assert paid(store) == 1


def test_the_same_request_later_makes_other_images(store: Deployment) -> None:
    """A repeat says that it is one; long after the end it is taken for a request of its own."""
    first = answered(store, images_request())
    second = answered(store, images_request())
    store.set_clock.instant += timedelta(minutes=16)
    third = answered(store, repeated(images_request()))

    ids = [answer.headers["x-image-store-job-id"] for answer in (first, second, third)]
    assert len(set(ids)) == 3
    assert paid(store) == 6


def test_a_key_for_repeats_finds_the_images_also_without_a_count(store: Deployment) -> None:
    first = answered(store, signed(images_request(), idempotency_key="k1"))
    again = answered(store, signed(images_request(), idempotency_key="k1"))

    assert again.json["data"] == first.json["data"]
    assert refused(store, signed(images_request(n=1), idempotency_key="k1"))[:2] == (
        400,
        "idempotency_mismatch",
    )


def uncounted(sent: dict[str, Any]) -> dict[str, Any]:
    """A request of a client that does not count its tries."""
    return sent | {"headers": {k: v for k, v in sent["headers"].items() if k != "x-stainless-retry-count"}}


def unfinished(store: Deployment, sent: dict[str, Any]) -> str:
    """The id of the job that a request leaves, because its images are not made while it waits."""
    workers = store.ports.sleep
    assert isinstance(workers, Workers)
    workers.are_at_work = False
    answer = answered(store, sent)
    workers.are_at_work = True
    assert answer.status == 504
    return answer.headers["x-image-store-job-id"]


def test_a_first_try_never_joins_a_job_that_runs(store: Deployment) -> None:
    """Two users with the same prompt get images of their own."""
    first = unfinished(store, repeated(images_request(n=1), "0"))
    second = answered(store, repeated(images_request(n=1), "0"))

    assert second.headers["x-image-store-job-id"] != first
    assert paid(store) == 2


def test_a_request_without_a_count_joins_a_job_that_has_run_for_a_while(store: Deployment) -> None:
    first = unfinished(store, uncounted(images_request(n=1)))
    second = answered(store, uncounted(images_request(n=1)))

    assert second.headers["x-image-store-job-id"] == first
    assert paid(store) == 1


def test_equal_requests_at_the_same_moment_make_images_of_their_own(store: Deployment) -> None:
    """The AI SDK asks for two images by two requests at once."""
    began = store.set_clock.instant
    first = unfinished(store, uncounted(images_request(n=1)))
    store.set_clock.instant = began + timedelta(milliseconds=900)
    second = answered(store, uncounted(images_request(n=1)))

    assert second.headers["x-image-store-job-id"] != first


@pytest.mark.parametrize("count", ["0", "00", "-1", "x", "²", ""])
def test_a_first_request_is_no_repeat(store: Deployment, count: str) -> None:
    answered(store, images_request(n=1))
    answered(store, repeated(images_request(n=1), count))

    assert paid(store) == 2
