"""What the authorizer tells the functions, through the gateway."""

from __future__ import annotations

import json
from typing import Any

import pytest

from image_store.domain.callers.caller import key_holder, user
from image_store.domain.callers.key_limits import KeyLimits
from image_store.domain.callers.scopes import Scope
from image_store.domain.errors import (
    ConfigurationError,
    ImageStoreError,
    InvalidToken,
    IssuerUnavailable,
    KeyExpired,
    KeyRevoked,
    StorageUnavailable,
)
from image_store.entrypoints.callers.authorizer import authorize
from image_store.entrypoints.callers.verdicts import caller_of, verdict_of

ALICE = user("älice|1", scopes={"admin"}, admin_scope="admin", admin_subjects=())
HOLDER = key_holder("0123456789abcdef", owner="bob", scopes={Scope.READ_IMAGES})
LIMITED = key_holder(
    "0123456789abcdef",
    owner="bob",
    scopes={Scope.READ_IMAGES},
    limits=KeyLimits(requests_per_minute=1, images_per_day=0, cost_micros_per_month=10**12),
)


class Verifying:
    """An authorization with one result."""

    def __init__(self, result: Any) -> None:
        self.headers: list[str] = []
        self._result = result

    def caller(self, header: str) -> Any:
        """The result, once the header is noted."""
        self.headers.append(header)
        if isinstance(self._result, Exception):
            raise self._result
        return self._result


def answer(result: Any, headers: Any) -> tuple[dict[str, Any], list[str]]:
    authorization = Verifying(result)
    response = authorize(authorization, {"headers": headers}, namespace="Images")  # type: ignore[arg-type]
    return response, authorization.headers


def context(verdict: Any) -> dict[str, Any]:
    return {"authorizer": {"lambda": verdict}}


@pytest.mark.parametrize("caller", [ALICE, HOLDER, LIMITED], ids=["user", "key", "key with limits"])
def test_a_caller_reaches_the_functions_as_it_was_verified(
    caller: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    response, headers = answer(caller, {"authorization": "Bearer x"})

    assert response["isAuthorized"] is True
    assert caller_of(context(response["context"])) == caller
    assert headers == ["Bearer x"]
    assert capsys.readouterr().out == ""
    assert all(isinstance(value, str) for value in response["context"].values())


@pytest.mark.parametrize(
    "refusal",
    [InvalidToken("why"), KeyRevoked(), KeyExpired(), IssuerUnavailable()],
    ids=lambda refusal: refusal.code,
)
def test_a_refusal_is_let_in_counted_and_raised_by_the_function(
    refusal: ImageStoreError, capsys: pytest.CaptureFixture[str]
) -> None:
    response, _ = answer(refusal, {"authorization": "Bearer x"})

    assert response["isAuthorized"] is True
    assert "owner" not in response["context"]
    line = json.loads(capsys.readouterr().out)
    assert (line["CredentialsRefused"], line["code"]) == (1, refusal.code)
    with pytest.raises(type(refusal)) as raised:
        caller_of(context(response["context"]))
    assert raised.value.message == refusal.message


@pytest.mark.parametrize("headers", [None, {}, {"authorization": None}, {"authorization": ""}])
def test_a_request_without_the_header_is_asked_about_as_an_empty_one(headers: Any) -> None:
    assert answer(InvalidToken("why"), headers)[1] == [""]


def test_a_failure_of_the_authorizer_is_no_verdict() -> None:
    with pytest.raises(ConfigurationError):
        answer(ConfigurationError("ISSUERS"), {})


def test_a_table_that_does_not_answer_is_counted_and_no_verdict_that_the_gateway_would_keep(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(StorageUnavailable):
        answer(StorageUnavailable("why"), {})

    line = json.loads(capsys.readouterr().out)
    assert (line["CredentialsRefused"], line["code"]) == (1, "storage_unavailable")


@pytest.mark.parametrize(
    "request_context",
    [
        {},
        {"authorizer": None},
        {"authorizer": {}},
        {"authorizer": {"lambda": None}},
        context({}),
        context({"owner": "alice"}),
        context({"name": "subject:alice"}),
        context({"name": "", "owner": "", "scopes": ""}),
        context({"refusal": "unknown", "owner": "alice", "name": "subject:alice"}),
        {"authorizer": {"jwt": {"claims": {"sub": "alice"}}}},
    ],
    ids=str,
)
def test_a_request_without_a_whole_verdict_has_no_caller(request_context: Any) -> None:
    with pytest.raises(InvalidToken):
        caller_of(request_context)


@pytest.mark.parametrize("caller", [ALICE, HOLDER], ids=["user", "key"])
def test_a_scope_that_this_version_does_not_know_is_no_right(caller: Any) -> None:
    verdict = verdict_of(caller)

    known = caller_of(context(verdict | {"scopes": f"{verdict['scopes']} new:scope"}))

    assert known == caller
