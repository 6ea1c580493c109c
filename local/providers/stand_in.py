"""The base of the stand-ins: each declares its name, addresses and errors, reads requests and answers them."""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

KEY = "local"
"""The only key that a stand-in accepts."""


@dataclass(frozen=True)
class Failure:
    """An error as the provider writes it."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DrawingRequest:
    """A request for one picture."""

    prompt: str
    key: str
    seed: int | None = None
    """None for a random one."""
    width: int
    height: int
    media_format: str
    """Pillow's name of the format."""
    is_transparent: bool = False
    references: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    """Other fields of the request that the answer repeats."""


class StandIn(ABC):
    """A provider for one machine."""

    name: str
    path: str
    """The path below the server's address that clients use as the provider's address."""
    routes: tuple[tuple[str, str], ...]
    """Methods and paths, as aiohttp's router takes them."""
    variables: tuple[str, ...]
    """Environment variables that may hold a key of the real provider."""
    account_variable: str | None = None
    """The environment variable of the account, if a key needs one beside it."""
    url_variable: str | None = None
    """The environment variable of another address, if other servers speak the provider's API."""
    failures: Mapping[str, Failure]
    """The provider's errors by failure mode."""
    always_links = False
    """Whether its answers name their pictures and do not contain them."""

    @abstractmethod
    async def read(self, request: web.Request) -> DrawingRequest:
        """Read a request."""

    @abstractmethod
    def answer(self, request: web.Request, drawing: DrawingRequest, picture: bytes) -> web.Response:
        """Answer with a picture."""

    def answer_with_link(self, response: web.Response, link: str) -> web.Response | None:
        """The answer with a link in place of its picture; None if the provider never answers so."""
        return None


def bearer(request: web.Request) -> str:
    """The key in the Authorization header."""
    return request.headers.get("Authorization", "").removeprefix("Bearer ")


def base64_text(data: bytes) -> str:
    """Bytes as base64."""
    return base64.b64encode(data).decode("ascii")
