"""Queues in memory."""

from datetime import timedelta

from image_store.domain.ingest import DroppedObject
from image_store.domain.work import Work
from image_store.ports.ingest import IngestEvents
from image_store.ports.queues import DeadLetters, WorkQueue


class MemoryWorkQueue(WorkQueue):
    """WorkQueue in memory; `waiting` is what was sent, `delays` is how long each of it has to wait."""

    def __init__(self) -> None:
        self.waiting: list[Work] = []
        self.delays: list[timedelta] = []

    def send(self, work: Work, *, delay: timedelta = timedelta(0)) -> None:
        self.waiting.append(work)
        self.delays.append(delay)


class MemoryIngestEvents(IngestEvents):
    """IngestEvents in memory; `announced` is what was told."""

    def __init__(self) -> None:
        self.announced: list[DroppedObject] = []

    def announce(self, dropped: DroppedObject) -> None:
        self.announced.append(dropped)


class MemoryDeadLetters(DeadLetters):
    """DeadLetters in memory: bodies with their reasons."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, str]] = []

    def send(self, body: str, *, reason: str) -> None:
        self.letters.append((body, reason))
