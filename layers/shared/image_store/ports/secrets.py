"""Ports of encryption."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Envelope(Protocol):
    """A data key for one context; it seals and opens any number of texts without another call of KMS."""

    def seal(self, text: str, *, part: str = "") -> str:
        """Encrypt a text, bound to the context and to `part`."""
        ...

    def open(self, sealed: str, *, part: str = "") -> str:
        """Decrypt a text that was sealed with this data key for this part; otherwise ConfigurationError."""
        ...


class Cipher(Protocol):
    """Seals small texts, bound to a context that is needed to open them.

    Each method calls KMS once, and raises StorageUnavailable if it fails.
    """

    def envelope(self, *, context: Mapping[str, str]) -> Envelope:
        """Create a data key for a context."""
        ...

    def envelope_of(self, sealed: str, *, context: Mapping[str, str]) -> Envelope:
        """Get the data key of a sealed text; ConfigurationError unless it was sealed for this context."""
        ...

    def seal(self, text: str, *, context: Mapping[str, str]) -> str:
        """Encrypt a text with a new data key."""
        ...

    def open(self, sealed: str, *, context: Mapping[str, str]) -> str:
        """Decrypt a text that was sealed for this context; otherwise ConfigurationError."""
        ...
