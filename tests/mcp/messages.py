"""Messages to a server of the protocol, and a store whose only job is in the state that a test says."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

from image_store_client import ImageStore
from image_store_mcp.protocol import http
from image_store_mcp.protocol.context import RequestContext
from image_store_mcp.protocol.routing_headers import NAME_PARAMETERS
from image_store_mcp.protocol.server import Server
from image_store_mcp.protocol.versions import (
    CAPABILITIES_KEY,
    LEGACY,
    MODERN,
    TASKS,
    VERSION_KEY,
    version_of_header,
)
from image_store_mcp.server_features import server_features
from image_store_mcp.tools.patience import Patience
from tests.mcp.fake_time import FakeTime

URL = "https://images.example.com"
JOB_ID = "019ca945-0a00-7000-8000-00000000000a"
IMAGE_ID = "019ca945-0a00-7000-8000-000000000001"
WITH_TASKS: dict[str, Any] = {"extensions": {TASKS: {}}}

BREAKDOWNS = ("by_kind", "by_format", "by_visibility", "by_model")


def job(status: str) -> dict[str, Any]:
    """A job of one image, as the API answers it."""
    ended = status == "succeeded"
    item = {
        "index": 0,
        "request_index": 0,
        "prompt": "A cat",
        "status": status,
        "provider": "google",
        "model": "m",
        "attempts": 1,
        "duration_ms": 900,
        "cost_usd": 0.01,
        "image_id": IMAGE_ID if ended else None,
        "error": None,
    }
    counts = dict.fromkeys(("queued", "running", "succeeded", "failed", "cancelled"), 0) | {status: 1}
    return {
        "id": JOB_ID,
        "status": status,
        "progress": {"total": 1, **counts},
        "cost_usd": 0.01 if ended else None,
        "provider": "google",
        "model": "m",
        "prompt": "A cat",
        "image_id": item["image_id"],
        "created_at": "2026-11-29T10:00:00.000Z",
        "updated_at": "2026-11-29T10:00:01.000Z",
        "items": [item],
    }


@dataclass
class OneJob:
    """A store with one job. `states` are its states, one after the other; the last one stays."""

    states: list[str] = field(default_factory=lambda: ["running"])
    fault: int | None = None
    """The status of every response, in place of the job."""
    requests: list[str] = field(default_factory=list)

    def store(self) -> ImageStore:
        """A client of the store."""
        return ImageStore(
            URL,
            token="a-token",
            max_retries=0,
            http_client=httpx.Client(transport=httpx.MockTransport(self._answer)),
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(f"{request.method} {request.url.path}")
        if self.fault is not None:
            return httpx.Response(self.fault, json={"code": "storage_unavailable", "detail": "Not now."})
        if request.method == "DELETE":
            self.states = ["cancelled"]
        elif request.url.path.startswith("/v1/generations/") and not request.url.path.endswith(JOB_ID):
            return httpx.Response(404, json={"code": "job_not_found", "detail": "There is no such job."})
        elif request.url.path == "/v1/stats":
            nothing = {"images": 0, "size_bytes": 0}
            figures: dict[str, Any] = {name: {} for name in BREAKDOWNS}
            return httpx.Response(200, json={**nothing, **figures, "trash": nothing})
        elif not request.url.path.startswith("/v1/generations"):
            return httpx.Response(404, json={"code": "image_not_found", "detail": "There is no such image."})
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return httpx.Response(202 if request.method == "POST" else 200, json=job(state))


def raised(error: Exception) -> None:
    """Nothing unexpected may happen in a test of the protocol."""
    raise error


SERVER = Server(server_features(), report=raised)


def legacy(method: str, version: str = LEGACY[0], **params: Any) -> tuple[bytes, dict[str, str]]:
    """A request of a version with `initialize`, and its headers."""
    body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
    return json.dumps(body).encode(), {"mcp-protocol-version": version}


def modern(method: str, *, capabilities: Any = None, **params: Any) -> tuple[bytes, dict[str, str]]:
    """A request of the current version, with the headers that repeat its parts."""
    meta = {VERSION_KEY: MODERN, CAPABILITIES_KEY: capabilities or {}}
    body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": {**params, "_meta": meta}}
    headers = {"mcp-protocol-version": MODERN, "mcp-method": method}
    name = params.get(NAME_PARAMETERS.get(method, ""))
    return json.dumps(body).encode(), headers | ({"mcp-name": name} if name is not None else {})


def ask(
    sent: tuple[bytes, dict[str, str]],
    store: OneJob | None = None,
    *,
    wait_seconds: float = 0.0,
    time: FakeTime | None = None,
) -> tuple[int, Any]:
    """The status and the JSON of the answer over HTTP."""
    body, headers = sent
    time = time or FakeTime()
    call = RequestContext(
        store=(store or OneJob()).store,
        version=version_of_header(headers),
        headers=headers,
        patience=Patience(wait_seconds, now=time.now, sleep=time.sleep),
    )
    answer = http.answer(SERVER, body, call)
    return answer.status, json.loads(answer.body) if answer.body else None


def result_of(sent: tuple[bytes, dict[str, str]], store: OneJob | None = None) -> Any:
    """The result of a request that succeeds."""
    status, answer = ask(sent, store)
    assert status == 200, answer
    assert (answer["jsonrpc"], answer["id"]) == ("2.0", 7)
    return answer["result"]


def error_of(sent: tuple[bytes, dict[str, str]], store: OneJob | None = None) -> tuple[int, int]:
    """The status and the code of a request that is refused."""
    status, answer = ask(sent, store)
    assert answer["error"]["message"]
    return status, answer["error"]["code"]
