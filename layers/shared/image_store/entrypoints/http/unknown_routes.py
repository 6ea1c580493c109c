"""Errors for requests that no route takes: 404 for an unknown address, 405 for a method that the address does not take.

The gateway would answer both with 404 and a body of its own. The document of the API lists the routes of all functions.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from image_store.domain.errors import ImageNotFound, ImageStoreError, MethodNotAllowed

_VARIABLE = re.compile(r"\\\{\w+\\\}")
_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")


def no_route(path: str, document: Path) -> ImageStoreError:
    """The error: MethodNotAllowed with the methods that the path takes, or ImageNotFound if it takes none."""
    methods = {
        method for pattern, methods in _routes(document) if pattern.fullmatch(path) for method in methods
    }
    if not methods:
        return ImageNotFound("There is nothing at this address.")
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
