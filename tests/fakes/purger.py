"""A CDN in memory, before the worst of all audiences."""

from collections.abc import Collection

from image_store.ports.delivery import Purger
from tests.fakes.object_store import MemoryBucket


class MemoryCdn(Purger):
    """Purger in memory, with the cache that it empties.

    Somebody looks at every object all the time, so the CDN has a copy of whatever is in the bucket, and fetches it
    again right after a purge while it is still there. What stays in `cached` was purged too early or not at all.
    """

    def __init__(self, *, url: str, bucket: MemoryBucket) -> None:
        self.cached: set[str] = set()
        self.purges: list[tuple[str, ...]] = []
        self._url = url
        self._bucket = bucket

    def visit(self) -> None:
        """Let somebody look at everything that is there."""
        self.cached |= {f"{self._url}/{key}" for key in self._bucket.objects}

    def purge(self, urls: Collection[str]) -> None:
        self.purges.append(tuple(urls))
        self.cached -= set(urls)
        self.visit()
