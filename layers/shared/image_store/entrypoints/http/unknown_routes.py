"""What is answered where no route leads: 404 for an address that there is not, 405 for a method it does not take.

The gateway would answer both itself, with 404 and in a form of its own. The document of the API is what knows all
routes, whichever function is behind them.
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
    """Why a request led nowhere: MethodNotAllowed with what the path does answer, or ImageNotFound."""
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
