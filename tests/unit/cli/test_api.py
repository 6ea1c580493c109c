"""Requests to the store: signed, tried again where that helps, errors told."""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING

import httpx
import pytest

from image_store_cli.errors import CommandError, NotOffered, NotSignedIn, RequestRefused, Unavailable
from image_store_cli.exits import Exit
from image_store_cli.sign_in import tokens
from image_store_cli.store.api import ApiClient
from image_store_client.http.retries import RetryPolicy
from tests.unit.cli.terminal import TOKEN, URL, problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from image_store_cli.sign_in.tokens import Tokens

OK = httpx.Response(200, json={"items": []})


class Store:
    """Answers requests with what a test lists, the last of it for ever; an exception is raised instead."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers: Iterator[httpx.Response | Exception] = chain(answers, repeat(answers[-1]))
        self.requests: list[httpx.Request] = []
        self.waits: list[float] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        """The next answer."""
        self.requests.append(request)
        next_answer = next(self._answers)
        if isinstance(next_answer, Exception):
            raise next_answer
        return httpx.Response(
            next_answer.status_code, headers=next_answer.headers, content=next_answer.content
        )

    def api(self, given: Tokens | None = None, *, tries: int = 3) -> ApiClient:
        """A client of this store."""
        return ApiClient(
            URL,
            given or tokens.fixed(TOKEN, "a test"),
            http=httpx.Client(transport=httpx.MockTransport(self.answer)),
            policy=RetryPolicy(max_retries=tries - 1),
            sleep=self.waits.append,
        )


def test_a_request_carries_the_token_and_omits_empty_values() -> None:
    store = Store(OK)

    images = store.api().images.similar("i1", limit=None)

    [request] = store.requests
    assert images == []
    assert (request.url.query, request.headers["authorization"]) == (b"", f"Bearer {TOKEN}")


@pytest.mark.parametrize("status", [429, 503])
def test_a_request_that_has_to_wait_waits_as_long_as_the_response_says(status: int) -> None:
    store = Store(problem(status, "storage_unavailable", **{"Retry-After": "7"}), OK)

    store.api().images.get("i1")

    assert store.waits == [7.0]


def test_a_wait_that_is_too_long_is_not_begun() -> None:
    store = Store(problem(429, "quota_exceeded", **{"Retry-After": "86400"}), OK)

    with pytest.raises(RequestRefused) as refused:
        store.api().images.get("i1")

    assert (store.waits, refused.value.problem.code) == ([], "quota_exceeded")


def test_a_quota_that_waiting_cannot_fix_is_reported_at_once() -> None:
    store = Store(problem(429, "quota_exceeded"), OK)

    with pytest.raises(RequestRefused, match="quota_exceeded"):
        store.api().images.get("i1")

    assert len(store.requests) == 1


def test_waiting_ends_after_as_many_tries_as_are_allowed() -> None:
    store = Store(problem(503, "storage_unavailable", **{"Retry-After": "1"}))

    with pytest.raises(RequestRefused) as refused:
        store.api(tries=3).images.get("i1")

    assert len(store.requests) == 3
    assert refused.value.exit is Exit.UNAVAILABLE


def test_a_request_in_progress_is_polled_until_it_is_done() -> None:
    running = problem(409, "idempotency_in_progress", **{"Retry-After": "110"})
    store = Store(*[running] * 10, OK)

    store.api(tries=3).jobs.create("a cat")

    assert len(store.requests) == 11
    assert set(store.waits) == {2.0}


@pytest.mark.parametrize(
    "fault", [httpx.ReadTimeout("late"), httpx.Response(502)], ids=["lost", "bad gateway"]
)
def test_what_may_have_been_done_is_repeated_only_when_that_does_no_harm(
    fault: httpx.Response | Exception,
) -> None:
    harmless, harmful = Store(fault, OK), Store(fault, OK)

    harmless.api().jobs.create("a cat")
    with pytest.raises(CommandError):
        harmful.api().jobs.retry("j1")

    assert (len(harmless.requests), len(harmful.requests)) == (2, 1)


def test_a_store_that_cannot_be_reached_is_unavailable() -> None:
    store = Store(httpx.ConnectError("Connection refused"))

    with pytest.raises(Unavailable, match=r"store\.example does not answer: Connection refused"):
        store.api(tries=2).images.get("i1")

    assert len(store.requests) == 2


def test_an_expired_token_is_renewed_once() -> None:
    given = iter(["old", "new"])
    renewable = tokens.Tokens(lambda: next(given), origin="a test", renewable=True)
    store = Store(httpx.Response(401, json={"message": "Unauthorized"}), OK)

    store.api(renewable).images.get("i1")

    assert [request.headers["authorization"] for request in store.requests] == ["Bearer old", "Bearer new"]


def test_a_token_that_stays_refused_means_not_signed_in() -> None:
    store = Store(httpx.Response(401, json={"message": "Unauthorized"}))

    with pytest.raises(NotSignedIn) as refused:
        store.api().images.get("i1")

    assert TOKEN not in str(refused.value)
    assert len(store.requests) == 1


@pytest.mark.parametrize("status", [404, 405])
def test_a_missing_route_gets_a_plain_message(status: int) -> None:
    store = Store(httpx.Response(status, json={"message": "Not Found"}))

    with pytest.raises(NotOffered, match="does not offer GET /v1/search"):
        store.api().images.search("x").page()


def test_a_web_page_is_not_a_store() -> None:
    with pytest.raises(NotOffered, match="without JSON"):
        Store(httpx.Response(200, text="<html>")).api().images.get("i1")


def test_a_problem_is_reported_with_all_that_helps() -> None:
    body = {
        "title": "Bad Request",
        "status": 400,
        "detail": "The query is wrong.",
        "code": "invalid_request",
        "request_id": "r-9",
        "errors": [{"loc": ["query", "limit"], "type": "x", "msg": "too large\x1b[31m"}],
    }
    store = Store(httpx.Response(400, json=body))

    with pytest.raises(RequestRefused) as refused:
        store.api().images.get("i1")

    assert refused.value.message == (
        "Bad Request: The query is wrong.\n  query.limit: too large�[31m (code invalid_request, request r-9)"
    )


@pytest.mark.parametrize(
    ("status", "code", "exit_code"),
    [
        (400, "invalid_request", Exit.REFUSED),
        (403, "admin_required", Exit.NOT_SIGNED_IN),
        (404, "image_not_found", Exit.NOT_FOUND),
        (412, "precondition_failed", Exit.REFUSED),
        (500, "internal_error", Exit.UNAVAILABLE),
    ],
)
def test_the_exit_code_says_what_kind_of_error_it_was(status: int, code: str, exit_code: Exit) -> None:
    with pytest.raises(RequestRefused) as refused:
        Store(problem(status, code)).api(tries=1).images.get("i1")

    assert refused.value.exit is exit_code


@pytest.mark.parametrize(
    ("status", "code"), [(403, "forbidden"), (413, "content_too_large"), (429, "too_many_requests")]
)
def test_an_error_of_the_gateway_has_code_detail_and_request_id(status: int, code: str) -> None:
    answer = httpx.Response(status, json={"message": "No."}, headers={"apigw-requestid": "g-1"})

    with pytest.raises(RequestRefused) as refused:
        Store(answer).api(tries=1).images.get("i1")

    body = refused.value.body()
    assert (body["code"], body["request_id"], bool(body["detail"])) == (code, "g-1", True)


@pytest.mark.parametrize("status", [401, 404])
def test_a_gateway_error_with_our_own_message_keeps_its_request_id(status: int) -> None:
    answer = httpx.Response(status, json={"message": "No."}, headers={"apigw-requestid": "g-1"})

    with pytest.raises(CommandError) as failed:
        Store(answer).api(tries=1).images.get("i1")

    expected = {401: "not_signed_in", 404: "not_offered"}[status]
    assert (failed.value.body()["code"], failed.value.body()["request_id"]) == (expected, "g-1")


def test_a_store_without_the_route_of_a_command_does_not_offer_it() -> None:
    with pytest.raises(CommandError) as failed:
        Store(problem(404, "route_not_found")).api(tries=1).images.get("i1")

    assert failed.value.body()["code"] == "not_offered"


@pytest.mark.parametrize(
    ("status", "may_pass"), [(400, False), (404, False), (422, False), (429, True), (503, True)]
)
def test_a_failure_says_whether_the_same_command_may_succeed_later(status: int, *, may_pass: bool) -> None:
    with pytest.raises(RequestRefused) as refused:
        Store(problem(status, "some_code")).api(tries=1).images.get("i1")

    assert refused.value.may_pass is may_pass
