"""Show what the handlers log in the emulator's log file; MiniStack puts it into CloudWatch Logs alone."""

from __future__ import annotations

import importlib
import logging
from typing import Any

logger = logging.getLogger("function")


def log_functions() -> None:
    """Log every invocation's lines under the function's name."""
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    emit = functions._emit_lambda_logs

    def emit_and_log(
        function: dict[str, Any], request_id: str, text: str, *rest: Any, **options: Any
    ) -> None:
        name = (function.get("config") or function).get("FunctionName", "?")
        for line in text.splitlines():
            logger.info("%s %s", name, line)
        emit(function, request_id, text, *rest, **options)

    functions._emit_lambda_logs = emit_and_log
