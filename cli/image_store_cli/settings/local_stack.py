"""Finds a running local stack by the `stack.json` that `make run` writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from image_store_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

STATE_FOLDER = ".local"
STACK_FILE = "stack.json"


def find(environment: Mapping[str, str], start: Path) -> Path | None:
    """The `stack.json` of `STATE`, or of the checkout that contains a folder; None if no stack is running."""
    if state := environment.get("STATE"):
        candidates = [Path(state) / STACK_FILE]
    else:
        candidates = [folder / STATE_FOLDER / STACK_FILE for folder in (start, *start.parents)]
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def read(path: Path) -> dict[str, str]:
    """Read the `stack.json` of a stack; UsageError if it is not one."""
    try:
        values = json.loads(path.read_text())
    except (OSError, ValueError) as unreadable:
        raise UsageError(
            f"{path} is not the description of a running stack: start one with `make run`."
        ) from unreadable
    if not isinstance(values, dict) or "api_url" not in values:
        raise UsageError(f"{path} does not describe a stack: it has no api_url.")
    return {str(name): str(value) for name, value in values.items()}
