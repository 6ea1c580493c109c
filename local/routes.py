"""Find the route of a path: logs name the route, because whoever knows the link in a path can see its image."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

NO_ROUTE = "(no route)"
ANY_METHOD = "ANY"
DEFAULT = "$default"


class Routes:
    """The route keys of an HTTP API, such as ``GET /i/{link}``."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._has_default = False
        self._routes: list[tuple[str, list[str]]] = []
        for key in keys:
            method, _, path = key.partition(" ")
            if path:
                self._routes.append((method, path.strip("/").split("/")))
            else:
                self._has_default = True

    def name(self, method: str, path: str) -> str:
        """Return the path of the most literal route that serves a request, never any part of the request itself."""
        segments = path.strip("/").split("/")
        fitting = [
            route for verb, route in self._routes if verb in {method, ANY_METHOD} and fits(route, segments)
        ]
        if not fitting:
            return DEFAULT if self._has_default else NO_ROUTE
        return "/" + "/".join(min(fitting, key=variables))


def fits(route: list[str], segments: list[str]) -> bool:
    """Return whether a route serves a path; a last ``{name+}`` matches the rest of the path."""
    if is_greedy(route[-1]):
        return len(segments) >= len(route) and fits_one_by_one(route[:-1], segments)
    return len(route) == len(segments) and fits_one_by_one(route, segments)


def fits_one_by_one(route: list[str], segments: list[str]) -> bool:
    """Return whether each segment equals the route's, or the route has a variable there."""
    return all(part == segment or is_variable(part) for part, segment in zip(route, segments, strict=False))


def variables(route: Iterable[str]) -> list[int]:
    """Order routes: literal segments before variables, and those before a greedy one."""
    return [2 if is_greedy(part) else int(is_variable(part)) for part in route]


def is_variable(part: str) -> bool:
    """Return whether a segment of a route matches any segment."""
    return part.startswith("{") and part.endswith("}")


def is_greedy(part: str) -> bool:
    """Return whether a segment of a route matches any number of segments."""
    return is_variable(part) and part.endswith("+}")
