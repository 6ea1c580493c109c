"""F5: every error has a code, a status and a body that tells nothing internal."""

import json
from datetime import timedelta

import pytest

from image_store.domain import errors
from image_store.entrypoints.http.problems import CONTENT_TYPE, STATUSES, problem


def every_error() -> set[type[errors.ImageStoreError]]:
    """The root and everything below it."""
    classes: set[type[errors.ImageStoreError]] = set()
    left = [errors.ImageStoreError]
    while left:
        kind = left.pop()
        classes.add(kind)
        left += kind.__subclasses__()
    return classes


def test_every_error_has_a_status() -> None:
    assert every_error() == set(STATUSES)


def test_codes_are_distinct_but_for_the_internal_one_and_those_of_several_limits_and_uses_of_addresses() -> (
    None
):
    codes = [kind.code for kind in STATUSES if kind.code != "internal_error"]

    assert {code for code in codes if codes.count(code) > 1} == {
        "budget_exceeded",
        "quota_exceeded",
        "url_not_allowed",
    }


def test_a_problem_names_code_status_and_request() -> None:
    answer = problem(
        errors.StorageUnavailable("Try again.", retry_after=timedelta(seconds=1.2)), request_id="r-1"
    )

    body = json.loads(str(answer.body))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert answer.headers["Content-Type"] == CONTENT_TYPE
    assert (body["code"], body["status"], body["request_id"]) == ("storage_unavailable", 503, "r-1")


@pytest.mark.parametrize("kind", [errors.ConfigurationError, errors.ImageStoreError])
def test_details_of_internal_errors_are_not_shown(kind: type[errors.ImageStoreError]) -> None:
    answer = problem(kind("the secret image-store/r2 is not JSON"), request_id="r-1")

    assert answer.status_code == 500
    assert "secret" not in str(answer.body)
