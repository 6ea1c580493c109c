"""Work that is done later, and by others."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from image_store.domain.work import Work


class WorkQueue(Protocol):
    """Where work goes that is done behind a request: at least once, in any order."""

    def send(self, work: Work, *, delay: timedelta = timedelta(0)) -> None:
        """Hand over work that is to be done after a delay of at most 15 minutes.

        StorageUnavailable when the queue does not take it.
        """
        ...


class QueueDepth(Protocol):
    """How much waits in a queue."""

    def waiting(self) -> int:
        """About how many messages wait; StorageUnavailable when the queue does not answer."""
        ...


class DeadLetters(Protocol):
    """Where messages go that can never succeed."""

    def send(self, body: str, *, reason: str) -> None:
        """Keep a message with the reason why it was given up."""
        ...
