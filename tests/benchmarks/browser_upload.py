"""What a page needs beyond the file to upload 100 MB with the TypeScript client, in Chromium.

The heap of the page is read while it hashes and sends: JavaScript, buffers outside of it, and what the browser keeps
for it. A server on this machine takes the place of the store, because the memory of the page does not depend on it.
"""

from __future__ import annotations

import json
import tempfile
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.measurement import Measurement
from tests.chromium import running_chromium
from tools import client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

FILE_BYTES = 100 * 1024 * 1024
BAR_MB = 32
POLL_MS = 5
HASHES = client.PACKAGE / "node_modules/@noble/hashes"
PAGE = """<!doctype html><title>Upload</title>
<script type="importmap">{"imports": {"@noble/hashes/": "/hashes/"}}</script>
<input type="file">
<script type="module">
  import { createImageStore } from "/client/index.js";
  const store = createImageStore({ url: location.origin, uploadToken: "iut_1" });
  window.phases = new Set();
  document.querySelector("input").onchange = async ({ target }) => {
    const onProgress = ({ phase }) => phases.add(phase);
    window.image = await store.upload(target.files[0], {}, { onProgress }).catch(String);
  };
</script>"""


class Handler(BaseHTTPRequestHandler):
    """Serves the page and the built client, and accepts a direct upload without keeping it."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Serve the page or a script."""
        _, folder, *rest = self.path.split("/")
        scripts = {"client": client.DIST, "hashes": HASHES}.get(folder)
        if scripts is None:
            self._answer(200, PAGE.encode(), "text/html")
        else:
            self._answer(200, scripts.joinpath(*rest).read_bytes(), "text/javascript")

    def do_POST(self) -> None:
        """Begin or complete the upload."""
        self._read()
        link = f"http://{self.headers['Host']}/storage"
        ticket = {"id": "1", "upload": {"method": "PUT", "url": link, "headers": {}}, "expires_at": ""}
        self._answer(201, json.dumps(ticket if self.path == "/v1/uploads" else {"id": "1"}).encode())

    def do_PUT(self) -> None:
        """Take the bytes."""
        self._answer(200 if self._read() == FILE_BYTES else 400, b"")

    def _read(self) -> int:
        left = size = int(self.headers["Content-Length"] or 0)
        while left > 0:
            left -= len(self.rfile.read(min(left, 1 << 16)))
        return size

    def _answer(self, status: int, body: bytes, content_type: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving() -> Iterator[str]:
    """The server while it runs, by its address."""
    server = ThreadingHTTPServer(("localhost", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def extra_memory_mb(browser: Browser, folder: Path) -> float:
    """Upload 100 MB from a page; answer by how many MB its heap grew at most. Needs the built client."""
    file = folder / "large.jpg"
    with file.open("wb") as out:
        out.write(b"\xff\xd8\xff\xe0")
        out.truncate(FILE_BYTES)
    with serving() as url:
        page = browser.new_page()
        page.goto(url)
        heap = page.context.new_cdp_session(page)
        heap.send("HeapProfiler.collectGarbage")
        before = peak = _heap_bytes(heap)
        page.set_input_files("input", file)
        while page.evaluate("window.image === undefined"):
            peak = max(peak, _heap_bytes(heap))
            page.wait_for_timeout(POLL_MS)
        image, phases = page.evaluate("[image, [...phases]]")
        page.close()
    assert image == {"id": "1", "existed": False}, image
    assert phases == ["hashing", "sending", "finishing"]
    return (peak - before) / 1024**2


def _heap_bytes(session: Any) -> int:
    usage = session.send("Runtime.getHeapUsage")
    return int(usage["usedSize"] + usage["embedderHeapUsedSize"] + usage["backingStorageSize"])


def measure(_: Path) -> Iterator[Measurement]:
    """Build the client and upload once."""
    client.build()
    with tempfile.TemporaryDirectory() as folder, running_chromium() as browser:
        yield Measurement("browser_upload_100mb_extra", extra_memory_mb(browser, Path(folder)), "MB", BAR_MB)
