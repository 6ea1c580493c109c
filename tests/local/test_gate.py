"""What passes to the emulator."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from local.inside_emulator.gate import CHECKPOINT_PATH, LocalhostOnly

PASSED_ON = 200


class Emulator:
    """Answers 200 to everything that reaches it, and counts the saves."""

    def __init__(self) -> None:
        self.saves = 0

    def save(self) -> None:
        self.saves += 1

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": PASSED_ON, "headers": []})

    def status(self, method: str, path: str, *, host: bytes = b"localhost:18080") -> int:
        """Send one request through the gate and answer its status."""
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request"}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        scope = {"type": "http", "method": method, "path": path, "headers": [(b"host", host)]}
        asyncio.run(LocalhostOnly(self, self.save)(scope, receive, send))
        status: int = sent[0]["status"]
        return status


def test_an_ordinary_request_passes() -> None:
    assert Emulator().status("PUT", "/image-store-private/key") == PASSED_ON


def test_a_foreign_host_name_does_not() -> None:
    assert Emulator().status("GET", "/", host=b"evil.example") == 421


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_ministack/config"])
def test_nothing_reaches_the_unauthenticated_levers(path: str) -> None:
    assert Emulator().status("POST", path) == 403


def test_a_checkpoint_saves_and_says_so() -> None:
    emulator = Emulator()

    assert emulator.status("POST", CHECKPOINT_PATH) == 204
    assert emulator.saves == 1
