"""Failures: what is tried again, what another provider makes, and what is paid without an image (E2)."""

from datetime import timedelta

import pytest

from image_store.domain.errors import ImageStoreError, InvalidImage, UnsupportedMediaType
from image_store.domain.generation.budget import Spending
from image_store.domain.generation.jobs import JobItemState
from image_store.domain.generation.providers import Reason
from image_store.domain.generation.requests import ModelPreference
from tests.fakes.generating import (
    FIRST,
    POLLINATIONS_MICROS,
    SECOND,
    THIRD,
    Generating,
    failing,
    priced_generation,
)

TRANSIENT = [Reason.RATE_LIMITED, Reason.UNAVAILABLE, Reason.TIMEOUT, Reason.CONNECTION, Reason.BAD_ANSWER]


@pytest.mark.parametrize("reason", TRANSIENT)
def test_temporary_errors_are_tried_again_twice_with_growing_pauses(reason: Reason) -> None:
    """E3."""
    generating = Generating(order=(FIRST,))
    generating.let(FIRST, failing(reason))
    job = generating.begin()

    generating.step()
    first = list(generating.queue.delays)
    generating.step()
    second = list(generating.queue.delays)
    generating.work_off()

    item = generating.item(job)
    assert (first, second) == ([timedelta(seconds=1)], [timedelta(seconds=2)])
    assert (item.state, item.calls, item.retries) == (JobItemState.FAILED, 3, 2)
    assert item.error is not None
    assert (item.error.code, item.error.reason, item.error.provider) == (
        "provider_failed",
        reason,
        "pollinations",
    )
    assert generating.paid() == 0


@pytest.mark.parametrize(
    ("reason", "code"), [(Reason.REFUSED, "content_refused"), (Reason.BAD_REQUEST, "provider_failed")]
)
def test_errors_of_the_request_are_tried_once_and_nowhere_else(
    generating: Generating, reason: Reason, code: str
) -> None:
    """E3."""
    generating.let(FIRST, failing(reason))
    job = generating.begin()

    generating.work_off()

    item = generating.item(job)
    assert (item.state, item.calls) == (JobItemState.FAILED, 1)
    assert item.error is not None
    assert (item.error.code, item.error.reason) == (code, reason)
    assert generating.calls(SECOND) == 0


@pytest.mark.parametrize("reason", [Reason.BAD_KEY, Reason.NO_BALANCE, Reason.NO_MODEL])
def test_errors_of_an_account_go_to_another_provider_at_once(generating: Generating, reason: Reason) -> None:
    """E2."""
    generating.let(FIRST, failing(reason))
    job = generating.begin()

    generating.step()
    assert generating.queue.delays == [timedelta(0)]
    generating.work_off()

    item = generating.item(job)
    assert (item.state, item.provider, item.retries) == (JobItemState.SUCCEEDED, SECOND, 0)
    assert generating.calls(FIRST) == 1


def test_a_provider_without_a_key_is_passed_over(generating: Generating) -> None:
    generating.no_key_for.add(FIRST)
    job = generating.begin()

    generating.work_off()

    assert (generating.item(job).provider, generating.calls(FIRST)) == (SECOND, 0)


def test_when_no_account_works_the_image_fails_with_the_last_reason(generating: Generating) -> None:
    for provider in (FIRST, SECOND, THIRD):
        generating.let(provider, failing(Reason.NO_BALANCE))
    job = generating.begin()

    generating.work_off()

    item = generating.item(job)
    assert (item.state, item.calls) == (JobItemState.FAILED, 3)
    assert item.error is not None
    assert (item.error.reason, item.error.provider) == (Reason.NO_BALANCE, THIRD)


def test_another_provider_is_tried_after_one_that_failed_just_now(generating: Generating) -> None:
    """E2."""
    generating.let(FIRST, failing(Reason.UNAVAILABLE))
    job = generating.begin()

    generating.work_off()

    assert (generating.item(job).provider, generating.calls(FIRST)) == (SECOND, 1)


def test_without_fallback_nobody_else_is_asked(generating: Generating) -> None:
    generating.let(FIRST, failing(Reason.UNAVAILABLE))
    job = generating.begin(preference=ModelPreference(provider=FIRST, fallback=False))

    generating.work_off()

    assert generating.item(job).state is JobItemState.FAILED
    assert (generating.calls(FIRST), generating.calls(SECOND)) == (3, 0)


def test_a_module_that_breaks_counts_as_an_answer_that_cannot_be_understood(generating: Generating) -> None:
    generating.let(FIRST, KeyError("what the SDK did"))
    job = generating.begin()

    generating.work_off()

    assert generating.item(job).provider is SECOND
    assert generating.outcomes[0].reason is Reason.BAD_ANSWER


def test_bytes_that_are_not_an_image_are_paid_and_not_stored() -> None:
    generating = priced_generation()
    object.__setattr__(
        generating.storage.uploads, "processor", Refusing(InvalidImage("These bytes are no image."))
    )
    job = generating.begin()

    generating.work_off()

    item = generating.item(job)
    assert (item.state, item.cost, item.calls) == (JobItemState.FAILED, POLLINATIONS_MICROS, 1)
    assert item.error is not None
    assert item.error.code == "invalid_image"
    assert generating.result_keys() == []
    assert generating.jobs.spending(None, on=generating.clock.now().date())[0] == Spending(2_000, 0)


def test_an_answer_that_is_not_a_picture_is_reported_as_the_providers_error() -> None:
    generating = priced_generation()
    object.__setattr__(generating.storage.uploads, "processor", Refusing(UnsupportedMediaType("Send JPEG.")))
    job = generating.begin()

    generating.work_off()

    error = generating.item(job).error
    assert error is not None
    assert (error.code, error.reason, error.provider) == ("unsupported_media_type", Reason.BAD_ANSWER, FIRST)
    assert "Send JPEG" not in error.detail


class Refusing:
    """Finds no image in anything."""

    def __init__(self, error: ImageStoreError) -> None:
        self._error = error

    def process(self, data: bytes, media_type: object, recipes: object, *, provenance: object) -> None:
        raise self._error
