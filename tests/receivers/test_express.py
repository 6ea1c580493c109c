"""What the Python client signs, Express receives: by the TypeScript client and by the library of Standard Webhooks."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from image_store_client.webhooks import new_secret, signed_headers
from local import bootstrap
from tools import client

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
SECRET = new_secret()
EVENT = {"id": "e1", "type": "image.created", "owner_id": "äö 🦊", "data": {"image_id": "i1"}}
SECONDS = 10


class Express:
    """The running app."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._url = f"http://127.0.0.1:{self.printed()}"

    def printed(self) -> Any:
        """The next line of the app."""
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def receive(self, path: str, *, body: bytes, **changes: str) -> int:
        """Post an event with its signature, or with other headers; the status of the answer."""
        now = int(time.time())
        headers = signed_headers(SECRET, message_id="e1", timestamp=now, body=json.dumps(EVENT).encode())
        content_type = {"Content-Type": "application/json"}
        return httpx.post(
            self._url + path, content=body, headers=headers | content_type | changes, timeout=SECONDS
        ).status_code


@pytest.fixture(scope="module")
def express() -> Iterator[Express]:
    assert bootstrap.main(["client", "receivers"], root=ROOT) == 0
    client.build()
    environment = ROOT / bootstrap.ENVIRONMENTS["receivers"].folder
    script = environment / "packages/express.mjs"  # it finds the packages beside it
    script.write_bytes((ROOT / "tests/receivers/express.mjs").read_bytes())
    process = subprocess.Popen(
        [bootstrap.node_of(environment), script],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"SECRET": SECRET, "CLIENT": (client.DIST / "webhooks/index.js").as_uri()},
    )
    with process:
        try:
            yield Express(process)
        finally:
            process.kill()


@pytest.mark.parametrize("path", ["/client", "/library"])
def test_express_receives_what_was_signed(express: Express, path: str) -> None:
    status = express.receive(path, body=json.dumps(EVENT).encode())

    assert (status, express.printed()) == (204, EVENT)


@pytest.mark.parametrize("path", ["/client", "/library"])
def test_express_refuses_what_was_changed(express: Express, path: str) -> None:
    body = json.dumps(EVENT).encode()
    old = {"webhook-timestamp": "1772366400"}

    statuses = [
        express.receive(path, body=body.replace(b"i1", b"i2")),
        express.receive(path, body=body, **{"webhook-id": "e2"}),
        express.receive(path, body=body, **old),
        express.receive(path, body=b""),
    ]

    assert statuses == [400, 400, 400, 400]
