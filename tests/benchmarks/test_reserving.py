"""Many reservations of one owner that begin at the same moment."""

import random
from datetime import UTC, datetime

import pytest

from image_store.adapters.dynamodb import table
from image_store.domain.callers.key_allowance import KeyAllowance
from image_store.domain.callers.key_limits import KeyLimits
from image_store.domain.images.quota import Quota, Usage
from tests.benchmarks.reserving import Crowd, reserve_at_once
from tests.benchmarks.virtual_time import VirtualTime
from tests.samples import PICTURE

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ROOM = Quota(images=1_000, size_bytes=10**9)


def counted(images: int) -> Usage:
    return Usage(images, images * len(PICTURE))


@pytest.mark.parametrize("size", [64, 256])
def test_without_a_quota_all_succeed_at_the_first_try(size: int) -> None:
    crowd = reserve_at_once(size, Quota())

    assert (crowd.succeeded, crowd.tries, crowd.usage) == (size, size, Usage(0, 0))


def test_of_64_with_a_key_that_may_store_40_exactly_40_succeed() -> None:
    limits = KeyLimits(images_per_day=40, bytes_per_month=10**9)
    allowance = KeyAllowance(key_id="0123456789abcdef", limits=limits)

    crowd = reserve_at_once(64, Quota(), charges=allowance.charges(size_bytes=len(PICTURE), at=NOON))

    assert (crowd.succeeded, crowd.refused) == (40, 24)
    assert crowd.counts == (40, 40)


def test_with_a_quota_all_of_64_succeed_and_the_count_is_exact() -> None:
    crowd = reserve_at_once(64, ROOM)

    assert (crowd.succeeded, crowd.usage) == (64, counted(64))
    assert crowd.tries > 64, "nobody met anybody"


def test_with_a_quota_nearly_all_of_256_succeed_and_the_count_is_exact() -> None:
    crowd = reserve_at_once(256, ROOM)

    assert crowd.percent >= 95
    assert crowd.usage == counted(crowd.succeeded)


@pytest.mark.parametrize(("size", "room"), [(64, 64), (64, 10), (128, 100)])
def test_a_crowd_with_one_upload_token_uses_all_of_it_and_no_more(size: int, room: int) -> None:
    crowd = reserve_at_once(size, ROOM, max_images_of_token=room)

    assert (crowd.succeeded, crowd.refused) == (room, size - room)
    assert crowd.usage == counted(room)
    assert crowd.tries > size, "nobody met anybody"


def test_a_crowd_is_the_same_in_every_run_and_leaves_chance_as_it_was() -> None:
    before = random.getstate()

    crowds: list[Crowd] = [reserve_at_once(16, ROOM) for _ in range(2)]

    assert crowds[0] == crowds[1]
    assert random.getstate() == before


def test_a_crowd_fails_in_part_when_waits_double_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the simulation is for: it tells how writers wait for each other."""
    monkeypatch.setattr(table, "LONGEST_BACKOFF_SECONDS", 60.0)

    assert reserve_at_once(256, ROOM).percent < 95


def test_workers_run_in_the_order_in_which_their_waits_end() -> None:
    time, order = VirtualTime(), []

    def work(name: str, seconds: float) -> None:
        for _ in range(2):
            time.sleep(seconds)
            order.append((name, round(time.monotonic(), 3)))

    time.run([lambda: work("slow", 0.3), lambda: work("quick", 0.1)])

    assert order == [("quick", 0.1), ("quick", 0.2), ("slow", 0.3), ("slow", 0.6)]


def test_an_error_of_a_worker_is_not_lost() -> None:
    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        VirtualTime().run([fail])
