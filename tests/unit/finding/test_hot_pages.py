"""Pages of the feed that are requested often are read once for all their readers, and only for a moment."""

from datetime import datetime, timedelta

import pytest

from image_store.services.finding.hot_pages import HOT_REQUESTS, LONGEST_MEMORY, MOST_PAGES, HotPages
from tests.fakes.clock import SetClock

MOMENT = timedelta(milliseconds=20)


class Readers:
    """Readers of pages, each a moment after the one before."""

    def __init__(self, *, kept_for: timedelta = timedelta(seconds=10), apart: timedelta = MOMENT) -> None:
        self.pages: HotPages[str, int] = HotPages(kept_for=kept_for)
        self.clock = SetClock()
        self.apart = apart
        self.reads = 0

    def _read(self) -> int:
        self.reads += 1
        return self.reads

    def request(self, name: str = "newest") -> int:
        """The number of the read that answered."""
        self.clock.instant += self.apart
        return self.pages.page(name, self._read, at=self.clock.now())


def test_a_page_that_is_requested_often_is_read_once_in_two_seconds() -> None:
    readers = Readers()

    for _ in range(1_000):
        readers.request()

    assert 1_000 * MOMENT / LONGEST_MEMORY == 10
    assert readers.reads - (HOT_REQUESTS - 1) in {10, 11}


def test_a_page_is_never_older_than_its_memory() -> None:
    readers = Readers()
    read_at: dict[int, datetime] = {}

    for _ in range(500):
        number = readers.request()
        read_at.setdefault(number, readers.clock.now())
        assert readers.clock.now() - read_at[number] < LONGEST_MEMORY


def test_a_page_that_is_requested_now_and_then_is_always_read() -> None:
    readers = Readers(apart=timedelta(seconds=1) / (HOT_REQUESTS - 2))

    for _ in range(20):
        readers.request()

    assert readers.reads == 20


def test_a_page_that_was_hot_is_read_after_a_pause() -> None:
    readers = Readers()
    for _ in range(HOT_REQUESTS + 1):
        readers.request()
    before = readers.reads
    readers.clock.instant += timedelta(seconds=1)

    assert readers.request() == before + 1


def test_pages_do_not_answer_for_each_other() -> None:
    readers = Readers()

    answers = {name: {readers.request(name) for _ in range(20)} for name in ("newest", "next")}

    assert not answers["newest"] & answers["next"]


def test_without_a_lifetime_nothing_is_remembered() -> None:
    readers = Readers(kept_for=timedelta(0))

    for _ in range(20):
        readers.request()

    assert readers.reads == 20


def test_only_a_few_pages_are_remembered() -> None:
    readers = Readers()

    for number in range(1_000):
        readers.request(f"page {number}")

    assert len(readers.pages) <= MOST_PAGES


def test_an_error_is_not_remembered() -> None:
    readers = Readers()
    for _ in range(HOT_REQUESTS - 1):
        readers.request()

    def fail() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        readers.pages.page("newest", fail, at=readers.clock.now())

    assert readers.request() == HOT_REQUESTS
