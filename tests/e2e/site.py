"""A web site of another origin than the store's."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.typescript.built_client import BuiltClient
from tools.client import DIST

if TYPE_CHECKING:
    from pathlib import Path


class FolderServer(SimpleHTTPRequestHandler):
    """Serves a folder as it is now, without a line for each request."""

    def end_headers(self) -> None:
        """Keep browsers from guessing how long a file that has just changed may be kept."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Site:
    """A folder behind a port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server = ThreadingHTTPServer(("localhost", 0), partial(FolderServer, directory=str(folder)))
        self.origin = f"http://localhost:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def serve_client(self) -> None:
        """Build the TypeScript client and serve it at `/client`; again does nothing."""
        BuiltClient()
        if not (self.folder / "client").exists():
            (self.folder / "client").symlink_to(DIST)

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
