"""Which route a path belongs to."""

import pytest

from local.routes import NO_ROUTE, Routes

KEYS = [
    "GET /",
    "GET /v1/images",
    "GET /v1/images/{id}",
    "GET /v1/images/batch",
    "ANY /assets/{path+}",
    "GET /i/{link}",
]


@pytest.mark.parametrize(
    ("method", "path", "route"),
    [
        ("GET", "/", "/"),
        ("GET", "/v1/images", "/v1/images"),
        ("GET", "/v1/images/x", "/v1/images/{id}"),
        ("GET", "/v1/images/batch", "/v1/images/batch"),
        ("POST", "/assets/a/b/c.js", "/assets/{path+}"),
        ("GET", "/i/a-secret-link", "/i/{link}"),
        ("GET", "/i/a-secret-link/more", NO_ROUTE),
        ("PUT", "/i/a-secret-link", NO_ROUTE),
        ("GET", "/assets", NO_ROUTE),
    ],
)
def test_the_most_literal_matching_route_is_named(method: str, path: str, route: str) -> None:
    assert Routes(KEYS).name(method, path) == route


def test_a_default_route_serves_all_other_paths() -> None:
    assert Routes([*KEYS, "$default"]).name("GET", "/i/a-secret-link/more") == "$default"
