"""Whether an image exists: no is one thing, and not to know is another (A11)."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from image_store.adapters.dynamodb.table import DynamoTable
from tests.fakes.rows import DynamoRows
from tests.functions.deployment import Deployment, assert_refused, event

if TYPE_CHECKING:
    from collections.abc import Callable

CONTENT = "retrieve/head-of-content"
FAILURES: list[Exception] = [
    EndpointConnectionError(endpoint_url="https://dynamodb.invalid"),
    ReadTimeoutError(endpoint_url="https://dynamodb.invalid"),
    ClientError({"Error": {"Code": "ProvisionedThroughputExceededException", "Message": "no"}}, "GetItem"),
    ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no table"}}, "GetItem"),
    ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetItem"),
]


class Failing:
    """A client whose reads fail."""

    def __init__(self, failure: Exception) -> None:
        self._failure = failure

    def __getattr__(self, _: str) -> Callable[..., Any]:
        def fail(**_: Any) -> Any:
            raise self._failure

        return fail


def of_method(method: str) -> dict[str, Any]:
    """The same request with another method."""
    sent = deepcopy(event(CONTENT))
    sent["routeKey"] = sent["requestContext"]["routeKey"] = f"{method} /v1/images/{{image_id}}/content"
    sent["requestContext"]["http"]["method"] = method
    return sent


def assert_no(answer: Any, method: str, status: int, code: str) -> None:
    """A refusal; to a HEAD it is the status alone."""
    if method == "HEAD":
        assert (answer.status, answer.text) == (status, "")
    else:
        assert_refused(answer, status, code)


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_an_image_that_exists_is_found(store: Deployment, method: str) -> None:
    store.answer_to("upload/raw")

    assert store.call(of_method(method), function="retrieve").status == 302


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_an_image_that_does_not_exist_is_a_plain_no(store: Deployment, method: str) -> None:
    answer = store.call(of_method(method), function="retrieve")

    assert_no(answer, method, 404, "image_not_found")


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: str(failure)[:40])
@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_what_could_not_be_checked_is_never_reported_as_missing(
    store: Deployment, method: str, failure: Exception
) -> None:
    """Whether it is there or not, and whatever the table says but an answer."""
    store.ports.repository = DynamoRows(DynamoTable("images", client=lambda: Failing(failure)))

    answer = store.call(of_method(method), function="retrieve")

    assert_no(answer, method, 503, "storage_unavailable")
    assert answer.headers["Retry-After"] == "1"
