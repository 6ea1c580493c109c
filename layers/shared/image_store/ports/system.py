"""Ports of time and of identifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...


class Ids(Protocol):
    """Makes identifiers."""

    def image_id(self) -> str:
        """A new UUIDv7 in its canonical text form; later ids sort after earlier ones."""
        ...

    def attempt(self) -> str:
        """A new attempt: 64 random bits in hexadecimal, unique among the attempts of an image."""
        ...

    def token(self) -> str:
        """A new random name for anything else, such as a change or a lease: 64 random bits in hexadecimal."""
        ...

    def publication(self) -> str:
        """A new publication: 128 random bits, URL-safe; it is a secret until it is shared."""
        ...
