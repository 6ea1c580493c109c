"""Remembers for a moment the pages that are requested most, so that their readers share one read.

A partition of the table serves about 430 pages of the feed a second, however many partitions the table has. Only a page
that is requested often is remembered, so a quiet store answers each request from the table.
"""

from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

HOT_REQUESTS = 5
HOT_WITHIN = timedelta(seconds=1)
"""A page is hot while one instance of a function gets so many requests for it in this time."""
LONGEST_MEMORY = timedelta(seconds=2)
MOST_PAGES = 32


@dataclass(slots=True)
class _Requests[Page]:
    """The latest requests for a page, and the page while it is hot."""

    at: deque[datetime] = field(default_factory=lambda: deque(maxlen=HOT_REQUESTS))
    memory: tuple[Page, datetime] | None = None
    """The page with the instant at which it was read."""


class HotPages[Name: Hashable, Page]:
    """The pages that are hot at the moment, each kept for at most `kept_for`; 0 keeps none."""

    def __init__(self, *, kept_for: timedelta) -> None:
        self._kept_for = min(kept_for, LONGEST_MEMORY)
        self._requests: dict[Name, _Requests[Page]] = {}

    def __len__(self) -> int:
        """The number of pages whose requests are counted, at most `MOST_PAGES`."""
        return len(self._requests)

    def page(self, name: Name, read: Callable[[], Page], *, at: datetime) -> Page:
        """The page of this name: from memory while it is hot, otherwise by `read`, whose errors are raised."""
        if name not in self._requests and len(self._requests) >= MOST_PAGES:
            self._requests.clear()
        requests = self._requests.setdefault(name, _Requests())
        requests.at.append(at)
        is_hot = len(requests.at) == HOT_REQUESTS and at - requests.at[0] <= HOT_WITHIN
        memory = requests.memory
        if is_hot and memory is not None and timedelta(0) <= at - memory[1] < self._kept_for:
            return memory[0]
        page = read()
        requests.memory = (page, at) if is_hot else None
        return page
