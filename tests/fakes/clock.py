"""Time and ids that are the same in every run."""

import itertools
from datetime import datetime, timedelta

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
    """Ids that are unique and the same in every run."""

    def __init__(self, clock: SetClock) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)

    def image_id(self) -> str:
        return uuid7(self._clock.now(), next(self._numbers))

    def attempt(self) -> str:
        return self.token()

    def token(self) -> str:
        return f"{next(self._numbers):016x}"

    def publication(self) -> str:
        return f"{next(self._numbers):021d}A"
