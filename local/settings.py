"""What a person may choose about a local stack: its port, the folder of its state, and template parameters."""

from __future__ import annotations

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
PRIVATE_BUCKET = "image-store-private"
PUBLIC_BUCKET = "image-store-public"
ALLOWED_ORIGINS = "AllowedOrigins"
"""The template's parameter. Its default is every origin; a page of any could then ask a store on this machine."""
R2_SECRET = f"{STACK_NAME}/r2"


@dataclass(frozen=True)
class LocalSettings:
    """One stack's port and state folder; two stacks that differ in both run side by side."""

    port: int
    state: Path
    template_parameters: Mapping[str, str] = field(default_factory=dict)
    """Values for parameters of the template that the launcher leaves at their defaults."""

    @property
    def api_url(self) -> str:
        """The one address of the API; it is also what links in answers begin with."""
        return f"http://localhost:{self.port}"

    @property
    def origins(self) -> frozenset[str]:
        """The origins of pages that may use the stack: its own, and those that a person names for the template."""
        named = self.template_parameters.get(ALLOWED_ORIGINS, "").split(",")
        return frozenset({self.api_url, *(origin.strip() for origin in named if origin.strip())})

    @property
    def public_url(self) -> str:
        """Where the public bucket is read, as through a CDN."""
        return f"{self.api_url}/cdn"


def local_settings(environment: Mapping[str, str], *, root: Path) -> LocalSettings:
    """Read ``PORT``, ``STATE`` and ``TEMPLATE_PARAMETERS``; a relative ``STATE`` lies in the checkout.

    ``TEMPLATE_PARAMETERS`` holds ``Name=value`` pairs as a shell would split them.
    """
    said = environment.get("PORT") or str(DEFAULT_PORT)
    if not said.isascii() or not said.isdigit() or not 0 < int(said) <= HIGHEST_PORT:
        raise CannotRun(f"PORT must be a number from 1 to {HIGHEST_PORT}, and it is {said!r}.")
    return LocalSettings(
        port=int(said),
        state=(root / (environment.get("STATE") or DEFAULT_STATE)).resolve(),
        template_parameters=_pairs(environment.get("TEMPLATE_PARAMETERS", "")),
    )


def _pairs(said: str) -> dict[str, str]:
    try:
        pairs = [pair.partition("=") for pair in shlex.split(said)]
    except ValueError:
        pairs = [("", "", "")]
    if not all(name.isalnum() and equals for name, equals, _ in pairs):
        raise CannotRun(
            f"TEMPLATE_PARAMETERS must be Name=value pairs with spaces between them, not {said!r}."
        )
    return {name: value for name, _, value in pairs}
