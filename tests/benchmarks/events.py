"""How long it takes from the response of an upload until an app has the event by its webhook, on the local stack."""

import json
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from image_store_client import ImageStore
from image_store_client.webhooks import verify
from local.ports import any_free_port
from tests.benchmarks.measurement import Measurement
from tests.e2e.conftest import REMOTE_ADDRESS, Stack
from tests.pictures import jpeg

_WARM_UP = 5
_IMAGES = 30
_MOST_SECONDS = 60
_PAUSE_SECONDS = 0.5
_BAR = 2.0


class App:
    """An app that remembers when it received which image."""

    def __init__(self) -> None:
        self.secret = ""
        self._received_at: dict[str, float] = {}
        self._change = threading.Condition()

    def receive(self, image_id: str) -> None:
        """Remember when an image was first heard of."""
        with self._change:
            self._received_at.setdefault(image_id, time.monotonic())
            self._change.notify_all()

    def received_at(self, image_id: str) -> float:
        """Wait until an image was heard of, and answer when that was."""
        with self._change:
            if not self._change.wait_for(lambda: image_id in self._received_at, timeout=_MOST_SECONDS):
                raise TimeoutError(f"no event of {image_id} within {_MOST_SECONDS} s")
            return self._received_at[image_id]

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Listen, and answer the address."""
        app = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                event = verify(dict(self.headers.items()), body, app.secret)
                if event["type"] == "image.created":
                    app.receive(json.loads(body)["data"]["image_id"])
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        with ThreadingHTTPServer((REMOTE_ADDRESS, 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                yield f"http://{REMOTE_ADDRESS}:{server.server_port}/hooks"
            finally:
                server.shutdown()


def measure(_: Path) -> Iterator[Measurement]:
    """Upload images one after the other."""
    with tempfile.TemporaryDirectory() as scratch:
        state = Path(scratch) / "state"
        state.mkdir()
        stack = Stack(port=any_free_port(), state=state)
        stack.start()
        try:
            yield _measured(stack)
        finally:
            stack.stop()


def _measured(stack: Stack) -> Measurement:
    app = App()
    with app.serving() as url, ImageStore(stack.api_url, token=stack.token("photographer")) as store:
        app.secret = store.webhooks.create(url=url)["secret"]

        def delay_s(number: int) -> float:
            image = store.upload(jpeg(64 + number, 48))
            stored_at = time.monotonic()
            delay = app.received_at(image["id"]) - stored_at
            time.sleep(_PAUSE_SECONDS)  # the turn before has ended
            return delay

        for number in range(_WARM_UP):
            delay_s(number)
        delays = [delay_s(_WARM_UP + number) for number in range(_IMAGES)]
    detail = f"{min(delays):.2f} to {max(delays):.2f} s of {_IMAGES} uploads"
    return Measurement("event_delivery_s", round(statistics.median(delays), 3), "s", _BAR, detail)
