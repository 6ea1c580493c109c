"""Errors for requests that no route takes: 404 for an unknown address, 405 for a method that the address does not take.

The gateway would answer both with 404 and a body of its own. The document of the API lists the routes of all functions.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from image_store.domain.errors import ImageStoreError, MethodNotAllowed, RouteNotFound
from image_store.entrypoints.callers.protected_resource import MCP_METADATA_PATH, MCP_PATH, METADATA_PATH

_NOT_IN_THE_DOCUMENT = {MCP_PATH: "POST", METADATA_PATH: "GET", MCP_METADATA_PATH: "GET"}
"""Routes for AI clients, which know them from their own specifications, and the method of each."""
_VARIABLE = re.compile(r"\\\{\w+\\\}")
_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")


def no_route(path: str, document: Path) -> ImageStoreError:
    """The error: MethodNotAllowed with the methods that the path takes, or RouteNotFound if it takes none."""
    methods = {_NOT_IN_THE_DOCUMENT[path]} if path in _NOT_IN_THE_DOCUMENT else set()
    methods |= {
        method for pattern, methods in _routes(document) if pattern.fullmatch(path) for method in methods
    }
    if not methods:
        return RouteNotFound(path)
    if "GET" in methods:
        methods.add("HEAD")
    return MethodNotAllowed(tuple(method for method in _METHODS if method in methods))


@cache
def _routes(document: Path) -> list[tuple[re.Pattern[str], frozenset[str]]]:
    return list(_read(document))


def _read(document: Path) -> Iterator[tuple[re.Pattern[str], frozenset[str]]]:
    for path, operations in json.loads(document.read_text("utf-8"))["paths"].items():
        pattern = re.compile(_VARIABLE.sub("[^/]+", re.escape(path)))
        yield pattern, frozenset(method.upper() for method in operations) & frozenset(_METHODS)
