"""What a person may choose about a local stack: its port, the folder of its state, and parameters of the template.

``IMAGE_STORE_PARAMETERS`` is a JSON object of texts: template parameters that differ from what the launcher gives or
the template defaults to, such as ``{"TrashRetentionDays": "0"}``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from local.problems import CannotRun

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DEFAULT_PORT = 8080
DEFAULT_STATE = ".local"
HIGHEST_PORT = 65_535

REGION = "us-east-1"
STACK_NAME = "image-store"
AUDIENCE = "image-store"
PRIVATE_BUCKET = "image-store-private"
PUBLIC_BUCKET = "image-store-public"
R2_SECRET = f"{STACK_NAME}/r2"


@dataclass(frozen=True)
class LocalSettings:
    """One stack's port and state folder; two stacks that differ in both run side by side."""

    port: int
    state: Path
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def api_url(self) -> str:
        """The one address of the API; it is also what links in answers begin with."""
        return f"http://localhost:{self.port}"

    @property
    def public_url(self) -> str:
        """Where the public bucket is read, as through a CDN."""
        return f"{self.api_url}/cdn"


def local_settings(environment: Mapping[str, str], *, root: Path) -> LocalSettings:
    """Read ``PORT``, ``STATE`` and ``IMAGE_STORE_PARAMETERS``; a relative ``STATE`` lies in the checkout."""
    said = environment.get("PORT") or str(DEFAULT_PORT)
    if not said.isascii() or not said.isdigit() or not 0 < int(said) <= HIGHEST_PORT:
        raise CannotRun(f"PORT must be a number from 1 to {HIGHEST_PORT}, and it is {said!r}.")
    return LocalSettings(
        port=int(said),
        state=(root / (environment.get("STATE") or DEFAULT_STATE)).resolve(),
        parameters=parameters(environment.get("IMAGE_STORE_PARAMETERS") or "{}"),
    )


def parameters(text: str) -> dict[str, str]:
    """Read template parameters from a JSON object of texts."""
    try:
        read = json.loads(text)
    except ValueError:
        read = None
    if not isinstance(read, dict) or not all(isinstance(value, str) for value in read.values()):
        raise CannotRun(f"IMAGE_STORE_PARAMETERS must be a JSON object of texts, and it is {text!r}.")
    return read
