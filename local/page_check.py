"""Keep web pages of other origins away from the stack: they may show what is public, and do nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from local.inside_emulator.browsers import comes_from_a_page, comes_from_another_origin, opens_a_document

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from aiohttp.typedefs import Middleware

    from local.host_check import Handler

ANY = "*"
PUBLIC = ("/i/", "/s/", "/cdn/")
"""Public links: any page may show these images."""
CLOSED = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""For answers that no page of another origin may load, show or sniff."""


def lower(headers: Mapping[str, str]) -> dict[str, str]:
    """Answer headers by their names in lower case."""
    return {name.lower(): value for name, value in headers.items()}


def refused() -> web.Response:
    """Answer a page that may not."""
    return web.json_response(
        {"message": "A web page of another origin cannot use this stack."}, status=403, headers=CLOSED
    )


def pages_of(origins: frozenset[str]) -> Middleware:
    """Answer a middleware that takes requests of pages from these origins alone.

    Other pages may show what is public, and a person may follow their links: neither changes anything, and neither
    lets the page read an answer.
    """

    @web.middleware
    async def check(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        headers = lower(request.headers)
        if ANY in origins or not comes_from_another_origin(headers, origins=origins):
            return await handler(request)
        is_read = request.method in {"GET", "HEAD"}
        if request.path.startswith("/cdn/"):  # the public bucket says itself which pages may read it
            return await handler(request)
        if "origin" in headers or not is_read:
            return refused()
        if request.path.startswith(PUBLIC) or opens_a_document(request.method, headers):
            return await handler(request)
        return refused()

    return check


@web.middleware
async def programs_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse every request that a page caused."""
    return refused() if comes_from_a_page(lower(request.headers)) else await handler(request)
