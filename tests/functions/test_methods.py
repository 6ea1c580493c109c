"""HEAD is answered wherever GET is, and a method that an address does not take is told which ones it does."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from image_store.domain.errors import MethodNotAllowed, RouteNotFound
from image_store.entrypoints.http.unknown_routes import no_route
from tests.functions.deployment import FUNCTIONS, IMAGE_ID, assert_refused, event
from tests.functions.requests import routes

if TYPE_CHECKING:
    from tests.functions.deployment import Deployment

DOCUMENT = FUNCTIONS / "site/openapi.json"
METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")


def with_method(sent: dict[str, Any], method: str, path: str | None = None) -> dict[str, Any]:
    """The same request with another method, and to another address."""
    changed = deepcopy(sent)
    changed["requestContext"]["http"]["method"] = method
    if path is not None:
        changed["rawPath"] = changed["requestContext"]["http"]["path"] = path
    return changed


def test_every_route_of_get_is_one_of_head() -> None:
    keys = {(function, method, path) for function, method, path in routes()}

    assert {(function, "HEAD", path) for function, method, path in keys if method == "GET"} == {
        key for key in keys if key[1] == "HEAD"
    }


@pytest.mark.parametrize(
    ("function", "name"),
    [
        ("retrieve", "retrieve/image"),
        ("list", "list/newest"),
        ("feed", "feed/newest"),
        ("stats", "stats/own"),
        ("stats", "stats/timeline"),
        ("search", "search/groups"),
        ("search", "search/tags"),
        ("search", "search/group-unknown"),
        ("site", "site/health"),
        ("site", "site/openapi"),
        ("site", "site/docs"),
        ("site", "site/console"),
        ("site", "site/console-file"),
        ("site", "site/console-settings"),
        ("retrieve", "retrieve/unknown-id"),
    ],
)
def test_head_has_the_head_of_get_and_no_body(store: Deployment, function: str, name: str) -> None:
    store.answer_to("upload/raw")
    got = store.invoke(function, event(name))

    answer = store.invoke(function, with_method(event(name), "HEAD"))

    assert (answer["statusCode"], answer["headers"]) == (got["statusCode"], got["headers"])
    assert answer["body"] == ""
    assert got["body"]
    assert not answer["isBase64Encoded"]


def test_a_link_leads_head_to_where_head_is_allowed(store: Deployment) -> None:
    store.answer_to("upload/public")
    shown = store.call(event("links/display"), function="links")
    assert shown.status == 302

    answer = store.call(with_method(event("links/display"), "HEAD"), function="links")

    assert answer.status == 302


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", f"/v1/images/{IMAGE_ID}", "DELETE, GET, HEAD, PATCH"),
        ("POST", f"/v1/images/{IMAGE_ID}", "DELETE, GET, HEAD, PATCH"),
        ("PATCH", "/v1/images", "GET, HEAD, POST"),
        ("GET", "/v1/uploads", "POST"),
        ("HEAD", "/v1/uploads", "POST"),
        ("POST", "/i/abc", "GET, HEAD"),
        ("DELETE", "/i/abc/thumb", "GET, HEAD"),
        ("POST", "/v1/feed", "GET, HEAD"),
        ("PUT", "/", "GET, HEAD"),
        ("POST", "/docs", "GET, HEAD"),
        ("GET", "/v1/provider-keys/google", "DELETE, PUT"),
        ("GET", f"/v1/images/{IMAGE_ID}/links", "POST"),
    ],
)
def test_another_method_gets_the_allowed_ones(
    store: Deployment, method: str, path: str, allowed: str
) -> None:
    answer = store.call(with_method(event("site/health"), method, path), function="site")

    assert (answer.status, answer.headers["Allow"]) == (405, allowed)
    if method != "HEAD":
        assert_refused(answer, 405, "method_not_allowed")


@pytest.mark.parametrize(
    "path", ["/v2/images", "/v1", "/v1/images/a/b/c", "/i", "/v1/images/", "/%00", "/v1//images"]
)
def test_an_address_that_there_is_not_stays_404(store: Deployment, path: str) -> None:
    answer = store.call(with_method(event("site/health"), "PUT", path), function="site")

    assert_refused(answer, 404, "route_not_found")
    assert "Allow" not in answer.headers


@pytest.mark.parametrize(
    ("path", "is_doubled"),
    [
        ("/v1/v1/images", True),
        ("/v1/v1", True),
        ("/v1/v1x", False),
        ("/v1/nothing", False),
        ("/v2/v1/v1", False),
    ],
)
def test_an_address_with_the_version_twice_says_how_to_mend_it(
    store: Deployment, path: str, is_doubled: bool
) -> None:
    answer = store.call(with_method(event("site/health"), "GET", path), function="site")

    assert_refused(answer, 404, "route_not_found")
    assert ("/v1 is in it twice" in answer.json["detail"]) is is_doubled
    assert path not in answer.text


def test_every_route_is_known_to_the_function_that_answers_for_unknown_ones() -> None:
    for _, method, path in routes():
        address = "/".join("x" if part.startswith("<") else part for part in path.split("/"))
        (other,) = [no_route(address, DOCUMENT)]

        assert isinstance(other, MethodNotAllowed), path
        assert method in other.allowed, (method, path)
    assert isinstance(no_route("/nowhere", DOCUMENT), RouteNotFound)


def test_answers_that_a_cache_may_keep_differ_by_origin(store: Deployment) -> None:
    store.answer_to("upload/public")

    for name in ("links/display", "site/openapi", "site/console-file", "retrieve/image"):
        answer = store.invoke(name.partition("/")[0], event(name))

        assert "no-store" not in answer["headers"]["Cache-Control"]
        assert "Origin" in answer["headers"]["Vary"].split(", "), name


def test_problems_of_the_document_name_the_code() -> None:
    assert "method_not_allowed" in json.dumps(json.loads(DOCUMENT.read_text("utf-8"))["components"])
