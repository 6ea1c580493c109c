"""Replaces rows of the feed that earlier releases wrote."""

from dataclasses import dataclass
from datetime import datetime

from image_store.ports.system import Clock
from image_store.ports.upkeep import FeedUpkeep


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedUpgrade:
    """Brings the rows of the feed to the current form."""

    rows: FeedUpkeep
    clock: Clock

    def run(self, *, until: datetime) -> int:
        """Replace old rows until none is left or `until` has come; returns the number of images. Safe to repeat."""
        return self.rows.upgrade(until=until, now=self.clock.now)
