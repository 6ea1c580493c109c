"""Settings of a local stack: its port, its state folder, and template parameters."""

from __future__ import annotations

import json
import re
import shlex
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
CONSOLE_CLIENT_ID = "console"
SECOND_AUDIENCE = "second-app"
SECOND_PREFIX = "second:"
"""What the owners of the second issuer's tokens begin with."""
PRIVATE_BUCKET = "image-store-private"
PUBLIC_BUCKET = "image-store-public"
BACKUP_BUCKET = "image-store-backup"
ALLOWED_ORIGINS = "AllowedOrigins"
"""The template's parameter. Its default is every origin, but any web page could then use a store on this machine."""
ORIGIN = re.compile(r"\*|https?://[^/\s]+")
MCP_PATH = "/mcp"
"""The route for AI clients, as the store declares it; a test compares both."""
R2_SECRET = f"{STACK_NAME}/r2"


@dataclass(frozen=True)
class LocalSettings:
    """One stack's port and state folder; two stacks that differ in both run side by side."""

    port: int
    state: Path
    template_parameters: Mapping[str, str] = field(default_factory=dict)
    """Values of template parameters that the launcher does not set itself."""

    @property
    def api_url(self) -> str:
        """The address of the API; links in responses start with it."""
        return f"http://localhost:{self.port}"

    @property
    def origins(self) -> frozenset[str]:
        """Origins of pages that may use the stack: its own, and those in the template parameter."""
        other_origins = self.template_parameters.get(ALLOWED_ORIGINS, "").split(",")
        return frozenset({self.api_url, *(origin.strip() for origin in other_origins if origin.strip())})

    @property
    def public_url(self) -> str:
        """The address of the public bucket, served as by a CDN."""
        return f"{self.api_url}/cdn"


def local_settings(environment: Mapping[str, str], *, root: Path) -> LocalSettings:
    """Read ``PORT``, ``STATE`` and ``TEMPLATE_PARAMETERS``; a relative ``STATE`` is below the checkout.

    ``TEMPLATE_PARAMETERS`` has ``Name=value`` pairs, separated as in a shell.
    """
    port = environment.get("PORT") or str(DEFAULT_PORT)
    if not port.isascii() or not port.isdigit() or not 0 < int(port) <= HIGHEST_PORT:
        raise CannotRun(f"PORT must be a number from 1 to {HIGHEST_PORT}, not {port!r}.")
    return LocalSettings(
        port=int(port),
        state=(root / (environment.get("STATE") or DEFAULT_STATE)).resolve(),
        template_parameters=_valid(_pairs(environment.get("TEMPLATE_PARAMETERS", ""))),
    )


def _pairs(text: str) -> dict[str, str]:
    try:
        pairs = [pair.partition("=") for pair in shlex.split(text)]
    except ValueError:
        pairs = [("", "", "")]
    if not all(name.isalnum() and equals for name, equals, _ in pairs):
        raise CannotRun(f"TEMPLATE_PARAMETERS must be Name=value pairs separated by spaces, not {text!r}.")
    return {name: value for name, _, value in pairs}


def _valid(parameters: dict[str, str]) -> dict[str, str]:
    """Check the values that a shell or a person often gets wrong, since the functions would fail with each request."""
    for origin in filter(None, parameters.get(ALLOWED_ORIGINS, "").split(",")):
        if not ORIGIN.fullmatch(origin.strip()):
            raise CannotRun(
                f"{ALLOWED_ORIGINS} in TEMPLATE_PARAMETERS has {origin!r}: an origin is like http://localhost:5173, "
                "without a path or a slash at its end."
            )
    try:
        is_list = isinstance(json.loads(parameters.get("Issuers") or "[]"), list)
    except ValueError:
        is_list = False
    if not is_list:
        raise CannotRun(
            "Issuers in TEMPLATE_PARAMETERS is not a JSON list. Its quotes need others around them: "
            """TEMPLATE_PARAMETERS="Issuers='$ISSUERS'"."""
        )
    return parameters
