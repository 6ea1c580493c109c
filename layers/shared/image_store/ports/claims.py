"""What owners have taken with their images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from image_store.domain.quota import Usage
    from image_store.domain.reservation import Copies, IdempotencyRow


class Claims(Protocol):
    """What reservations have taken and not given back: checksums, idempotency keys and usage."""

    def copies(self, owner: str, sha256: str) -> Copies:
        """The owner's stored images with this checksum, strongly consistent."""
        ...

    def idempotency(self, name: str) -> IdempotencyRow | None:
        """Read what an idempotency key stands for, strongly consistent."""
        ...

    def bring_forward(self, name: str, row: IdempotencyRow, *, to: datetime) -> None:
        """Let an idempotency key end earlier than its row says; nothing happens when that has changed meanwhile."""
        ...

    def usage(self, owner: str) -> Usage:
        """What an owner stores: strongly consistent what was reserved under a quota, a moment behind the rest."""
        ...
