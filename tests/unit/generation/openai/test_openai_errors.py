"""Every error of the store has the shape of OpenAI's API, and says whether a repeat is safe."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from image_store.domain import errors
from image_store.domain.generation.jobs import Job, JobItem, JobItemError, JobItemState
from image_store.entrypoints.generation.openai.errors import (
    EndpointError,
    error_answer,
    error_for,
    failed_job,
    internal_error,
    shape_of,
)
from image_store.entrypoints.http.problems import STATUSES

AT = datetime(2026, 11, 29, 12, tzinfo=UTC)
MADE_WITH: dict[type[errors.ImageStoreError], tuple[Any, ...]] = {
    errors.MethodNotAllowed: (("GET",),),
    errors.UrlNotAllowed: (),
    errors.DuplicateImage: ("id",),
    errors.KeyRevoked: (),
    errors.KeyExpired: (),
    errors.IssuerUnavailable: (),
    errors.UploadTokenUsedUp: (),
    errors.ScopeRequired: ("images:read",),
    errors.ActAsRequired: (),
    errors.ShareNotFound: (),
    errors.KeyNotFound: (),
    errors.TooManyKeys: (),
    errors.TooManyShares: (),
    errors.TooManyWebhooks: (),
    errors.WebhookNotFound: (),
    errors.WebhookDisabled: (),
    errors.WebhookUrlNotAllowed: (),
    errors.EventNotFound: (),
    errors.GroupNotFound: (),
    errors.GroupExists: (),
    errors.TooManyGroups: (),
}
SAFE_TO_REPEAT = {
    errors.RateLimited,
    errors.Conflict,
    errors.IdempotencyInProgress,
    errors.IssuerUnavailable,
    errors.StorageUnavailable,
    errors.DeadlineExceeded,
}
ITEM = JobItem(
    job_id="j",
    index=0,
    request_index=0,
    owner="alice",
    request=None,
    change="c",
    not_before=AT,
    deadline=AT,
    hold=None,
    state=JobItemState.FAILED,
)
JOB = Job(id="j", owner="alice", created_at=AT, updated_at=AT, counts={})


def made(kind: type[errors.ImageStoreError]) -> errors.ImageStoreError:
    """An error of a kind."""
    if kind is errors.RateLimited:
        return errors.RateLimited(7, retry_after=timedelta(seconds=1.5))
    if issubclass(kind, errors.BudgetExceeded):
        return kind("It does not work.", budget="owner")
    return kind(*MADE_WITH.get(kind, ("It does not work.",)))


def shown(refused: EndpointError) -> tuple[int, dict[str, Any], dict[str, str]]:
    """What a client gets."""
    response = error_answer(refused, request_id="r1")
    assert response["isBase64Encoded"] is False
    return response["statusCode"], json.loads(response["body"])["error"], response["headers"]


@pytest.mark.parametrize("kind", STATUSES, ids=lambda kind: kind.__name__)
def test_every_error_has_the_shape_of_openai(kind: type[errors.ImageStoreError]) -> None:
    error = made(kind)

    status, body, headers = shown(error_for(error))

    assert body.keys() == {"message", "type", "param", "code"}
    assert (400 <= status < 600, body["param"]) == (True, None)
    assert body["code"]
    assert headers["x-request-id"] == "r1"
    assert headers["x-should-retry"] == ("true" if kind in SAFE_TO_REPEAT else "false")
    if status == 500:
        assert error.message not in body["message"]
    else:
        assert body["message"] == error.message
    assert ("Retry-After" in headers) == (error.retry_after is not None)
    assert ("WWW-Authenticate" in headers) == (status == 401)


def test_a_wait_is_in_whole_seconds() -> None:
    _, _, headers = shown(error_for(made(errors.RateLimited)))

    assert headers["Retry-After"] == "2"


def test_a_budget_or_a_quota_looks_like_a_lack_of_credit() -> None:
    """Clients show it as such and stop."""
    kinds = (errors.BudgetExceeded, errors.BudgetUsedUp, errors.QuotaExceeded, errors.KeyQuotaExceeded)

    assert {shape_of(kind)[:3] for kind in kinds} == {(429, "insufficient_quota", "insufficient_quota")}


def test_an_unexpected_error_shows_nothing_and_is_not_repeated() -> None:
    status, body, headers = shown(internal_error())

    assert (status, body["code"], headers["x-should-retry"]) == (500, "internal_error", "false")


def test_the_name_of_an_unknown_parameter_is_cut() -> None:
    fault = (("body", "x" * 500), "extra_forbidden", "no")

    _, body, _ = shown(error_for(errors.InvalidRequest("Wrong.", errors=(fault,))))

    assert body["param"] == "x" * 64
    assert len(body["message"]) < 100


def test_a_method_that_is_not_allowed_names_those_that_are() -> None:
    _, _, headers = shown(error_for(errors.MethodNotAllowed(("POST",))))

    assert headers["Allow"] == "POST"


@pytest.mark.parametrize("kind", STATUSES, ids=lambda kind: kind.__name__)
def test_a_job_that_failed_with_any_error_is_not_repeated(kind: type[errors.ImageStoreError]) -> None:
    """Another job would be paid again."""
    item = replace(ITEM, error=JobItemError(kind.code, "It did not work."))

    status, body, headers = shown(failed_job(JOB, [item]))

    assert 400 <= status < 600
    assert body["message"] == "It did not work."
    assert (headers["x-should-retry"], headers["x-image-store-job-id"]) == ("false", "j")


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (replace(ITEM, error=JobItemError("content_refused", "No.", "refused")), (400, "moderation_blocked")),
        (replace(ITEM, error=JobItemError("provider_failed", "No.", "bad_request")), (400, "invalid_value")),
        (replace(ITEM, error=JobItemError("provider_failed", "No.", "timeout")), (502, "provider_failed")),
        (replace(ITEM, error=JobItemError("of_a_later_version", "No.")), (502, "provider_failed")),
        (replace(ITEM, state=JobItemState.CANCELLED), (409, "generation_cancelled")),
        (replace(ITEM, state=JobItemState.SUCCEEDED), (404, "image_not_found")),
    ],
)
def test_a_job_without_images_says_why(item: JobItem, expected: tuple[int, str]) -> None:
    status, body, _ = shown(failed_job(JOB, [item]))

    assert (status, body["code"]) == expected
