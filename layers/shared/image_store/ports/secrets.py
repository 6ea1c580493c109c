"""What is kept so that nobody else can read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Envelope(Protocol):
    """A data key in hand, made for one context: it seals and opens any number of texts without asking KMS again."""

    def seal(self, text: str, *, part: str = "") -> str:
        """A text that tells nothing of `text`, bound to the context and to `part` of it."""
        ...

    def open(self, sealed: str, *, part: str = "") -> str:
        """What was sealed with this data key for this part; ConfigurationError for anything else."""
        ...


class Cipher(Protocol):
    """Seals small texts, bound to a context without which they cannot be opened.

    All methods ask KMS once, and raise StorageUnavailable when it does not answer.
    """

    def envelope(self, *, context: Mapping[str, str]) -> Envelope:
        """A new data key for a context."""
        ...

    def envelope_of(self, sealed: str, *, context: Mapping[str, str]) -> Envelope:
        """The data key with which a text was sealed; ConfigurationError unless it was under this very context."""
        ...

    def seal(self, text: str, *, context: Mapping[str, str]) -> str:
        """A text that tells nothing of `text`."""
        ...

    def open(self, sealed: str, *, context: Mapping[str, str]) -> str:
        """What was sealed under this very context; ConfigurationError for anything else."""
        ...
