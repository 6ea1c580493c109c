"""How soon apps have events by their webhooks on the local stack: one by one, and a thousand for twenty apps."""

import json
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from image_store_client import ImageStore
from image_store_client.webhooks import verify
from local.ports import any_free_port
from tests.benchmarks.measurement import Measurement
from tests.e2e.conftest import REMOTE_ADDRESS, Stack
from tests.e2e.many_endpoints import EndpointServer, FanOut
from tests.pictures import jpeg

_WARM_UP = 5
_IMAGES = 30
_MOST_SECONDS = 60
_PAUSE_SECONDS = 0.5
_BAR = 2.0

_EDITS = 1_000
_EDITED_IMAGES = 20
_EDITORS = 8
_WORKING, _HANGING, _DEAD = 15, 3, 2
_KNOWN_AFTER_SECONDS = 12
"""New webhooks may be unknown for so long to who records events."""
_FAN_OUT_SECONDS = 900
_LATE_BAR = 60.0


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
            yield _fan_out(stack)
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


def _fan_out(stack: Stack) -> Measurement:
    """Edit images a thousand times for apps of which some hang and some are dead: when the others have all events."""
    with EndpointServer() as server, stack.http("editor") as http:
        images = []
        for number in range(_EDITED_IMAGES):
            picture = jpeg(64 + number, 48)
            answer = http.post("/v1/images", content=picture, headers={"Content-Type": "image/jpeg"})
            images.append(answer.raise_for_status().json()["id"])
        apps = FanOut(http=http, server=server, types="image.updated")
        apps.create(working=_WORKING, hanging=_HANGING, dead=_DEAD)
        time.sleep(_KNOWN_AFTER_SECONDS)

        def edit(image_id: str) -> None:
            for number in range(_EDITS // _EDITED_IMAGES):
                http.patch(f"/v1/images/{image_id}", json={"title": f"{number}"}).raise_for_status()

        begun_at = time.monotonic()
        with ThreadPoolExecutor(_EDITORS) as pool:
            list(pool.map(edit, images))
        edited_at = time.monotonic()
        apps.await_events(_EDITS, within_seconds=_FAN_OUT_SECONDS)
        ended_at = time.monotonic()
    delays = [delay for path in apps.working for delay in server.delays_s[path]]
    repeats = sum(count - 1 for path in apps.working for count in server.accepted[path].values())
    detail = (
        f"{_EDITS} edits in {edited_at - begun_at:.0f} s; an app had one after {statistics.median(delays):.1f} s, "
        f"at most {max(delays):.1f} s; {repeats} came twice; "
        f"{sum(server.requests[path] for path in apps.hanging)} requests to apps that hang"
    )
    return Measurement("event_fan_out_late_s", round(ended_at - edited_at, 1), "s", _LATE_BAR, detail)
