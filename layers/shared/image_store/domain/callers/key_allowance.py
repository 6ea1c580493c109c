"""Which API key an image counts for, and how many images and bytes it may store in a day and in a month (UTC)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from image_store.domain.errors import ImageStoreError, KeyQuotaExceeded
from image_store.domain.generation.budget import day_of, month_of, until_next_day, until_next_month
from image_store.domain.images.reservation import Charge, Counter, CounterKind

if TYPE_CHECKING:
    from datetime import datetime

    from image_store.domain.callers.caller import Caller
    from image_store.domain.callers.key_limits import KeyLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCharge(Charge):
    """What a reservation adds to the counter of an API key; the counter of a new period has no row yet."""

    at: datetime
    period: str
    """`day` or `month`."""

    def check_end(self, at: datetime) -> None:
        """Nothing: a reservation in the first moment of a period may count for the one before."""

    @property
    def refusal(self) -> ImageStoreError:
        """The error for a charge beyond the limits."""
        return KeyQuotaExceeded(
            f"The API key's limit of images or bytes a {self.period} has no room for this.",
            retry_after=self.ends_at - self.at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAllowance:
    """The limits of images and bytes of one key, as they were when its caller was verified."""

    key_id: str
    limits: KeyLimits

    def charges(self, *, size_bytes: int, images: int = 1, at: datetime) -> tuple[Charge, ...]:
        """What a reservation adds to the counters of the key: one for each period that has a limit.

        Raises KeyQuotaExceeded, without a time to wait, for what no period has room for.
        """
        limits, day = self.limits, at.date()
        periods = (
            ("month", month_of(day), until_next_month(at), limits.images_per_month, limits.bytes_per_month),
            ("day", day_of(day), until_next_day(at), limits.images_per_day, limits.bytes_per_day),
        )
        charges = []
        for period, name, remaining, max_images, max_bytes in periods:
            if max_images is None and max_bytes is None:
                continue
            too_many = max_images is not None and images > max_images
            if too_many or (max_bytes is not None and size_bytes > max_bytes):
                raise KeyQuotaExceeded(f"This alone is more than the API key may store in a {period}.")
            charges.append(
                KeyCharge(
                    counter=Counter(CounterKind.API_KEY, self.key_id, name),
                    images=images,
                    size_bytes=size_bytes,
                    max_images=max_images,
                    max_bytes=max_bytes,
                    ends_at=at + remaining,
                    at=at,
                    period=period,
                )
            )
        return tuple(charges)


def allowance_of(caller: Caller) -> KeyAllowance | None:
    """The allowance of the API key that a caller uses; None for other callers."""
    return KeyAllowance(key_id=caller.key_id, limits=caller.limits) if caller.key_id is not None else None
