"""Whether anything happens in the emulator: the state of a stack that nobody uses is not saved again and again."""

from __future__ import annotations

import importlib
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    type Application = Callable[[MutableMapping[str, Any], Any, Any], Any]


class Activity:
    """When a request or an invocation of a function was last seen; safe for several threads."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._last = now()
        self._open_requests = 0

    def is_quiet_since(self, moment: float) -> bool:
        """Return whether nothing has happened since a moment of the monotonic clock, and nothing happens now."""
        return not self._open_requests and self._last < moment

    def watch_invocations(self) -> None:
        """Record the end of every invocation: queues, streams and schedules call functions without a request."""
        functions: Any = importlib.import_module("ministack.services.lambda_svc")
        emit = functions._emit_lambda_logs

        def emit_and_record(*arguments: Any, **options: Any) -> None:
            emit(*arguments, **options)
            self._last = self._now()

        functions._emit_lambda_logs = emit_and_record

    def watch_requests(self, application: Application) -> Application:
        """Return an ASGI application that records its requests."""

        async def watched(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                await application(scope, receive, send)
                return
            self._open_requests += 1
            try:
                await application(scope, receive, send)
            finally:
                self._open_requests -= 1
                self._last = self._now()

        return watched
