"""Ports of queues."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from image_store.domain.work import Work


class WorkQueue(Protocol):
    """A queue of work that is done later: at least once, in any order."""

    def send(self, work: Work, *, delay: timedelta = timedelta(0)) -> None:
        """Send work, to be done after a delay of at most 15 minutes; StorageUnavailable if the queue fails."""
        ...

    def send_all(self, works: Sequence[Work]) -> Sequence[Work]:
        """Send works, to be done without delay; returns those that the queue did not accept."""
        ...


class QueueDepth(Protocol):
    """The number of messages in a queue."""

    def waiting(self) -> int:
        """Roughly how many messages wait; StorageUnavailable if the queue fails."""
        ...


class DeadLetters(Protocol):
    """A queue of messages that can never succeed."""

    def send(self, body: str, *, reason: str) -> None:
        """Send a message with the reason why it failed."""
        ...
