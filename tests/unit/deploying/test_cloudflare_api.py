"""Cloudflare's API: what is repeated, the rate limit, answers of other forms, and where the token goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from image_store_cli.deploying.cloudflare_api import CloudflareApi, CloudflareRefused
from image_store_cli.errors import UsageError
from tests.fakes.cloudflare_account import ACCOUNT, DEPLOY_TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable

OK = {"success": True, "errors": [], "messages": [], "result": {"fine": True}}


class Answers:
    """Gives the next answer to each request; None breaks the connection."""

    def __init__(self, *answers: httpx.Response | None) -> None:
        self.requests: list[httpx.Request] = []
        self.waits: list[float] = []
        self._answers = list(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        self.requests.append(request)
        answer = self._answers.pop(0)
        if answer is None:
            raise httpx.ReadError("broken", request=request)
        return answer

    def api(self, base: str = "https://api.cloudflare.com/client/v4") -> CloudflareApi:
        """A client that gets them."""
        http = httpx.Client(transport=httpx.MockTransport(self), trust_env=False)
        return CloudflareApi(DEPLOY_TOKEN, account=ACCOUNT, http=http, sleep=self.waits.append, base=base)


def ok() -> httpx.Response:
    """A good answer."""
    return httpx.Response(200, json=OK)


def failed(status: int = 500, **headers: str) -> httpx.Response:
    """An error."""
    return httpx.Response(
        status, json={"success": False, "errors": [{"code": 1, "message": "no"}]}, headers=headers
    )


def test_a_read_is_repeated_after_a_lost_response_and_after_an_error_of_the_server() -> None:
    answers = Answers(None, failed(502), ok())

    assert answers.api().of_account("GET", "/r2/buckets/a") == {"fine": True}
    assert answers.waits == [1, 2]


@pytest.mark.parametrize("answer", [lambda: None, failed], ids=["lost", "error"])
def test_what_makes_something_new_is_not_repeated(answer: Callable[[], httpx.Response | None]) -> None:
    answers = Answers(answer())

    with pytest.raises(CloudflareRefused) as refused:
        answers.api().of_account("POST", "/tokens", body={})

    assert len(answers.requests) == 1
    assert refused.value.may_pass


def test_the_rate_limit_is_waited_for_as_long_as_cloudflare_says_within_five_minutes() -> None:
    limit = (failed(429, **{"retry-after": "30"}), failed(429, **{"retry-after": "100000"}), ok())
    answers = Answers(*limit)

    answers.api().of_account("POST", "/tokens", body={})

    assert answers.waits == [30, 310]


@pytest.mark.parametrize("text", ["nan", "-nan", "-1", "-inf", "", "soon", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_wait_that_makes_no_sense_is_the_usual_one(text: str) -> None:
    answers = Answers(failed(429, **{"retry-after": text}), ok())

    answers.api().of_account("GET", "/tokens")

    assert answers.waits == [1]


def test_a_limit_that_stays_ends_the_command() -> None:
    answers = Answers(*(failed(429) for _ in range(4)))

    with pytest.raises(CloudflareRefused, match="code 1"):
        answers.api().of_account("GET", "/tokens")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(403, text="<html>blocked</html>"),
        httpx.Response(400, json={"code": 7, "error": "no"}),
        httpx.Response(200, json={"success": False, "errors": None}),
        httpx.Response(200, json=[1]),
        httpx.Response(200, text="{"),
        httpx.Response(302, headers={"Location": "https://elsewhere.example"}),
    ],
)
def test_an_answer_of_another_form_is_a_refusal_and_a_redirect_gets_no_token(answer: httpx.Response) -> None:
    answers = Answers(answer)

    with pytest.raises(CloudflareRefused) as refused:
        answers.api().call("POST", "/zones")

    assert len(answers.requests) == 1
    assert DEPLOY_TOKEN not in refused.value.message


@pytest.mark.parametrize("base", ["http://api.example.com", "ftp://localhost", "localhost"])
def test_the_token_goes_to_no_address_without_encryption(base: str) -> None:
    with pytest.raises(UsageError, match="must be an https address"):
        Answers().api(base)
