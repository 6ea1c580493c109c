"""Many endpoints of webhooks in one process: those that accept, hang or are dead, and what each has received."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from image_store_client.webhooks import verify
from local.ports import any_free_port
from tests.e2e.conftest import REMOTE_ADDRESS
from tests.local_servers import LocalHandler, LocalServer

if TYPE_CHECKING:
    import httpx

HANGS_SECONDS = 15.0
"""Longer than a delivery waits for an answer."""
LOOK_SECONDS = 0.2


class EndpointServer(LocalServer):
    """Serves each path as an endpoint of its own. It accepts what is signed, unless it is off or hangs."""

    def __init__(self) -> None:
        super().__init__(_handler(self), address=REMOTE_ADDRESS)
        self.secrets: dict[str, str] = {}
        """By path."""
        self.hanging: set[str] = set()
        self.off: set[str] = set()
        """Paths whose app does not run: a proxy answers 502 in its place."""
        self.requests: Counter[str] = Counter()
        self.delays_s: dict[str, list[float]] = defaultdict(list)
        """How long after each event its delivery was here, by path."""
        self.accepted: dict[str, Counter[str]] = defaultdict(Counter)
        """How often each event was accepted, by path and id."""

    def take(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """Take a request; the status of the answer."""
        with self.lock:
            self.requests[path] += 1
        if path in self.hanging:
            time.sleep(HANGS_SECONDS)
            return 204
        if path in self.off:
            return 502
        event = verify(headers, body, self.secrets[path])
        delay_s = (datetime.now(UTC) - datetime.fromisoformat(event["created_at"])).total_seconds()
        with self.lock:
            self.accepted[path][event["id"]] += 1
            self.delays_s[path].append(delay_s)
        return 204


def _handler(server: EndpointServer) -> type[LocalHandler]:
    class Handler(LocalHandler):
        def do_POST(self) -> None:  # noqa: N802 - the name is that of the standard library
            status = server.take(self.path, dict(self.headers.items()), self.body())
            with suppress(OSError):  # whoever waited for a hanging endpoint has gone
                self.answer(status)

    return Handler


@dataclass(kw_only=True)
class FanOut:
    """Webhooks of one owner at endpoints of which some are dead and some hang."""

    http: httpx.Client
    server: EndpointServer
    types: str
    working: list[str] = field(default_factory=list)
    hanging: list[str] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)

    def create(self, *, working: int, hanging: int, dead: int) -> None:
        """Create the webhooks."""
        for number in range(working):
            self.working.append(self._create(f"{self.server.url}/working-{number}"))
        for number in range(hanging):
            path = self._create(f"{self.server.url}/hanging-{number}")
            self.hanging.append(path)
            self.server.hanging.add(path)
        for number in range(dead):
            self.dead.append(self._create(f"http://{REMOTE_ADDRESS}:{any_free_port()}/dead-{number}"))

    def _create(self, url: str) -> str:
        created: dict[str, Any] = (
            self.http.post("/v1/webhooks", json={"url": url, "types": self.types.split(",")})
            .raise_for_status()
            .json()
        )
        path = "/" + url.rpartition("/")[2]
        self.server.secrets[path] = created["secret"]
        return path

    def await_events(self, number: int, *, within_seconds: float) -> None:
        """Wait until each working endpoint has so many events."""
        until = time.monotonic() + within_seconds
        while min(len(self.server.accepted[path]) for path in self.working) < number:
            if time.monotonic() > until:
                raise TimeoutError({path: len(self.server.accepted[path]) for path in self.working})
            time.sleep(LOOK_SECONDS)
