"""Places for webhooks whose endpoints are slow: together they hold at most a part of the invocations."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from image_store.domain.webhooks.deliveries import Turn
from image_store.ports.webhooks import DeliveryTurns

SLOW_AFTER = timedelta(seconds=3)
"""An endpoint that takes longer for an answer, or gives none in this time, needs a place for its next turn."""

_MOST_TRIED = 4
"""Of many places, so that finding a free one costs few writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowPlaces:
    """Gives a place to as many slow endpoints at a time as there are places. A place is a turn without a webhook."""

    turns: DeliveryTurns
    number: int

    def take(self, *, holder: str, at: datetime, until: datetime) -> Turn | None:
        """Take a place; None if none is found free. StorageUnavailable."""
        first = sum(holder.encode())
        for offset in range(min(self.number, _MOST_TRIED)):
            name = f"slow-{(first + offset) % self.number}"
            place = self.turns.take(name, holder=holder, at=at, until=until)
            if place is not None:
                return place
        return None

    def leave(self, place: Turn) -> None:
        """Give a place back; nothing happens if it was lost."""
        self.turns.end(place)
