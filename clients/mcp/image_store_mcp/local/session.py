"""One client over stdin and stdout: the server of the protocol, the store, and the version that both agreed on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from image_store_mcp.protocol.context import RequestContext
from image_store_mcp.protocol.failures import cut
from image_store_mcp.protocol.server import Server
from image_store_mcp.protocol.versions import LEGACY
from image_store_mcp.server_features import server_features

if TYPE_CHECKING:
    from collections.abc import Sequence

    from image_store_client import ImageStore
    from image_store_mcp.tools.tool import Tool

MAX_REPORT_CHARS = 300


class Session:
    """Answers the messages of one client; safe to use from several threads."""

    def __init__(self, store: ImageStore, tools: Sequence[Tool]) -> None:
        self._store = store
        self._version = LEGACY[0]
        self._server = Server(server_features(tools), report=_report)

    def answer(self, message: object) -> dict[str, Any] | None:
        """The answer to a message; None if it has none. It never raises."""
        answer = self._server.answer(
            message, RequestContext(store=lambda: self._store, version=self._version)
        )
        if isinstance(message, dict) and message.get("method") == "initialize" and answer is not None:
            self._version = answer.get("result", {}).get("protocolVersion", self._version)
        return answer


def _report(failed: Exception) -> None:
    """Say on stderr, which clients show in their logs, that there is a mistake in this program.

    The text may hold what a client or another person wrote, so it stays one short line without control characters.
    """
    sys.stderr.write(f"image-store mcp: {type(failed).__name__}: {cut(str(failed), MAX_REPORT_CHARS)}\n")
