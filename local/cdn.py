"""The public bucket as a CDN serves it: readable with the key, never listed."""

from __future__ import annotations

from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

ASKED = ("Accept", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "Origin", "Range")
ANSWERED = (
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
NOT_FOUND = {403, 404}  # a bucket answers 403 for what is not there to those who may not list it
CHUNK_BYTES = 64 * 1024


class Cdn:
    """Serves GET and HEAD of one bucket; conditional and range requests are the bucket's."""

    def __init__(self, *, storage: Any, bucket: str, http: aiohttp.ClientSession) -> None:
        self._storage = storage
        self._bucket = bucket
        self._http = http

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one object, 404 without one, 405 to anything but a read."""
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
        asked = {name: request.headers[name] for name in ASKED if name in request.headers}
        async with self._http.request(
            request.method, URL(signed, encoded=True), headers=asked, skip_auto_headers=("Accept-Encoding",)
        ) as found:
            if found.status in NOT_FOUND:
                raise web.HTTPNotFound
            response = web.StreamResponse(status=found.status)
            response.headers.update({name: found.headers[name] for name in ANSWERED if name in found.headers})
            response.headers["Vary"] = (
                "Origin"  # what a page may read depends on it, and browsers keep the answer
            )
            await response.prepare(request)
            async for chunk in found.content.iter_chunked(CHUNK_BYTES):
                await response.write(chunk)
            return response
