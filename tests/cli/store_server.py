"""A small image store on this machine's loopback address: real HTTP, with faults on demand."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import deque
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.local_servers import PATIENCE_SECONDS, LocalHandler, LocalServer


class StoreServer(LocalServer):
    """Stores pictures in memory by idempotency key, as the real one does.

    `before` and `after` hold what happens to the next uploads before or after they are stored: a status that is
    answered instead, or None for a connection that breaks without an answer.
    """

    def __init__(self) -> None:
        super().__init__(_handler(self))
        self.images: dict[str, dict[str, Any]] = {}
        self.ids: dict[str, str] = {}
        self.bytes: dict[str, bytes] = {}
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.before: deque[int | None] = deque()
        self.after: deque[int | None] = deque()
        self.refused: set[bytes] = set()
        self.documents: dict[str, tuple[int, Any]] = {}
        """Answers to GET by path, beside those about images: a status and a body."""
        self.remote: dict[str, bytes] = {}
        """Pictures elsewhere, by their address, which the store fetches."""
        self.attributes: dict[str, Any] = {}
        self.began = threading.Event()
        self.meet: threading.Barrier | None = None
        self.most_at_once = 0
        self._at_once = 0

    def count(self, method: str, path: str) -> int:
        """How many requests there were."""
        return sum((method, path) == (each[0], each[1]) for each in self.requests)

    def stored(self, key: str, attributes: dict[str, Any]) -> dict[str, Any]:
        """The image of a key, the same for each repeat."""
        with self.lock:
            image_id = self.ids.setdefault(key, f"image-{len(self.ids)}")
            return self.images.setdefault(
                image_id,
                {
                    "id": image_id,
                    "status": "ready",
                    "url": f"{self.url}/v1/images/{image_id}",
                    "public_url": None,
                    "created_at": "2999-01-01T00:00:00+00:00",
                    **attributes,
                    **self.attributes,
                },
            )

    def entered(self) -> None:
        """A request of an upload has begun; waits until as many as are to meet have."""
        with self.lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        self.began.set()
        if self.meet is not None:
            self.meet.wait(PATIENCE_SECONDS)

    def left(self) -> None:
        """It is over."""
        with self.lock:
            self._at_once -= 1


def _handler(store: StoreServer) -> type[LocalHandler]:
    class Handler(LocalHandler):
        def get(self) -> None:
            _, path = self._read()
            if path in store.documents:
                self._answer(*store.documents[path])
                return
            image = store.images.get(path.rpartition("/")[2])
            self._answer(200, image) if image else self._problem(404, "image_not_found")

        def post(self) -> None:
            body, path = self._read()
            if path == "/v1/images":
                self._upload(body)
            elif path == "/v1/uploads":
                announced = json.loads(body)
                ticket = f"upload-{announced['sha256'][:8]}"
                store.stored(ticket, {"sha256": announced["sha256"], "filename": announced["filename"]})
                upload = {
                    "method": "PUT",
                    "url": f"{store.url}/storage/{ticket}",
                    "headers": {"X-Pinned": "1"},
                }
                self._answer(201, {"id": ticket, "upload": upload})
            elif path.endswith("/complete"):
                self._complete(path.split("/")[3])
            else:
                self._answer(404, {"message": "Not Found"})

        def put(self) -> None:
            body, path = self._read()
            if path in store.bytes:
                self._answer(412, {})
                return
            if self._fails(store.before):
                return
            store.bytes[path] = body
            if not self._fails(store.after):
                self._answer(200, {})

        def _complete(self, ticket: str) -> None:
            if f"/storage/{ticket}" in store.bytes:
                self._answer(201, store.stored(ticket, {}))
            else:
                self._problem(409, "upload_incomplete")

        def _upload(self, body: bytes) -> None:
            store.entered()
            try:
                if self._fails(store.before):
                    return
                if body in store.refused:
                    self._problem(422, "invalid_image")
                    return
                if self.headers["Content-Type"] == "application/json":
                    self._fetch(json.loads(body))
                    return
                names = parse_qs(urlsplit(self.path).query)
                checksum = hashlib.sha256(body).hexdigest()
                attributes = {"filename": names["filename"][0], "sha256": checksum}
                image = store.stored(self.headers["Idempotency-Key"], attributes)
                if not self._fails(store.after):
                    self._answer(201, image)
            finally:
                store.left()

        def _fetch(self, announced: dict[str, Any]) -> None:
            url = announced.pop("source")["url"]
            if url not in store.remote:
                self._problem(422, "url_not_allowed")
                return
            data = store.remote[url]
            known = {"filename": url.rpartition("/")[2], "sha256": hashlib.sha256(data).hexdigest()}
            image = store.stored(
                self.headers["Idempotency-Key"], known | {"size_bytes": len(data)} | announced
            )
            if not self._fails(store.after):
                self._answer(201, image)

        def _fails(self, planned: deque[int | None]) -> bool:
            with store.lock:
                if not planned:
                    return False
                status = planned.popleft()
            if status is None:
                self.close_connection = True
            else:
                self._problem(status, "storage_unavailable" if status == 503 else "unauthorized")
            return True

        def _read(self) -> tuple[bytes, str]:
            path = urlsplit(self.path).path
            body = self.body()
            with store.lock:
                store.requests.append((self.command, path, dict(self.headers)))
            return body, path

        def _problem(self, status: int, code: str) -> None:
            body = {"title": "A title", "status": status, "detail": "Something is wrong.", "code": code}
            self._answer(status, body, **({"Retry-After": "1"} if status == 503 else {}))

        def _answer(self, status: int, body: Any, **headers: str) -> None:
            self.answer(status, json.dumps(body).encode(), {"Content-Type": "application/json", **headers})

    for method, answer in {"GET": Handler.get, "POST": Handler.post, "PUT": Handler.put}.items():
        setattr(Handler, f"do_{method}", answer)
    return Handler
