"""Requests of anybody, without a token, which wait as long as a cold start takes on a busy machine."""

from functools import partial
from typing import Any

import httpx

from tests.plain_http import NO_AUTHORITIES

PATIENCE_SECONDS = 60
"""httpx waits for 5 seconds, which a function that starts beside other tests can take."""


def request(method: str, url: str, **options: Any) -> httpx.Response:
    """Send a request on a connection of its own; the options are those of `httpx.request`."""
    return httpx.request(method, url, **{"timeout": PATIENCE_SECONDS, "verify": NO_AUTHORITIES, **options})


get = partial(request, "GET")
head = partial(request, "HEAD")
post = partial(request, "POST")
