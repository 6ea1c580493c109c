"""Who may call: every private route needs a subject, and every route under /v1/admin needs an admin."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from tests.functions.deployment import IMAGE_ID, assert_refused, event, loaded
from tests.functions.requests import routes

if TYPE_CHECKING:
    from tests.functions.deployment import Deployment

PUBLIC_PATHS = {
    route.path
    for function in {function for function, _, _ in routes()}
    for route in loaded(function).api.routes
    if route.operation is not None and route.operation.get("public")
}
PRIVATE = [route for route in routes() if route[2] not in PUBLIC_PATHS]
FOR_ADMINS = [route for route in PRIVATE if route[2].startswith("/v1/admin/")]


def a_request(method: str, path: str, claims: dict[str, str]) -> dict[str, Any]:
    """A request of a route with an empty JSON object, by a caller with these claims."""
    sent = deepcopy(event("update/details"))
    address = "/".join(IMAGE_ID if part.startswith("<") else part for part in path.split("/"))
    sent["rawPath"] = sent["requestContext"]["http"]["path"] = address
    sent["requestContext"]["http"]["method"] = method
    sent["requestContext"]["authorizer"]["jwt"]["claims"] = claims
    sent["headers"] = sent["headers"] | {"content-type": "application/json"}
    return sent | {"body": "{}", "isBase64Encoded": False, "rawQueryString": ""}


def test_there_are_routes_of_each_kind() -> None:
    assert len(FOR_ADMINS) > 8
    assert len(PRIVATE) > len(FOR_ADMINS) + 20


@pytest.mark.parametrize(("function", "method", "path"), PRIVATE, ids=" ".join)
@pytest.mark.parametrize("claims", [{}, {"sub": "a\nb"}], ids=["no subject", "two lines"])
def test_a_private_route_refuses_a_token_without_a_usable_subject(
    store: Deployment, function: str, method: str, path: str, claims: dict[str, str]
) -> None:
    answer = store.call(a_request(method, path, claims), function=function)

    assert answer.status == 400
    assert store.is_empty()


@pytest.mark.parametrize(("function", "method", "path"), FOR_ADMINS, ids=" ".join)
def test_a_route_for_admins_refuses_everybody_else(
    store: Deployment, function: str, method: str, path: str
) -> None:
    answer = store.call(a_request(method, path, {"sub": "alice", "scope": "images:read"}), function=function)

    assert answer.status == 403
    if method != "HEAD":
        assert_refused(answer, 403, "admin_required")
    assert store.is_empty()
