"""Every private route with every kind of caller: who is refused, with which code, and that nothing happens then."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from image_store.domain.callers.caller import key_holder, token_holder
from image_store.domain.callers.key_limits import KeyLimits
from image_store.domain.callers.scopes import Scope
from image_store.domain.errors import InvalidToken, IssuerUnavailable, KeyExpired, KeyRevoked
from image_store.entrypoints.callers.verdicts import verdict_against, verdict_of
from tests.functions.deployment import IMAGE_ID, assert_refused, event, loaded
from tests.functions.handlers import verdict_of_user
from tests.functions.requests import HTTP_FUNCTIONS

if TYPE_CHECKING:
    from tests.functions.deployment import Deployment

PRIVATE = [
    (function, route.method, route.path, route.scopes)
    for function in HTTP_FUNCTIONS
    for route in loaded(function).api.routes
    if route.scopes
]
FOR_ADMINS = [route for route in PRIVATE if route[2].startswith("/v1/admin/")]
REFUSED = {
    "no verdict": None,
    "an empty verdict": {},
    "a token": verdict_against(InvalidToken("why")),
    "a revoked key": verdict_against(KeyRevoked()),
    "an expired key": verdict_against(KeyExpired()),
    "an owner of two lines": verdict_of_user("a\nb"),
    "an owner without a name": {"owner": "alice", "scopes": " ".join(Scope)},
}


def a_request(method: str, path: str, verdict: Any, **headers: str) -> dict[str, Any]:
    """A request of a route with an empty JSON object, by a caller with this verdict."""
    sent = deepcopy(event("update/details"))
    address = "/".join(IMAGE_ID if part.startswith("<") else part for part in path.split("/"))
    sent["rawPath"] = sent["requestContext"]["http"]["path"] = address
    sent["requestContext"]["http"]["method"] = method
    sent["requestContext"]["authorizer"] = {"lambda": verdict}
    sent["headers"] = sent["headers"] | {"content-type": "application/json"} | headers
    return sent | {"body": "{}", "isBase64Encoded": False, "rawQueryString": ""}


def refused(store: Deployment, sent: dict[str, Any], function: str, status: int, code: str) -> bool:
    """Whether a request is refused so, and leaves nothing."""
    answer = store.call(sent, function=function)
    if sent["requestContext"]["http"]["method"] == "HEAD":
        assert answer.status == status
    else:
        assert_refused(answer, status, code)
    return store.is_empty()


def test_there_are_routes_of_each_kind() -> None:
    assert len(FOR_ADMINS) > 8
    assert {scope for *_, scopes in PRIVATE for scope in scopes} == set(Scope) - {Scope.ACT_AS}


@pytest.mark.parametrize(("function", "method", "path", "scopes"), PRIVATE, ids=str)
def test_a_private_route_lets_nobody_in_without_a_caller(
    store: Deployment, function: str, method: str, path: str, scopes: tuple[Scope, ...]
) -> None:
    for verdict in REFUSED.values():
        code = (verdict or {}).get("refusal", "invalid_token")

        assert refused(store, a_request(method, path, verdict), function, 401, code)
    unavailable = a_request(method, path, verdict_against(IssuerUnavailable()))
    assert refused(store, unavailable, function, 503, "issuer_unavailable")


@pytest.mark.parametrize(("function", "method", "path", "scopes"), PRIVATE, ids=str)
def test_a_private_route_needs_its_scope_and_no_other(
    store: Deployment, function: str, method: str, path: str, scopes: tuple[Scope, ...]
) -> None:
    without = verdict_of(key_holder("0123456789abcdef", owner="alice", scopes=set(Scope) - set(scopes)))
    code = "admin_required" if Scope.ADMIN in scopes else "scope_required"
    # An API key manages keys only with the scope of admins as well.
    also = {Scope.ADMIN} if path.startswith(("/v1/keys", "/v1/provider-keys")) else set()

    assert refused(store, a_request(method, path, without), function, 403, code)
    for scope in scopes:
        with_it = verdict_of(key_holder("0123456789abcdef", owner="alice", scopes={scope} | also))
        assert store.call(a_request(method, path, with_it), function=function).status not in {401, 403}


@pytest.mark.parametrize(("function", "method", "path", "scopes"), PRIVATE, ids=str)
def test_only_a_key_with_act_as_names_another_owner(
    store: Deployment, function: str, method: str, path: str, scopes: tuple[Scope, ...]
) -> None:
    other = {"image-store-owner": "bob"}
    bound = verdict_of(key_holder("0123456789abcdef", owner="alice", scopes=set(Scope) - {Scope.ACT_AS}))
    free = verdict_of(key_holder("0123456789abcdef", owner="alice", scopes=set(Scope)))

    assert refused(store, a_request(method, path, bound, **other), function, 403, "act_as_required")
    assert store.call(a_request(method, path, free, **other), function=function).status not in {401, 403}


@pytest.mark.parametrize(("function", "method", "path", "scopes"), PRIVATE, ids=str)
def test_every_private_route_counts_the_requests_of_a_key_with_such_a_limit(
    store: Deployment, function: str, method: str, path: str, scopes: tuple[Scope, ...]
) -> None:
    limits = KeyLimits(requests_per_minute=1)
    key = key_holder("0123456789abcdef", owner="alice", scopes=set(Scope), limits=limits)
    sent = a_request(method, path, verdict_of(key))

    first = store.call(sent, function=function)
    before = store.contents()
    second = store.call(sent, function=function)

    assert first.status not in {401, 403, 429}
    assert (second.status, second.headers["Retry-After"]) == (429, "60")
    if method != "HEAD":
        assert_refused(second, 429, "rate_limited")
    assert store.contents() == before


@pytest.mark.parametrize(("function", "method", "path", "scopes"), FOR_ADMINS, ids=str)
def test_every_route_for_admins_needs_the_scope_of_admins(
    function: str, method: str, path: str, scopes: tuple[Scope, ...]
) -> None:
    assert scopes == (Scope.ADMIN,)


FOR_UPLOAD_TOKENS = {
    ("POST", "/v1/images"),
    ("POST", "/v1/uploads"),
    ("POST", "/v1/uploads/<image_id>/complete"),
}


@pytest.mark.parametrize(("function", "method", "path", "scopes"), PRIVATE, ids=str)
def test_an_upload_token_opens_three_routes_and_no_other(
    store: Deployment, function: str, method: str, path: str, scopes: tuple[Scope, ...]
) -> None:
    sent = a_request(method, path, verdict_of(token_holder("0123456789abcdef", owner="alice")))

    if (method, path) in FOR_UPLOAD_TOKENS:
        assert store.call(sent, function=function).status != 403
        assert scopes == (Scope.WRITE_IMAGES, Scope.UPLOAD_IMAGES)
    else:
        code = "admin_required" if Scope.ADMIN in scopes else "scope_required"
        assert refused(store, sent, function, 403, code)
