"""The public bucket as a CDN serves it: objects can be read by key, but not listed."""

from __future__ import annotations

from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

REQUEST_HEADERS = ("Accept", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "Origin", "Range")
RESPONSE_HEADERS = (
    "Accept-Ranges",
    "Access-Control-Allow-Origin",
    "Access-Control-Expose-Headers",
    "Cache-Control",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-Range",
    "Content-Type",
    "ETag",
    "Expires",
    "Last-Modified",
)
SIGNED_SECONDS = 60
NOT_FOUND = {403, 404}  # for a missing object a bucket answers 403 to those who may not list it
CHUNK_BYTES = 64 * 1024


class Cdn:
    """Serves GET and HEAD of one bucket, including conditional and range requests."""

    def __init__(self, *, storage: Any, bucket: str, http: aiohttp.ClientSession) -> None:
        self._storage = storage
        self._bucket = bucket
        self._http = http

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Respond with one object, or 404 if there is none, or 405 if the request is not a read."""
        if request.method not in {"GET", "HEAD"}:
            raise web.HTTPMethodNotAllowed(request.method, ["GET", "HEAD"])
        key = request.match_info["key"]
        if not key or key.endswith("/"):
            raise web.HTTPNotFound
        signed = self._storage.generate_presigned_url(
            f"{request.method.lower()}_object",
            Params={"Bucket": self._bucket, "Key": key},
            ExpiresIn=SIGNED_SECONDS,
        )
        headers = {name: request.headers[name] for name in REQUEST_HEADERS if name in request.headers}
        async with self._http.request(
            request.method, URL(signed, encoded=True), headers=headers, skip_auto_headers=("Accept-Encoding",)
        ) as answer:
            if answer.status in NOT_FOUND:
                raise web.HTTPNotFound
            response = web.StreamResponse(status=answer.status)
            response.headers.update(
                {name: answer.headers[name] for name in RESPONSE_HEADERS if name in answer.headers}
            )
            response.headers["Vary"] = "Origin"  # CORS headers depend on it, and browsers cache the response
            await response.prepare(request)
            async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
                await response.write(chunk)
            return response
