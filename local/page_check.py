"""Keep web pages of other origins away from the stack: they may only show public images."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from aiohttp import web

from local.inside_emulator.browsers import (
    SAME_SITE,
    comes_from_a_page,
    comes_from_another_origin,
    is_a_frame,
    opens_a_document,
)
from local.settings import ALLOWED_ORIGINS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from aiohttp.typedefs import Middleware

    from local.host_check import Handler

ANY = "*"
PUBLIC = ("/i/", "/s/", "/cdn/")
"""Public links: any page may show these images."""
LONGEST_ORIGIN = 100
CLOSED = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Headers of responses that no page of another origin may load, show or sniff."""


logger = logging.getLogger("front")


def lower_case_names(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers with names in lower case."""
    return {name.lower(): value for name, value in headers.items()}


def shown(origin: str) -> str:
    """Return an origin as a log shows it: a page may send any characters, and as many as it likes."""
    return ascii(origin[:LONGEST_ORIGIN])


def refusal() -> web.Response:
    """Return the response to a page that is not allowed."""
    return web.json_response(
        {"message": "A web page of another origin cannot use this stack."}, status=403, headers=CLOSED
    )


def pages_of(origins: frozenset[str]) -> Middleware:
    """Return a middleware that accepts requests of pages only from these origins.

    Other pages may show public images, and a person may follow their links. Neither changes anything or lets the page
    read a response.
    """

    @web.middleware
    async def check(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        headers = lower_case_names(request.headers)
        if ANY in origins or not comes_from_another_origin(headers, origins=origins):
            return await handler(request)
        is_read = request.method in {"GET", "HEAD"}
        if request.path.startswith("/cdn/"):  # the public bucket decides which pages may read it
            return await handler(request)
        if "origin" in headers:
            logger.warning("The origin %s is not in %s", shown(headers["origin"]), ALLOWED_ORIGINS)
            return refusal()
        if not is_read:
            return refusal()
        if request.path.startswith(PUBLIC) or opens_a_document(request.method, headers):
            return await handler(request)
        # The issuer, on another port, sends a hidden frame of the console back to it.
        if (
            request.path == "/"
            and headers.get("sec-fetch-site") == SAME_SITE
            and is_a_frame(request.method, headers)
        ):
            return await handler(request)
        return refusal()

    return check


@web.middleware
async def programs_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse every request from a web page."""
    return refusal() if comes_from_a_page(lower_case_names(request.headers)) else await handler(request)
