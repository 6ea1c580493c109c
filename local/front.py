"""The one address of the local stack: the API as the gateway serves it, the OpenAI endpoint, and the public CDN."""

from __future__ import annotations

import io
import logging
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from local.gateway_limits import (
    FUNCTION_FAILED,
    FUNCTION_TIMEOUT_SECONDS,
    MAX_ANSWER_BYTES,
    MAX_BODY_BYTES,
    TIMED_OUT,
    TIMEOUT_SECONDS,
    TOO_LARGE,
    TOO_MANY,
    URL_FAILED,
    GatewayAnswer,
    fits,
    is_function_failure,
)
from local.host_check import Handler, localhost_only
from local.page_check import pages_of
from local.settings import MCP_PATH
from local.throttle import Throttle, TooManyRequests

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp.typedefs import Middleware

    from local.cdn import Cdn
    from local.routes import Routes

# Hop-by-hop headers (RFC 9110, section 7.6.1), and those that this server sets itself.
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
RETRY_AFTER_SECONDS = 2
OWN_ANSWER = "x-request-id"
"""In responses of the function for OpenAI's API, whose errors have the type that the emulator's have."""
CALLS_THE_API = (MCP_PATH,)
"""Paths whose function sends requests to this API while its caller waits. They have places of their own: if they took
those of the requests that they wait for, four of them would wait for each other."""

logger = logging.getLogger("front")


@dataclass(frozen=True)
class Behind:
    """What is behind the front, and how AWS answers for a function there that fails or takes too long."""

    base: str
    timeout_seconds: float
    throttle: Throttle
    failed: GatewayAnswer = FUNCTION_FAILED
    timed_out: GatewayAnswer = TIMED_OUT


def function_url(base: str, throttle: Throttle) -> Behind:
    """Return the target of a function's URL, which has only Lambda's limits."""
    return Behind(base, FUNCTION_TIMEOUT_SECONDS, throttle, failed=URL_FAILED, timed_out=URL_FAILED)


class Front:
    """Serves the API under every path except ``/cdn/`` and ``/openai/``, to programs and to pages of ``origins``.

    ``secret`` has the headers by which the emulator recognises the front. Without ``openai`` the API answers there too.
    """

    def __init__(
        self,
        *,
        api_base: str,
        openai: Behind | None = None,
        cdn: Cdn,
        http: aiohttp.ClientSession,
        origins: frozenset[str],
        routes: Routes,
        secret: Mapping[str, str],
        throttle: Throttle,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._api = Behind(api_base, timeout_seconds, throttle)
        self._callers_of_the_api = replace(self._api, throttle=throttle.of_the_same_size())
        self._openai = openai
        self._cdn = cdn
        self._http = http
        self._origins = origins
        self._routes = routes
        self._secret = dict(secret)

    def application(self) -> web.Application:
        """Return the HTTP application."""
        application = web.Application(
            middlewares=[localhost_only, log_routes(self._routes), pages_of(self._origins)],
            client_max_size=MAX_BODY_BYTES,
        )
        application.router.add_route("*", "/cdn/{key:.*}", self._cdn.serve)
        if self._openai is not None:
            application.router.add_route(
                "*", "/openai/{path:.*}", partial(self._pass_on, target=self._openai)
            )
        application.router.add_route("*", "/{path:.*}", self.pass_on)
        return application

    async def pass_on(self, request: web.Request) -> web.Response:
        """Pass a request to the API within the gateway's limits, and return its response."""
        is_caller = request.path in CALLS_THE_API
        return await self._pass_on(request, target=self._callers_of_the_api if is_caller else self._api)

    async def _pass_on(self, request: web.Request, *, target: Behind) -> web.Response:
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return gateway_response(TOO_LARGE)
        if not fits(body, headers=request.headers, target=request.raw_path):
            return gateway_response(TOO_LARGE)
        try:
            async with target.throttle.place():
                return await self._call(request, body, target)
        except TooManyRequests:
            return gateway_response(TOO_MANY, {"Retry-After": str(RETRY_AFTER_SECONDS)})

    async def _call(self, request: web.Request, body: bytes, target: Behind) -> web.Response:
        """Let the emulator call the function, and return its response."""
        try:
            async with self._http.request(
                request.method,
                URL(f"{target.base}{request.raw_path}", encoded=True),
                headers=headers_for_emulator(request.headers, self._secret),
                data=io.BytesIO(body) if body else None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=target.timeout_seconds),
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            ) as answer:
                content = await answer.read()
        except TimeoutError:
            return gateway_response(target.timed_out)
        except aiohttp.ClientError:
            logger.exception("The emulator does not respond")
            return gateway_response(target.timed_out)
        is_own = OWN_ANSWER in answer.headers
        is_failure = is_function_failure(answer.status, answer.content_type) and not is_own
        if is_failure or len(content) > MAX_ANSWER_BYTES:
            logger.error("A function failed: %s", content[:2_000].decode("utf-8", "replace"))
            return gateway_response(target.failed)
        return web.Response(status=answer.status, body=content, headers=end_to_end_headers(answer.headers))


def end_to_end_headers(
    headers: Mapping[str, str], secret: Mapping[str, str] | None = None
) -> CIMultiDict[str]:
    """Return end-to-end headers, including repeated ones, and those of the front itself."""
    own = secret or {}
    dropped = NOT_PASSED_ON | {name.lower() for name in own}
    result = CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in dropped)
    result.extend(own)
    return result


def headers_for_emulator(headers: Mapping[str, str], secret: Mapping[str, str]) -> CIMultiDict[str]:
    """Return the headers for the emulator, without `Content-Encoding`: it would decompress a body to any size.

    Neither the real gateway nor our functions decompress bodies.
    """
    result = end_to_end_headers(headers, secret)
    result.popall("Content-Encoding", None)
    return result


def gateway_response(answer: GatewayAnswer, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return a response of the gateway itself; like the real one's it has no CORS headers, which only functions get."""
    return web.json_response({"message": answer.message}, status=answer.status, headers=headers)


def log_routes(routes: Routes) -> Middleware:
    """Return a middleware that logs one line for each request, as the deployed API does: the route, not the path."""

    @web.middleware
    async def log_request(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.monotonic()
        status = 500
        try:
            response = await handler(request)
            status = response.status
        except web.HTTPException as refusal:
            status = refusal.status
            raise
        finally:
            outside = next((each for each in ("/cdn/", "/openai/") if request.path.startswith(each)), None)
            route = f"{outside}{{path+}}" if outside else routes.name(request.method, request.path)
            milliseconds = (time.monotonic() - started) * 1000
            logger.info("%s %s %s %.0f ms", request.method, route, status, milliseconds)
        return response

    return log_request
