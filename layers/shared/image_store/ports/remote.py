"""Images at addresses of others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server somewhere answered."""

    data: bytes
    content_type: str | None
    """As it was sent; nobody vouches for it."""


class Fetcher(Protocol):
    """Reads what other people's servers hold."""

    def fetch(self, url: str, *, max_bytes: int, until: datetime) -> Fetched:
        """Read what a URL leads to, at the latest by `until`.

        Raises
        ------
        UrlNotAllowed
            the URL, an address behind it or the answer is not acceptable, or there was no answer
        """
        ...
