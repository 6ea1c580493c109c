"""A clock that only sleeping moves."""

from __future__ import annotations


class FakeTime:
    """The time in seconds; it begins at 0."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.sleeps = 0

    def now(self) -> float:
        """The time."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.sleeps += 1
        self.seconds += seconds
