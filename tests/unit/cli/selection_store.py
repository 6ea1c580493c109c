"""A store that a test plays: images with bytes, groups and tags, by the routes that `sync` uses."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from typing import Any

import httpx

from tests.unit.cli.terminal import problem

STORAGE = "https://storage.example"


class SelectionStore:
    """Answers requests from several threads; `fails` names paths of routes, by ending, that answer 500."""

    def __init__(self) -> None:
        self.images: dict[str, dict[str, Any]] = {}
        self.bytes: dict[str, bytes] = {}
        self.trash: list[str] = []
        self.fails: tuple[str, ...] = ()
        self.refuses_uploads = False
        self.interrupt_after: int | None = None
        """The number of uploads after which somebody presses Ctrl-C; None for never."""
        self.requests: Counter[str] = Counter()
        self._lock = threading.Lock()

    def put(
        self, data: bytes, filename: str, *, groups: tuple[str, ...] = (), tags: tuple[str, ...] = ()
    ) -> str:
        """Store an image, and return its id; bytes that are stored already keep their image."""
        checksum = hashlib.sha256(data).hexdigest()
        for image_id, image in self.images.items():
            if image["sha256"] == checksum:
                return image_id
        image_id = f"id{len(self.images) + len(self.trash)}"
        by_type: dict[str, list[str]] = {}
        for group in groups:
            kind, _, name = group.partition(":")
            by_type.setdefault(kind, []).append(name)
        self.bytes[image_id] = data
        self.images[image_id] = {
            "id": image_id, "status": "ready", "filename": filename, "content_type": "image/jpeg", "sha256": checksum,
            "size_bytes": len(data), "groups": by_type, "tags": list(tags),
        }  # fmt: skip
        return image_id

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """The response."""
        path = request.url.path.removeprefix("/v1/images")
        with self._lock:
            self.requests[f"{request.method} {'list' if path == '' else path.rpartition('/')[2]}"] += 1
            if request.url.path.endswith(self.fails) and self.fails:
                return problem(500, "internal_error")
            if str(request.url).startswith(STORAGE):
                return httpx.Response(200, stream=httpx.ByteStream(self.bytes[request.url.path.strip("/")]))
            if request.method == "GET":
                return self._get(path.strip("/"), request)
            if request.method == "PATCH":
                return self._patch(path.strip("/"), json.loads(request.content))
            if path == "/batch-delete":
                return self._delete(json.loads(request.content))
            if self.refuses_uploads:
                return problem(401, "invalid_token")
            if self.interrupt_after is not None and len(self.images) >= self.interrupt_after:
                raise KeyboardInterrupt
            query = request.url.params
            groups, tags = tuple(query.get_list("group")), tuple(query.get_list("tag"))
            before = len(self.images)
            image_id = self.put(request.content, query["filename"], groups=groups, tags=tags)
            return httpx.Response(200 if len(self.images) == before else 201, json=self.images[image_id])

    def _get(self, path: str, request: httpx.Request) -> httpx.Response:
        if path == "":
            return self._list(request.url.params)
        image_id, _, content = path.partition("/")
        if image_id not in self.images:
            return problem(404, "image_not_found")
        if content:
            return httpx.Response(302, headers={"Location": f"{STORAGE}/{image_id}"})
        return httpx.Response(200, json=self.images[image_id], headers={"ETag": '"1"'})

    def _list(self, query: httpx.QueryParams) -> httpx.Response:
        """One image a page, so that every list has pages."""
        kind, _, name = query.get("group", "").partition(":")
        matching = [
            image
            for image in self.images.values()
            if (not kind or name in image["groups"].get(kind, ()))
            and query.get("tag") in (None, *image["tags"])
        ]
        start = int(query.get("cursor", 0))
        cards = [{key: each[key] for key in ("id", "filename", "content_type")} for each in matching]
        more = str(start + 1) if start + 1 < len(cards) else None
        return httpx.Response(200, json={"items": cards[start : start + 1], "next_cursor": more})

    def _patch(self, image_id: str, changes: dict[str, Any]) -> httpx.Response:
        image = self.images[image_id]
        groups = image["groups"] | changes.get("groups", {})
        self.images[image_id] = image | changes | {"groups": groups}
        return httpx.Response(200, json=self.images[image_id])

    def _delete(self, body: dict[str, Any]) -> httpx.Response:
        assert body["permanent"] is False
        for image_id in body["ids"]:
            del self.images[image_id]
            self.trash.append(image_id)
        return httpx.Response(200, json={"successful": body["ids"], "failed": []})
