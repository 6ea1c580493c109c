"""Counters that reservations charge, in memory."""

from collections.abc import Sequence

from image_store.domain.images.reservation import Charge, Counter, CounterKind


class MemoryCounters:
    """Images and bytes that were charged, by counter."""

    def __init__(self) -> None:
        self._counts: dict[Counter, tuple[int, int]] = {}

    def open(self, counter: Counter) -> None:
        """Begin to count; a counter that is not open has no room."""
        self._counts.setdefault(counter, (0, 0))

    def images(self, counter: Counter) -> int:
        """How many images were charged."""
        return self._counts[counter][0]

    def charge(self, charges: Sequence[Charge]) -> None:
        """Make all charges, or none and raise the error of one without room."""
        after = {}
        for charge in charges:
            if charge.counter not in self._counts and charge.counter.kind is CounterKind.UPLOAD_TOKEN:
                raise charge.refusal
            images, size_bytes = self._counts.get(charge.counter, (0, 0))
            images, size_bytes = images + charge.images, size_bytes + charge.size_bytes
            too_many = charge.max_images is not None and images > charge.max_images
            too_large = charge.max_bytes is not None and size_bytes > charge.max_bytes
            if too_many or too_large:
                raise charge.refusal
            after[charge.counter] = (images, size_bytes)
        self._counts |= after
