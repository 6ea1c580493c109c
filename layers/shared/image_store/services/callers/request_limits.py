"""Limits how many requests an API key sends in a minute."""

from image_store.domain.callers.caller import Caller
from image_store.domain.callers.key_limits import RequestRate
from image_store.domain.errors import RateLimited
from image_store.ports.callers import RequestBuckets
from image_store.ports.system import Clock


class RequestLimits:
    """Counts the requests of keys that have such a limit; other callers cost nothing."""

    def __init__(self, buckets: RequestBuckets, *, clock: Clock) -> None:
        self._buckets = buckets
        self._clock = clock

    def count(self, caller: Caller) -> None:
        """Count a request of this caller.

        Raises
        ------
        RateLimited
            the bucket of the key is empty
        StorageUnavailable
            the request cannot be counted
        """
        per_minute = caller.limits.requests_per_minute
        if per_minute is None or caller.key_id is None:
            return
        rate = RequestRate(per_minute)
        if not self._buckets.take(caller.key_id, rate, at=self._clock.now()):
            raise RateLimited(per_minute, retry_after=rate.interval)
