"""The one address of the local stack: the API as the real gateway serves it, and the public bucket's CDN."""

from __future__ import annotations

import io
import logging
import time
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from local.gateway_limits import (
    FUNCTION_FAILED,
    MAX_ANSWER_BYTES,
    MAX_BODY_BYTES,
    TIMED_OUT,
    TIMEOUT_SECONDS,
    TOO_LARGE,
    GatewayAnswer,
    fits,
    is_function_failure,
)
from local.host_check import Handler, localhost_only

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.cdn import Cdn

# Hop by hop (RFC 9110 7.6.1), or set anew by this server.
NOT_PASSED_ON = {
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "proxy-authenticate",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}

logger = logging.getLogger("front")


class Front:
    """Serves the API under every path but ``/cdn/``."""

    def __init__(
        self,
        *,
        api_base: str,
        cdn: Cdn,
        http: aiohttp.ClientSession,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._api_base = api_base
        self._cdn = cdn
        self._http = http
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)

    def application(self) -> web.Application:
        """Answer the HTTP application."""
        application = web.Application(
            middlewares=[localhost_only, log_requests], client_max_size=MAX_BODY_BYTES
        )
        application.router.add_route("*", "/cdn/{key:.*}", self._cdn.serve)
        application.router.add_route("*", "/{path:.*}", self.pass_on)
        return application

    async def pass_on(self, request: web.Request) -> web.Response:
        """Answer what the API answers to this request, within the gateway's limits."""
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return gateway_response(TOO_LARGE)
        if not fits(body, headers=request.headers, target=request.raw_path):
            return gateway_response(TOO_LARGE)
        try:
            async with self._http.request(
                request.method,
                URL(f"{self._api_base}{request.raw_path}", encoded=True),
                headers=passed_on(request.headers),
                data=io.BytesIO(body) if body else None,
                allow_redirects=False,
                timeout=self._timeout,
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            ) as answer:
                content = await answer.read()
        except TimeoutError:
            return gateway_response(TIMED_OUT)
        except aiohttp.ClientError:
            logger.exception("The emulator does not answer")
            return gateway_response(TIMED_OUT)
        if is_function_failure(answer.status, answer.content_type) or len(content) > MAX_ANSWER_BYTES:
            logger.error("A function failed: %s", content[:2_000].decode("utf-8", "replace"))
            return gateway_response(FUNCTION_FAILED)
        return web.Response(status=answer.status, body=content, headers=passed_on(answer.headers))


def passed_on(headers: Mapping[str, str]) -> CIMultiDict[str]:
    """Answer the headers that concern both ends, repeated ones included."""
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in NOT_PASSED_ON)


def gateway_response(answer: GatewayAnswer) -> web.Response:
    """Answer in the gateway's own JSON."""
    return web.json_response({"message": answer.message}, status=answer.status)


@web.middleware
async def log_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Log one line a request, without its query: that may hold a signature."""
    started = time.monotonic()
    response = await handler(request)
    milliseconds = (time.monotonic() - started) * 1000
    logger.info("%s %s %s %.0f ms", request.method, request.path, response.status, milliseconds)
    return response
