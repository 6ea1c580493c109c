"""What is kept so that nobody else can read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Cipher(Protocol):
    """Seals small texts, bound to a context without which they cannot be opened.

    All methods raise StorageUnavailable when KMS does not answer.
    """

    def seal(self, text: str, *, context: Mapping[str, str]) -> str:
        """A text that tells nothing of `text`."""
        ...

    def open(self, sealed: str, *, context: Mapping[str, str]) -> str:
        """What was sealed under this very context; ConfigurationError for anything else."""
        ...
