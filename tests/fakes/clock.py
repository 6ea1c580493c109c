"""Time and ids that are the same in every run."""

from datetime import datetime, timedelta
from threading import Lock

from image_store.domain.ids import uuid7
from tests.samples import START


class SetClock:
    """A clock that stands still until it is moved, or moves on by `step` with each reading."""

    def __init__(self) -> None:
        self.instant = START
        self.step = timedelta(0)

    def now(self) -> datetime:
        self.instant += self.step
        return self.instant


class CountedIds:
    """Ids that are unique and the same in every run; `number` is how many there were."""

    def __init__(self, clock: SetClock, *, first: int = 1) -> None:
        self._clock = clock
        self.number = first - 1
        self._lock = Lock()

    def image_id(self) -> str:
        return uuid7(self._clock.now(), self._next())

    def attempt(self) -> str:
        return self.token()

    def token(self) -> str:
        return f"{self._next():016x}"

    def publication(self) -> str:
        return f"{self._next():021d}A"

    def secret(self) -> str:
        return f"{self._next():043d}"

    def _next(self) -> int:
        with self._lock:
            self.number += 1
            return self.number


class Stopwatch:
    """A monotonic clock that moves on by `step_seconds` with each reading, so that waiting ends."""

    def __init__(self, *, step_seconds: float) -> None:
        self._step_seconds = step_seconds
        self._readings = 0

    def __call__(self) -> float:
        self._readings += 1
        return self._readings * self._step_seconds
