"""A deployment in memory for the command line: its API, and the storage that links lead to."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httpx

from image_store.domain.callers.caller import key_holder, user
from image_store.entrypoints.callers.verdicts import verdict_of
from tests.functions.api_in_memory import ApiInMemory
from tests.unit.cli.terminal import TOKEN, Said, command

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from image_store.domain.callers.scopes import Scope
    from tests.functions.deployment import Deployment

URL = "https://api.example.com"
STORAGE = ".invalid"
"""How the hosts of links into buckets in memory end."""


def with_ids_of_its_own(deployment: Deployment) -> Deployment:
    """A deployment whose images have other ids than those of another one in the same test."""
    deployment.first_id = 1_000_000
    return deployment


class StoreInMemory:
    """A store that commands in this process can call, as a user or with an API key of `key_scopes`.

    It answers one request at a time.
    """

    def __init__(
        self,
        deployment: Deployment,
        *,
        owner: str = "alice",
        is_admin: bool = False,
        key_scopes: Collection[Scope] | None = None,
    ) -> None:
        self.deployment = deployment
        self.requests: list[str] = []
        caller = user(owner, scopes=(), admin_scope="", admin_subjects=(owner,) if is_admin else ())
        if key_scopes is not None:
            caller = key_holder("k1", owner=owner, scopes=key_scopes)
        self._api = ApiInMemory(deployment, {TOKEN: verdict_of(caller)})
        self._lock = threading.Lock()

    def run(self, *words: str, folder: Path, url: str = URL) -> Said:
        """Run one command in a folder, in which it also keeps its journal."""
        return command(self, *words, folder=folder, url=url)

    def post(self, path: str, **options: Any) -> Any:
        """Send a POST that succeeds, and return its JSON."""
        return self._send("POST", path, **options)

    def get(self, path: str) -> Any:
        """Send a GET that succeeds, and return its JSON."""
        return self._send("GET", path)

    def patch(self, path: str, changes: dict[str, Any]) -> Any:
        """Send a PATCH that succeeds, and return its JSON."""
        return self._send("PATCH", path, json=changes)

    def delete(self, path: str) -> None:
        """Send a DELETE that succeeds."""
        self._send("DELETE", path)

    def _send(self, method: str, path: str, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with httpx.Client(transport=httpx.MockTransport(self), headers=headers) as client:
            response = client.request(method, f"{URL}{path}", **options)
        assert response.status_code < 300, response.text
        return response.json() if response.content else None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        with self._lock:
            self.requests.append(f"{request.method} {request.url.path}")
            if request.url.host.endswith(STORAGE):
                return self._of_storage(request)
            return self._api.handle_request(request)

    def _of_storage(self, request: httpx.Request) -> httpx.Response:
        bucket = self.deployment.buckets[request.url.host.removesuffix(STORAGE)]
        key = unquote(request.url.raw_path.decode().partition("?")[0].removeprefix("/"))
        if request.method == "PUT":
            data = request.read()
            bucket.put(key, data, content_type=request.headers["Content-Type"], cache_control="", metadata={})
            return httpx.Response(200)
        return httpx.Response(200, stream=httpx.ByteStream(bucket.objects[key].data))
